"""Surveys of streams: a pass over y and weights counts rows and classes before training begins."""

from typing import Any, NamedTuple

import numpy as np

from ..messages import few
from .given_labels import ascending, distinct
from .labels import MOST_CLASSES, Target
from .moments import Moments
from .order import Pass, lots
from .streams.stream import Stream, located
from .targets import as_weights, check_sum


class Survey(NamedTuple):
    """What a pass over y and weights finds.

    Attributes
    ----------
    n_training, n_validation : numbers of rows
    weighted : whether the rows have weights
    weight : Σ of weights
    by_class : Σ of weights of each class, where a row has one class
    counts : rows to train on with a weight above 0, of each class (for K labels: of 0 and of 1, over all labels)
    kept : rows drawn for validation, of each class
    all : all rows, of each class
    moved : rows that change sides after the draw, so that each class of two rows or more is on both sides
    moments : of targets that are numbers, over the rows to train on; then nothing is counted by class
    """

    n_training: int
    n_validation: int
    weighted: bool
    weight: float
    by_class: np.ndarray
    counts: np.ndarray
    kept: np.ndarray
    all: np.ndarray
    moved: tuple[int, ...]
    moments: Moments


def survey(stream: Stream, labels: Target, order: Pass) -> Survey:
    """Count rows and classes; check targets and weights.

    Raises
    ------
    ValueError : there are no rows; a value is not one of the classes; weights are not finite, negative, or all 0
    """
    sizes, weighted, weight = [0, 0], False, 0.0
    counts, kept, every = np.zeros((3, labels.numbers_in_all), np.int64)
    by_class, moments, numeric = np.zeros(len(every)), Moments(), labels.loss.numeric
    one_sided = OneSidedClasses(order, len(counts)) if order.fraction and not (labels.shape or numeric) else None
    for block in stream.numbered_labels():
        n = len(block)
        drawn = order.chosen(block.first_row, n)
        training = np.ones(n, bool) if drawn is None else drawn
        sizes[0] += int(training.sum())
        sizes[1] += n - int(training.sum())
        with located(block.place):
            Y = labels.encode(block.y, n, block.first_row)
            w = np.ones(n)
            if block.w is not None:
                weighted, w = True, as_weights(block.w, n, some=False)
                weight += float(w.sum())
        if numeric:
            moments.add(Y[training], w[training])
            continue
        heavy = w > 0
        kept += np.bincount(Y[~training].ravel(), minlength=len(kept))
        every += np.bincount(Y.ravel(), minlength=len(every))
        if not labels.shape:
            by_class += np.bincount(Y, w, minlength=len(by_class))
        counts += np.bincount(Y[training & heavy].ravel(), minlength=len(counts))
        if one_sided is not None:
            one_sided.see(block.first_row, Y, heavy, kept, every)
    if sum(sizes) == 0:
        raise ValueError(f"{stream.place or 'X'} has 0 rows; at least 1 is required")
    if weighted:
        check_sum(weight)
    moved = [] if one_sided is None else one_sided.moved(sizes, counts, kept, every)
    return Survey(sizes[0], sizes[1], weighted, weight, by_class, counts, kept, every, tuple(sorted(moved)), moments)


class OneSidedClasses:
    """Classes all of whose rows a draw put on one side, each with the row to move to the other side.

    That is the row whose lot comes next: moving it is like a draw with a slightly different fraction.

    Parameters
    ----------
    order : the pass over rows to train on
    K : number of classes
    """

    def __init__(self, order: Pass, K: int) -> None:
        self.seed = order.seed
        self.lowest: list[tuple[int, int, bool] | None] = [None] * K  # (lot, row, whether its weight is above 0)
        self.highest: list[tuple[int, int, bool] | None] = [None] * K

    def see(self, first: int, Y: np.ndarray, heavy: np.ndarray, kept: np.ndarray, every: np.ndarray) -> None:
        """Take in a block with classes Y (n); kept, every: rows for validation and all rows of each class so far."""
        sided = ((kept == 0) | (kept == every))[Y]
        if not sided.any():
            return
        drawn = lots(first, len(Y), self.seed)
        for k in np.unique(Y[sided]):
            rows = np.flatnonzero(k == Y)
            low, high = (int(rows[pick(drawn[rows])]) for pick in (np.argmin, np.argmax))
            lowest, highest = ((int(drawn[row]), first + row, bool(heavy[row])) for row in (low, high))
            self.lowest[k] = min(lowest, self.lowest[k] or lowest)
            self.highest[k] = max(highest, self.highest[k] or highest)

    def moved(self, sizes: list[int], counts: np.ndarray, kept: np.ndarray, every: np.ndarray) -> list[int]:
        """Return the rows to move; sizes (to train on, for validation), counts and kept: in/out."""
        rows = []
        for k in np.flatnonzero(every > 0):
            if kept[k] == every[k]:
                found, to_training = self.highest[k], 1
            elif kept[k] == 0 and every[k] >= 2:
                found, to_training = self.lowest[k], -1
            else:
                continue
            assert found is not None
            _, row, heavy = found
            sizes[0], sizes[1] = sizes[0] + to_training, sizes[1] - to_training
            counts[k] += to_training * heavy
            kept[k] -= to_training
            rows.append(row)
        return rows


def classes_of(stream: Stream) -> list[Any]:
    """Return all values of the target, in ascending order."""
    found: set[Any] = set()
    for block in stream.labels():
        if len(block):
            with located(block.place):
                found |= distinct(block.y, stream.target_name or "y")
        if len(found) > MOST_CLASSES:
            name = stream.target_name or "y"
            raise ValueError(
                f"target {name!r} has more than {MOST_CLASSES} values ({few(ascending(found, name))}): no classes; for "
                "numbers, choose another loss, such as loss='squared_error'"
            )
    if not found:
        raise ValueError(f"{stream.place or 'X'} has 0 rows; at least 1 is required")
    return ascending(found, stream.target_name or "y")
