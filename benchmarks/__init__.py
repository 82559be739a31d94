"""The benchmark suite: nets.py, kernels.py and start.py for asv, compare.py for rivals; see CONTRIBUTING.md."""
