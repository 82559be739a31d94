"""Arrays of what users give as lists, whose rows may differ in length."""

from typing import Any

import numpy as np


def as_array(name: str, given: Any, entries: str) -> np.ndarray:
    """Return an argument as an array; ValueError where its rows differ in length. entries: what rows consist of."""
    try:
        return np.asarray(given)
    except ValueError as error:
        raise ValueError(
            f"{name}: rows must have the same number of {entries}{different_rows(given) or f' ({error})'}; complete or "
            "remove those that differ"
        ) from None


def different_rows(given: Any) -> str:
    """Return the first row that differs from row 0, in words; "" where rows differ within."""
    sizes = [len(row) if hasattr(row, "__len__") else 1 for row in given]
    for row, size in enumerate(sizes):
        if size != sizes[0]:
            return f", but row 0 has {sizes[0]}, and row {row} has {size}"
    return ""
