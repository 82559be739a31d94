"""X, y and weights that users give to a Model's methods, as rows that kernels can read."""

from typing import Any, NamedTuple

import numpy as np

from ..messages import difference, few
from ..rows.array import ArrayRows, SparseRows
from ..rows.frame import FrameRows, is_frame, names_of, shares_memory
from ..rows.labels import Labels, Target, TargetNumbers
from ..rows.offers import is_sparse, offers
from ..rows.rows import Rows
from ..rows.streamed import StreamedRows
from ..rows.streams.array import Array
from ..rows.streams.arrow import Arrow
from ..rows.streams.stream import Stream, check_alone, located
from ..rows.streams.table import Table
from ..rows.survey import classes_of
from ..system.machine import available_memory
from ..tables.unknown_categories import WarningEncoder


class Encoded(NamedTuple):
    """Rows that the model's encoding has turned into numbers before: (n, p)."""

    X: np.ndarray


class Learned(NamedTuple):
    """Names and classes: a model's, or what one without them takes over from the rows of `fit`, once all is checked."""

    feature_names: list[str] | None = None
    target_name: str | None = None
    classes: list[Any] | None = None

    def beside(self, model: Any) -> "Learned":
        """Return what the model knows and, for what it does not know, what these rows tell."""
        known = {name: getattr(model, name) for name in self._fields}
        return Learned(**{name: getattr(self, name) if value is None else value for name, value in known.items()})

    def adopt(self, model: Any) -> None:
        """Tell the model what is new to it."""
        for name, value in self._asdict().items():
            if value is not None and getattr(model, name) is None:
                setattr(model, name, value)


NOTHING = Learned()


def rows_of(
    model: Any, X: Any, y: Any = None, sample_weight: Any = None, *, labelled: bool = False,
    learned: Learned = NOTHING,
) -> Rows:  # fmt: skip
    """Return the rows that a user gives, checked; labelled: y is needed; learned: what the model is about to adopt."""
    return inputs(model, X, y, sample_weight, labelled, False, learned)[0]


def inputs(
    model: Any, X: Any, y: Any, sample_weight: Any, labelled: bool, learn: bool, learned: Learned = NOTHING
) -> tuple[Rows, Learned]:
    """Return what `rows_of` does, and what the model may learn from X and y, if it is to learn."""
    if isinstance(X, Stream):
        check_alone(y, sample_weight)
        return streamed(model, learned.beside(model), X, labelled, learn)
    if isinstance(X, Encoded):
        return array_rows(model, ArrayRows, X.X, y, sample_weight), NOTHING
    if isinstance(X, np.memmap) and X.ndim == 2 and X.nbytes > available_memory() and model.encoding is None:
        return streamed(model, learned.beside(model), Array(X, y, sample_weight), labelled, learn)
    if labelled and y is None:
        what = "targets" if model.network.plan.loss.numeric else "the labels 0 and 1"
        raise ValueError(f"y is None; {what} are required")
    if y is None and (model.encoding is not None or offers(X, "column_names")):
        return streamed(model, learned.beside(model), Arrow(X), False, False)
    names: list[str] | None = None
    kind: type[ArrayRows] = ArrayRows
    if model.encoding is not None:
        X = encoded(model.encoding, Arrow(X), model.dtype, len(X))
    elif is_sparse(X):
        kind = SparseRows
    elif is_frame(X):
        names = names_of(X)
        check_names(learned.beside(model), names)
        kind = ArrayRows if shares_memory(X) else FrameRows
    return array_rows(model, kind, X, y, sample_weight), Learned(names)


def array_rows(model: Any, kind: type[ArrayRows], X: Any, y: Any, sample_weight: Any) -> ArrayRows:
    """Return rows that lie in memory."""
    return kind(
        X, y, sample_weight, n_features=model.n_columns, dtype=model.dtype, scaling=model.scaling,
        outputs=model.widths[-1], loss=model.network.plan.loss, target_scaling=model.target_scaling,
        with_missing=model.features is not None,
    )  # fmt: skip


def streamed(model: Any, known: Learned, stream: Stream, labelled: bool, learn: bool) -> tuple[StreamedRows, Learned]:
    """Return the rows of a stream; those of a table go through the model's encoding, if it has one."""
    if model.encoding is not None and not isinstance(stream, Table):
        raise TypeError("the model has an encoding, which reads tables; give rows.Parquet, rows.Csv or rows.Arrow")
    stream = as_learned(model, known, stream, learn)
    if model.encoding is None:
        if stream.n_features != model.n_columns:
            raise ValueError(f"X has {stream.n_features} features, but the model was made for {model.n_columns}")
        check_names(known, stream.names)
    labels = target_of(model, known, stream, learn) if labelled else None
    names = None if stream.names is None else list(stream.names)
    learned = Learned(names, stream.target_name, None if labels is None else labels.classes)
    rows = StreamedRows(
        stream, n_features=model.n_columns, dtype=model.dtype, scaling=model.scaling, labels=labels,
        encoder=None if model.encoding is None else WarningEncoder(model.encoding),
        with_missing=model.features is not None,
    )  # fmt: skip
    return rows, learned


def as_learned(model: Any, known: Learned, stream: Stream, learn: bool) -> Stream:
    """Return the stream with the model's columns in its order, as text where it learned text."""
    if isinstance(stream, Table):
        text = [] if model.encoding is None else list(model.encoding.text_columns)
        if known.classes and isinstance(known.classes[0], str) and stream.target_name is not None:
            text.append(stream.target_name)
        spelled = [] if model.encoding is None else list(model.encoding.spelled_columns)
        stream = stream.with_text(text, spelled) if text or spelled else stream
    if model.encoding is not None:
        return stream.with_columns(list(model.encoding.columns))
    return stream if known.feature_names is None or learn else stream.with_columns(known.feature_names)


def target_of(model: Any, known: Learned, stream: Stream, learn: bool) -> Target:
    """Return what reads the stream's target; the classes of a table's may be any two, or any K."""
    K, loss, name = model.widths[-1], model.network.plan.loss, stream.target_name or "y"
    if loss.numeric:
        return TargetNumbers(K, loss, model.dtype, model.target_scaling, name)
    if not isinstance(stream, Table):
        return Labels(K, loss)
    if K > 1 and not loss.exclusive:
        raise ValueError(f"a table has one target, but the model has {K} labels for each row; give rows.Array(X, y)")
    if not learn:
        return Labels(K, loss, known.classes, name)
    classes = checked_classes(stream, K if loss.exclusive else 2)
    if known.classes is not None and known.classes != classes:
        raise ValueError(
            f"target {name!r} has the values {few(classes)}, but the model was trained for {few(known.classes)}; make "
            "another model for these"
        )
    return Labels(K, loss, classes, name)


def checked_classes(table: Table, number: int) -> list[Any]:
    """Return the values of a table's target, in ascending order; raise unless there are `number` of them."""
    classes = classes_of(table)
    if len(classes) != number:
        needs = "a binary classifier needs 2" if number == 2 else f"the model was made for {number}"
        raise ValueError(f"target {table.target_name!r} has {len(classes)} values ({few(classes)}); {needs}")
    return classes


def encoded(encoding: Any, table: Table, dtype: np.dtype, n: int) -> np.ndarray:
    """Return all n rows of a table as numbers (n, p)."""
    X, first, encoder = np.empty((n, encoding.n_features_out), dtype), 0, WarningEncoder(encoding)
    for block in table.with_columns(encoding.columns).table_blocks(list(encoding.columns), None):
        with located(block.place):
            encoder.encode(block.X, X[first : first + len(block)])
        first += len(block)
    encoder.warn()
    return X


def check_names(model: Any, names: list[str] | None) -> None:
    """Compare the names of columns with those of the model, if both have some."""
    if names is not None and model.feature_names is not None and names != model.feature_names:
        raise ValueError(f"X has {difference(names, model.feature_names)}")
