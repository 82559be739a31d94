"""X, y and weights of a Model's methods, as rows that kernels can read."""

from typing import Any

import numpy as np

from .arguments import checked_float
from .network import Rows
from .rows.array import ArrayRows
from .rows.frame import FrameRows, shares_memory
from .rows.labels import Labels, shown
from .rows.memory import available_memory
from .rows.order import validation_split
from .rows.sparse import SparseRows
from .rows.streamed import StreamedRows
from .rows.streams.array import Array
from .rows.streams.arrow import Arrow
from .rows.streams.stream import Stream, located
from .rows.streams.table import Table
from .rows.survey import classes_of
from .training import Part


def rows_of(
    model: Any, X: Any, y: Any = None, sample_weight: Any = None, *, labelled: bool = False, learn: bool = False
) -> Rows:
    """Rows of what a user gives, checked.

    labelled: y is needed; learn: a model without names and classes takes over those of X and y
    """
    if isinstance(X, Stream):
        if y is not None or sample_weight is not None:
            raise ValueError("X is a stream, which brings y and sample_weight with its rows; leave these out")
        return streamed(model, X, labelled, learn)
    if isinstance(X, np.memmap) and X.ndim == 2 and X.nbytes > available_memory() and model.encoding is None:
        return streamed(model, Array(X, y, sample_weight), labelled, learn)
    if labelled and y is None:
        raise ValueError("y is None; the labels 0 and 1 are required")
    if model.encoding is not None and y is None:
        return streamed(model, Arrow(X), False, False)
    is_frame = not hasattr(X, "collect") and hasattr(X, "columns")  # a lazy one has both
    names = [str(name) for name in X.columns] if is_frame else None
    kind: type[ArrayRows] = ArrayRows
    if model.encoding is not None:
        X = encoded(model.encoding, Arrow(X), model.dtype, len(X))
    elif hasattr(X, "tocsr"):
        kind = SparseRows
    elif names is not None:
        check_names(model, names, learn)
        kind = ArrayRows if shares_memory(X) else FrameRows
    return kind(
        X, y, sample_weight, n_features=model.widths[0], dtype=model.dtype, scaling=model.scaling,
        outputs=model.widths[-1], softmax=model.out_activation == "softmax",
    )  # fmt: skip


def streamed(model: Any, stream: Stream, labelled: bool, learn: bool) -> StreamedRows:
    """The rows of a stream; those of a table go through the model's encoding, if it has one."""
    if model.encoding is not None:
        if not isinstance(stream, Table):
            raise TypeError("the model has an encoding, which reads tables; give rows.Parquet, rows.Csv or rows.Arrow")
        stream = stream.with_columns(model.encoding.columns)
    elif isinstance(stream, Table) and model.feature_names is not None and not learn:
        stream = stream.with_columns(model.feature_names)
    if model.encoding is None:
        if stream.n_features != model.widths[0]:
            raise ValueError(f"X has {stream.n_features} features, but the model was made for {model.widths[0]}")
        if stream.names is not None:
            check_names(model, stream.names, learn)
    return StreamedRows(
        stream, n_features=model.widths[0], dtype=model.dtype, scaling=model.scaling,
        encode=None if model.encoding is None else model.encoding.encode,
        labels=labels_of(model, stream, learn) if labelled else None,
    )  # fmt: skip


def labels_of(model: Any, stream: Stream, learn: bool) -> Labels:
    """What the values of the stream's target mean; a table's may be of any two classes, or of K."""
    K, softmax = model.widths[-1], model.out_activation == "softmax"
    if not isinstance(stream, Table):
        return Labels(K, softmax)
    if model.classes is None or learn:
        classes = checked_classes(stream, K if softmax else 2)
        if model.classes is not None and model.classes != classes:
            raise ValueError(
                f"target {stream.target_name!r} has the values {shown(classes)}, but the model was trained for "
                f"{shown(model.classes)}"
            )
        model.classes, model.target_name = classes, stream.target_name
    return Labels(K, softmax, model.classes, stream.target_name or "y")


def checked_classes(table: Table, number: int) -> list[Any]:
    """The values of a table's target, in ascending order: so many as the net has classes."""
    classes = classes_of(table)
    if len(classes) != number:
        needs = "a binary classifier needs 2" if number == 2 else f"the model was made for {number}"
        raise ValueError(f"target {table.target_name!r} has {len(classes)} values ({shown(classes)}); {needs}")
    return classes


def encoded(encoding: Any, table: Table, dtype: np.dtype, n: int) -> np.ndarray:
    """All n rows of a table as numbers: (n, p)."""
    X, first = np.empty((n, encoding.n_features_out), dtype), 0
    for batch, _, place in table.with_columns(encoding.columns).pieces(list(encoding.columns), None):
        with located(place):
            encoding.encode(batch, X[first : first + batch.num_rows])
        first += batch.num_rows
    return X


def check_names(model: Any, names: list[str], learn: bool) -> None:
    """Compare the names of columns with those of the model, or take them over."""
    if learn and model.feature_names is None:
        model.feature_names = list(names)
    if model.feature_names is not None and names != model.feature_names:
        raise ValueError(f"X has the columns {names}, but the model was trained with {model.feature_names}")


def parts_of(
    model: Any, rows: Rows, validation_data: tuple | Stream | None, validation_fraction: float
) -> tuple[Part, Part | None]:
    """Rows to train on and to validate on, of the rows of `fit`."""
    if isinstance(rows, ArrayRows) and rows.n_rows == 0:
        raise ValueError("X has 0 rows; at least 1 is required")
    if validation_data is not None:
        if validation_fraction:
            raise ValueError("give validation_data or validation_fraction, not both")
        return Part(rows, rows.order()), validation_part(model, validation_data)
    if not 0 <= checked_float("validation_fraction", validation_fraction, 0) < 1:
        raise ValueError(f"validation_fraction={validation_fraction}: must be at least 0 and less than 1")
    if validation_fraction == 0:
        return Part(rows, rows.order()), None
    if isinstance(rows, StreamedRows):
        training, drawn = rows.parts(validation_fraction, model.seed)
        found = rows.survey(validation_fraction, model.seed)
        if found.n_validation < 2 or found.n_training < 1:
            raise ValueError(
                f"validation_fraction={validation_fraction}: {found.n_validation} rows were drawn for validation and "
                f"{found.n_training} are left to train on; 2 and 1 are required"
            )
        return Part(rows, training), Part(rows, drawn)
    validation, rest = validation_split(rows.n_rows, validation_fraction, model.seed)
    return Part(rows, rest), Part(rows, validation)


def validation_part(model: Any, data: tuple | Stream) -> Part:
    """The rows of `validation_data`."""
    given = data if isinstance(data, tuple) else (data,)
    if not 1 <= len(given) <= 3 or (len(given) == 1 and not isinstance(given[0], Stream)):
        raise ValueError("validation_data must be (X, y), (X, y, sample_weight), or a stream")
    rows = rows_of(model, *given, labelled=True)
    order = rows.order()
    if order.size == 0:
        raise ValueError("validation_data must have at least 1 row")
    return Part(rows, order)


def check_classes(part: Part) -> None:
    """Are there rows of two classes at least, with a weight above 0? Labels may all be the same."""
    rows, order = part.rows, part.order
    found: set[int] = set()
    if isinstance(rows, StreamedRows):
        assert rows.labels is not None
        if rows.labels.shape:
            return
        found.update(np.flatnonzero(rows.survey(order.fraction, order.seed).counts).tolist())
        weighted = rows.survey(order.fraction, order.seed).weighted
    else:
        assert rows.y is not None
        weighted = rows.w is not None
        for index in order.blocks():
            found.update(np.unique(rows.y[index] if rows.w is None else rows.y[index][rows.w[index] > 0]).tolist())
            if len(found) > 1 or rows.y.ndim == 2:
                return
    if len(found) < 2:
        only, above = ", ".join(map(str, found)), " with a weight above 0" if weighted else ""
        raise ValueError(f"y holds only one class ({only}) among the training rows{above}; two are required")
