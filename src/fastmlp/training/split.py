"""Which rows of `fit` are trained on and which validate, and checks before training begins."""

import warnings
from collections.abc import Sequence
from reprlib import repr as shortened
from typing import Any

import numpy as np

from ..arguments import checked_fraction
from ..rows.array import ArrayRows
from ..rows.moments import Moments
from ..rows.order import validation_split
from ..rows.rows import Rows
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, located
from ..system.machine import check_memory
from .inputs import NOTHING, Learned, rows_of
from .loop import Part
from .validation import warn_of_one_class

BATCH_ROWS = 1024  # of a step, where the user does not say


def parts_of(
    model: Any, rows: Rows, given: tuple | None, validation_fraction: float, learned: Learned = NOTHING
) -> tuple[Part, Part | None]:
    """Rows to train on and to validate on, of the rows of `fit`, of which the model has learned names and classes.

    given : X, y and weights to validate on, or None
    """
    if isinstance(rows, ArrayRows) and rows.n_rows == 0:
        raise ValueError("X has 0 rows; at least 1 is required")
    if given is not None:
        if validation_fraction:
            raise ValueError("give X_val and y_val, or validation_fraction, not both")
        return Part(rows, rows.order()), validation_part(model, given, learned)
    if checked_fraction("validation_fraction", validation_fraction) == 0:
        return Part(rows, rows.order()), None
    if isinstance(rows, StreamedRows):
        training, drawn = rows.parts(validation_fraction, model.seed)
        found = rows.survey(validation_fraction, model.seed)
        if found.n_validation < 2 or found.n_training < 1:
            raise ValueError(
                f"validation_fraction={validation_fraction}: of {found.n_validation + found.n_training} rows, "
                f"{found.n_validation} would validate and {found.n_training} be trained on; at least 2 and 1 are "
                "required: take another fraction, or give X_val"
            )
        return Part(rows, training), Part(rows, drawn)
    assert rows.y is not None
    check_memory(lambda: f"validation_fraction={validation_fraction}, by class", 8 * rows.n_rows)
    by_class = rows.y if rows.y.ndim == 1 and not model.network.plan.loss.numeric else None
    validation, rest = validation_split(rows.n_rows, validation_fraction, model.seed, by_class)
    return Part(rows, rest), Part(rows, validation)


def check_validation(fraction: float, validation: Part) -> None:
    """Warn if the rows that were drawn for validation are all of one class."""
    found = classes_among(validation)
    if found is not None and len(found) == 1:
        warn_of_one_class(fraction, validation.order.size, "X_val and y_val")


def check_batch_size(batch_size: int | None, n: int) -> None:
    """Warn where a user asks for more rows in a batch than there are; the default is clipped silently."""
    if batch_size is not None and batch_size > n and batch_size != BATCH_ROWS:
        warnings.warn(f"batch_size={batch_size} is clipped to {n}, the number of training rows", stacklevel=4)


def check_training_memory(widths: Sequence[int], n_parameters: int, dtype: np.dtype, n_moments: int) -> None:
    """Raise MemoryError if the memory is missing that training takes beside θ and X, before training begins.

    That is an accumulator, a sum in float64, and two copies of θ and the moments beside the moments themselves.
    """
    moments = 2 if n_moments else 0
    numbers = 1 + moments + 2 * (1 + moments)
    size = n_parameters * (numbers * dtype.itemsize + 8)
    check_memory(lambda: f"training a net of widths {shortened(list(widths))}", size)


def given_validation(X_val: Any, y_val: Any, sample_weight_val: Any) -> tuple | None:
    """Return the rows to validate on that a user gives, (X, y, weights), or None if there are none."""
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or (y_val is None and not isinstance(X_val, Stream)):
        raise ValueError("X_val and y_val: give both or neither; a stream as X_val brings its y")
    return X_val, y_val, sample_weight_val


def validation_part(model: Any, given: tuple, learned: Learned) -> Part:
    """Return the rows of X_val, y_val and sample_weight_val."""
    with located("X_val, y_val"):
        rows = rows_of(model, *given, labelled=True, learned=learned)
    order = rows.order()
    if order.size == 0:
        raise ValueError("X_val has 0 rows; at least 1 is required")
    return Part(rows, order)


def classes_among(part: Part, weighted: bool = False) -> set[int] | None:
    """Return classes of the rows (of those in memory, two at most), or None where they have labels or numbers."""
    rows, order = part.rows, part.order
    if isinstance(rows, StreamedRows):
        assert rows.labels is not None
        if rows.labels.loss.numeric:
            return None
        survey = rows.survey(order.fraction, order.seed)
        counts = survey.kept if order.validation else survey.counts
        return None if rows.labels.shape else set(np.flatnonzero(counts).tolist())
    assert rows.y is not None
    if rows.y.ndim == 2 or rows.y.dtype.kind == "f":
        return None
    found: set[int] = set()
    for index in order.slices():
        y = rows.y[index] if rows.w is None or not weighted else rows.y[index][rows.w[index] > 0]
        found.update(np.flatnonzero(np.bincount(y)).tolist())
        if len(found) > 1:
            break
    return found


def target_moments(part: Part) -> Moments:
    """Return the moments of the targets, which are numbers, of the rows to train on."""
    rows, order = part.rows, part.order
    if isinstance(rows, StreamedRows):
        return rows.survey(order.fraction, order.seed).moments
    assert rows.y is not None
    found = Moments()
    for index in order.slices():
        found.add(rows.y[index], None if rows.w is None else rows.w[index] * rows.w_factor)
    return found


def check_classes(part: Part) -> None:
    """Raise ValueError unless rows of two classes have a weight above 0; labels and numbers may all be the same."""
    rows, order = part.rows, part.order
    found = classes_among(part, weighted=True)
    if found is None:
        return
    if order.size == 1:
        raise ValueError("X has 1 sample to train on; rows of two classes are required")
    if len(found) < 2:
        if isinstance(rows, StreamedRows):
            weighted = rows.survey(order.fraction, order.seed).weighted
        else:
            weighted = rows.w is not None
        only, above = ", ".join(map(str, found)), " with a weight above 0" if weighted else ""
        raise ValueError(f"y holds only one class ({only}) among the training rows{above}; two are required")
