"""Training: the loop over epochs, validation, checkpoints, L-BFGS."""
