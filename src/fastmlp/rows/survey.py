"""One pass over the labels of a stream: how many rows there are, and of which classes."""

from typing import Any, NamedTuple

import numpy as np

from .labels import MOST_CLASSES, Labels, distinct, shown
from .order import Pass
from .streams.stream import Stream, located
from .targets import as_weights


class Survey(NamedTuple):
    """What a pass over y and the weights tells.

    Attributes
    ----------
    n_training, n_validation : numbers of rows
    weighted : do the rows have weights?
    classes : two numbers of classes, or the only one, of the rows to train on that have a weight above 0
    """

    n_training: int
    n_validation: int
    weighted: bool
    classes: frozenset[int]


def survey(stream: Stream, labels: Labels, order: Pass) -> Survey:
    """Count the rows of a pass, check labels and weights.

    Raises
    ------
    ValueError : no rows; a value is none of the labels' classes; weights that are not finite, negative or all 0
    """
    counts, weighted, weight = [0, 0], False, 0.0
    seen: set[int] = set()
    for block in stream.labels():
        n = len(block)
        if n == 0:
            continue
        drawn = order.chosen(block.first, n)
        training = np.ones(n, bool) if drawn is None else drawn
        counts[0] += int(training.sum())
        counts[1] += n - int(training.sum())
        with located(block.place):
            Y = labels.encode(block.y, n)
            if block.w is not None:
                weighted, w = True, as_weights(block.w, n, some=False)
                training, weight = training & (w > 0), weight + float(w.sum())
        if len(seen) < 2:
            seen.update(np.unique(Y[training]).tolist())
    if sum(counts) == 0:
        raise ValueError("X has 0 rows; at least 1 is required")
    if weighted and weight == 0:
        raise ValueError("sample_weight is 0 for every row")
    return Survey(counts[0], counts[1], weighted, frozenset(seen))


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
                f"target {name!r} has more than {MOST_CLASSES} values ({shown(sorted(found))}): no classes"
            )
    return sorted(found)
