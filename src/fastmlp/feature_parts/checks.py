"""Check the numbers that parts are made of: frequencies, edges, values."""

from collections.abc import Sequence

import numpy as np


def checked_numbers(name: str, values: Sequence[float] | np.ndarray, least: int) -> tuple[float, ...]:
    """Return finite numbers, at least so many of them."""
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.dtype.kind not in "fiu":
        raise TypeError(f"{name}={str(values)[:80]}: must be a list of numbers")
    if len(numbers) < least or not np.isfinite(numbers).all():
        raise ValueError(f"{name}={str(values)[:80]}: give {least} or more, all of them finite")
    return tuple(map(float, numbers))


def checked_cast(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values in the dtype of a net, where they must be finite, too."""
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    if not np.isfinite(cast).all():
        raise ValueError(f"features: {name} go up to {np.abs(values).max():g}, which exceeds {dtype}; scale the column")
    return cast
