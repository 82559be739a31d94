"""The history of a fit as arrays, for files: a row for each epoch, a column for each figure.

As JSON, long histories of small nets would take many times the space of the nets, and lose NaN.
"""

from typing import Any

import numpy as np

ABSENT, FLOAT, INT, BOOL = range(4)
KINDS = {float: FLOAT, int: INT, bool: BOOL}
MOST_INT = 2**53  # float64 holds all up to it
BLOCK = 4096  # rows
FIGURES = (
    "loss", "loss_with_l2", "learning_rate", "seconds", "rows_per_second", "validation_loss", "validation_accuracy",
)  # fmt: skip


def as_arrays(history: list[dict[str, Any]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the figures (c), their values (n, c) as float64, and which kind of number each is (n, c).

    Raises
    ------
    ValueError : a figure is not a number
    """
    names = list(dict.fromkeys(name for record in history for name in record))
    column = {name: c for c, name in enumerate(names)}
    numbers, kinds = np.zeros((len(history), len(names))), np.zeros((len(history), len(names)), np.uint8)
    for n, record in enumerate(history):
        for name, value in record.items():
            number = value.item() if isinstance(value, np.generic) else value
            kind = KINDS.get(type(number))
            if kind is None or (kind == INT and abs(number) > MOST_INT):
                raise ValueError(f"history[{n}][{name!r}]={value!r}: a file keeps numbers only")
            numbers[n, column[name]], kinds[n, column[name]] = number, kind
    return names, numbers, kinds


def check_arrays(names: Any, numbers: Any, kinds: Any) -> None:
    """Are these what `as_arrays` gives? Else a ValueError."""
    if type(names) is not list or not all(type(name) is str for name in names) or len(set(names)) < len(names):
        raise ValueError(f"the history's figures are named {str(names)[:80]}")
    if numbers is None and kinds is None and not names:
        return
    shape = (0 if numbers is None else len(numbers), len(names))
    if not (fits(numbers, shape, np.float64) and fits(kinds, shape, np.uint8)) or "epoch" not in names:
        raise ValueError("the history's arrays do not fit each other")
    if kinds.size and kinds.max() > BOOL:
        raise ValueError("the history has numbers of an unknown kind")
    for first in range(0, len(numbers), BLOCK):
        part, kind = numbers[first : first + BLOCK], kinds[first : first + BLOCK]
        whole, flags, epoch = part[kind == INT], part[kind == BOOL], names.index("epoch")
        if not (np.all(np.abs(whole) <= MOST_INT) and np.all(whole == np.rint(whole))):
            raise ValueError("the history has an integer that is not one")
        if not np.all((flags == 0) | (flags == 1)):
            raise ValueError("the history has a truth value that is not one")
        if not (np.all(kind[:, epoch] == INT) and np.all(part[:, epoch] >= 0)):
            raise ValueError("the history has a row without an epoch")


def fits(array: Any, shape: tuple[int, ...], dtype: Any) -> bool:
    return isinstance(array, np.ndarray) and array.shape == shape and array.dtype == dtype


def from_arrays(names: list[str], numbers: np.ndarray | None, kinds: np.ndarray | None) -> list[dict[str, Any]]:
    """The inverse of `as_arrays`."""
    if numbers is None or kinds is None:
        return []
    types = {kind: python for python, kind in KINDS.items()}
    return [
        {
            name: types[kind](number)
            for name, number, kind in zip(names, row.tolist(), row_kinds.tolist(), strict=True)
            if kind != ABSENT
        }
        for row, row_kinds in zip(numbers, kinds, strict=True)
    ]


def check_records(history: Any) -> None:
    """Is this a history, from JSON of an older format? Else a ValueError."""
    if type(history) is not list:
        raise ValueError("the history is no list")
    for n, record in enumerate(history):
        numbers = type(record) is dict and all(type(record.get(name, 0)) in KINDS for name in FIGURES)
        epoch = record.get("epoch") if numbers else None
        if type(epoch) is not int or not 0 <= epoch <= MOST_INT:
            raise ValueError(f"the history's record {n} is {str(record)[:80]}")
