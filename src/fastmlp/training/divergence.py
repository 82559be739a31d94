"""Errors of training that diverged: which settings or rows are extreme, and what to change."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..exceptions import DivergenceError
from ..optimizers import Optimizer
from ..rows.array import ArrayRows
from ..rows.order import Order

MOST_RATE, MOST_L2 = 1.0, 1e15
MOST_X = 1e3  # by its absolute value; that of features of unit variance is some 10 at most
LEAST_EPSILON = 1e-30
MOST_ROWS = 2**20  # that are looked at


def remedies(
    optimizer: Optimizer, l2: float, rows: Any, order: Any, first: int, last: int, names: Mapping[str, str] = {}
) -> str:
    """Return what to change, as a sentence that names all that is extreme, or "".

    Parameters
    ----------
    rows, order, first, last : the batch lies at the positions first … last-1; rows of streams are not read again
    names : of "learning_rate" and "l2", where the user knows them by others
    """
    rate, epsilon, found = optimizer.learning_rate, getattr(optimizer, "epsilon", 1), []
    if l2 > MOST_L2 or (l2 > 1 and l2 * rate > 1):
        found.append(f"lower {names.get('l2', 'l2')}={l2:g}")
    if epsilon < LEAST_EPSILON:
        found.append(f"raise epsilon={epsilon:g}")
    if rate > MOST_RATE:
        found.append(f"lower {names.get('learning_rate', 'learning_rate')}={rate:g}")
    X, y = largest(rows, order, first, min(last, first + MOST_ROWS))
    if X > MOST_X:
        found.append(f"scale the features of X, which go up to {X:g}")
    if y > MOST_X:
        found.append(f"scale the targets y, which go up to {y:g}")
    sentence = ", or ".join(found)
    return sentence[:1].upper() + sentence[1:]


def largest(rows: Any, order: Any, first: int, last: int) -> tuple[float, float]:
    """Return the largest |X| and |y| at the positions first … last-1, as the net sees them; 0, 0 for streams.

    Classes and labels count as 0.
    """
    if not (isinstance(rows, ArrayRows) and isinstance(order, Order)):
        return 0.0, 0.0
    most = most_y = 0.0
    for start in range(first, last, rows.window_rows):
        index = order.rows(start, min(start + rows.window_rows, last))
        X = rows.taken(index)
        if len(rows.scaling):
            X = (X - rows.scaling[0]) * rows.scaling[1]
        most = max(most, float(np.fmax.reduce(np.abs(X), axis=None, initial=0)))  # beside missing numbers
        if rows.y is not None and rows.y.dtype.kind == "f":
            most_y = max(most_y, float(np.abs(rows.y[index]).max(initial=0)))
    return most, most_y


def raise_not_finite(remedy: str = "") -> None:
    """Raise DivergenceError in scikit-learn's words, with a remedy."""
    raise DivergenceError(
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        f"preprocessed. {remedy}".rstrip()
    )
