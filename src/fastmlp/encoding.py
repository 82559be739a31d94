"""Tables to numbers: the standardisation of numeric columns."""

import numpy as np

BLOCK_ROWS = 2**16


def standardisation(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(shift, factor) that give every column of X mean 0 and variance 1; a constant column becomes 0.

    Two passes over blocks of rows in float64: the mean first, then the variance about it.

    Parameters
    ----------
    X : array (n, p), finite

    Returns
    -------
    shift, factor : arrays (p): kernels compute (X - shift) factor
    """
    n, p = X.shape
    shift, variance = np.zeros(p), np.zeros(p)
    for first in range(0, n, BLOCK_ROWS):
        shift += X[first : first + BLOCK_ROWS].sum(axis=0, dtype=np.float64)
    shift /= n
    for first in range(0, n, BLOCK_ROWS):
        variance += np.square(X[first : first + BLOCK_ROWS] - shift).sum(axis=0)
    deviation = np.sqrt(variance / n)
    constant = deviation <= 1e-12 * np.maximum(1, np.abs(shift))
    return shift, np.where(constant, 1.0, 1 / np.where(constant, 1.0, deviation))
