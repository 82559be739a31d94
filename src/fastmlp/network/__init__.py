"""A net that computes: its plan, buffers, starting weights, threads and calls of the kernels."""
