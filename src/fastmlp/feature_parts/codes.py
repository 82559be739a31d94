"""Inputs of a column of codes, which stand for categories."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import checked_int
from ..kernels.features import inputs as kernel
from .checks import checked_cast, checked_numbers
from .part import FeaturePart


@dataclass(frozen=True)
class Values(FeaturePart):
    """Row x of `values`, numbers that are known of each category, for the codes x = 0, 1, ….

    Parameters
    ----------
    column : int
        The column of X, from 0 on.
    values : sequence of float, or of sequences of float
        A number, or several, for each code. A code beyond them gives 0.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Values
    >>> Features(1, [Values(0, [0.1, 0.7])]).apply([[1], [0], [5]]).round(2).tolist()
    [[0.7], [0.1], [0.0]]
    """

    values: tuple[tuple[float, ...], ...]

    kind, number = "values", kernel.VALUES

    def __post_init__(self) -> None:
        super().__post_init__()
        rows = tuple(checked_numbers("values", row, 1) for row in as_rows(self.values))
        if not rows or len({len(row) for row in rows}) > 1:
            raise ValueError("values: give as many numbers for each code, and one code or more")
        object.__setattr__(self, "values", rows)

    @property
    def n_inputs(self) -> int:
        return len(self.values[0])

    @property
    def size(self) -> int:
        return len(self.values)

    def endings(self) -> list[str]:
        return [f" value {k}" for k in range(self.n_inputs)]

    def constants(self, dtype: np.dtype) -> np.ndarray:
        return checked_cast("values", np.array(self.values).reshape(-1), dtype)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        table = np.append(np.array(self.values), np.zeros((1, self.n_inputs)), axis=0)
        return np.asarray(table[codes(x, len(self.values))])


@dataclass(frozen=True)
class OneHot(FeaturePart):
    """1 in the input of the code x, a whole number from 0 to n - 1; all others are 0.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.
    n : int
        The number of codes. Kernels look up the weights of the code, in place of a product with all inputs.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, OneHot
    >>> Features(1, [OneHot(0, 3)]).apply([[1], [2], [5]]).round(2).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    n: int

    kind, number = "one_hot", kernel.ONE_HOT
    looked_up = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "n", checked_int("n", self.n, 1))

    @property
    def n_inputs(self) -> int:
        return self.n

    @property
    def rank(self) -> int:
        return self.n

    def endings(self) -> list[str]:
        return [f"={code}" for code in range(self.n)]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        found = codes(x, self.n)
        inputs = np.zeros((len(x), self.n))
        rows = np.flatnonzero(found < self.n)
        inputs[rows, found[rows]] = 1
        return inputs


def codes(x: np.ndarray, n: int) -> np.ndarray:
    """Return x as integers where it is one of 0 … n-1, else n."""
    known = (x >= 0) & (x < n) & (np.floor(x) == x)
    return np.where(known, x, n).astype(np.intp)


def as_rows(values: Any) -> Any:
    """Return values of codes as rows, where each may be a single number."""
    return [row if np.ndim(row) else [row] for row in values]
