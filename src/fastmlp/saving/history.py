"""The history of a fit as arrays for files, with a row for each epoch and a column for each figure.

As JSON, the history of a long fit could take many times the space of a small net, and NaN could not be kept.
"""

from typing import Any

import numpy as np

ABSENT, FLOAT, INT, BOOL = range(4)
KINDS = {float: FLOAT, int: INT, bool: BOOL}
MOST_INT = 2**53  # float64 holds all integers up to it
BLOCK = 4096  # rows
FIGURES = (
    "loss", "loss_with_l2", "learning_rate", "seconds", "rows_per_second", "validation_loss", "validation_accuracy",
)  # fmt: skip


def as_arrays(history: list[dict[str, Any]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the names of the figures (c), their values (n, c) as float64, and the kind of each value (n, c).

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
                raise ValueError(
                    f"history[{n}][{name!r}]={value!r}: a model file keeps numbers only; remove this figure"
                )
            numbers[n, column[name]], kinds[n, column[name]] = number, kind
    return names, numbers, kinds


def check_arrays(names: Any, numbers: Any, kinds: Any) -> None:
    """Raise ValueError if `from_arrays` could not make a history of these."""
    if type(names) is not list or not all(type(name) is str for name in names) or len(set(names)) < len(names):
        raise ValueError(f"the history's figures are named {str(names)[:80]}")
    if numbers is None and kinds is None and not names:
        return
    shape = (0 if numbers is None else len(numbers), len(names))
    for array, dtype in ((numbers, np.float64), (kinds, np.uint8)):
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype or "epoch" not in names:
            raise ValueError("the history's arrays do not fit each other")
    if kinds.size and kinds.max() > BOOL:
        raise ValueError("the history has numbers of an unknown kind")
    for first in range(0, len(numbers), BLOCK):
        part, kind = numbers[first : first + BLOCK], kinds[first : first + BLOCK]
        epoch = names.index("epoch")
        if not np.all(np.abs(part[kind == INT]) <= MOST_INT):  # int() fails for infinities and NaN
            raise ValueError("the history has an integer that is too large")
        if not (np.all(kind[:, epoch] == INT) and np.all(part[:, epoch] >= 0)):
            raise ValueError("the history has a row without an epoch")


def from_arrays(names: list[str], numbers: np.ndarray | None, kinds: np.ndarray | None) -> list[dict[str, Any]]:
    """Return the history that `as_arrays` took apart."""
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
    """Raise ValueError if this is no history as the JSON of older formats has it."""
    if type(history) is not list:
        raise ValueError("the history is no list")
    for n, record in enumerate(history):
        numbers = type(record) is dict and all(type(record.get(name, 0)) in KINDS for name in FIGURES)
        epoch = record.get("epoch") if numbers else None
        if type(epoch) is not int or not 0 <= epoch <= MOST_INT:
            raise ValueError(f"the history's record {n} is {str(record)[:80]}")


def name_in_files(name: str) -> str:
    """Return how files call a figure: tabular estimators count rounds instead of epochs."""
    return "epoch" if name == "round" else name


def as_epoch(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of a round as files have it."""
    return {name_in_files(name): value for name, value in record.items()}


def as_round(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record that `as_epoch` made as it was."""
    return {"round" if name == "epoch" else name: value for name, value in record.items()}
