"""One pass over the labels of a stream: how many rows there are, and of which classes."""

from typing import Any, NamedTuple

import numpy as np

from .labels import MOST_CLASSES, Labels, distinct, in_order, shown
from .order import Pass
from .streams.stream import Stream, located
from .targets import as_weights


class Survey(NamedTuple):
    """What a pass over y and the weights tells.

    Attributes
    ----------
    n_training, n_validation : numbers of rows
    weighted : do the rows have weights?
    weight : their sum
    counts : of each class (or of both labels together), rows to train on with a weight above 0
    kept : the same of the rows kept for validation, whatever their weight
    """

    n_training: int
    n_validation: int
    weighted: bool
    weight: float
    counts: np.ndarray
    kept: np.ndarray


def survey(stream: Stream, labels: Labels, order: Pass) -> Survey:
    """Count the rows of a pass, check labels and weights.

    Raises
    ------
    ValueError : no rows; a value is none of the labels' classes; weights that are not finite, negative or all 0
    """
    sizes, weighted, weight = [0, 0], False, 0.0
    counts, kept = np.zeros((2, max(2, labels.outputs)), np.int64)
    for block in stream.numbered_labels():
        n = len(block)
        drawn = order.chosen(block.first, n)
        training = np.ones(n, bool) if drawn is None else drawn
        sizes[0] += int(training.sum())
        sizes[1] += n - int(training.sum())
        with located(block.place):
            Y = labels.encode(block.y, n)
            kept += np.bincount(Y[~training].ravel(), minlength=len(kept))
            if block.w is not None:
                weighted, w = True, as_weights(block.w, n, some=False)
                training, weight = training & (w > 0), weight + float(w.sum())
        counts += np.bincount(Y[training].ravel(), minlength=len(counts))
    if sum(sizes) == 0:
        raise ValueError("X has 0 rows; at least 1 is required")
    if weighted and weight == 0:
        raise ValueError("sample_weight is 0 for every row")
    return Survey(sizes[0], sizes[1], weighted, weight, counts, kept)


def classes_of(stream: Stream) -> list[Any]:
    """All values of the target, in ascending order."""
    found: set[Any] = set()
    for block in stream.labels():
        if len(block):
            with located(block.place):
                found |= distinct(block.y, stream.target_name or "y")
        if len(found) > MOST_CLASSES:
            name = stream.target_name or "y"
            raise ValueError(
                f"target {name!r} has more than {MOST_CLASSES} values ({shown(in_order(found, name))}): no classes"
            )
    if not found:
        raise ValueError("X has 0 rows; at least 1 is required")
    return in_order(found, stream.target_name or "y")
