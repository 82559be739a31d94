"""Streams as X of a tabular estimator."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from ..losses import SQUARED_ERROR
from ..rows.labels import Target, TargetNumbers
from ..rows.moments import Moments
from ..rows.record_batches import batch_of_numbers
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..rows.streams.table import Table as TableStream
from ..tables.table_reader import TableReading
from ..tables.unknown_categories import WarningEncoder
from ..training.figures import Figures
from ..training.scores import ClassScores, NumberScores, empty_scores, weighted
from .members.data import Data
from .members.ensemble import linked
from .members.recipe import NET
from .members.streamed_data import StreamedData, taken

KEPT_BYTES = 2**30  # of numbers, up to which rows of a stream are kept in memory, where members read them side by side
PART_ROWS = 2**16  # predicted at a time
WIDEST = np.dtype(np.float64)  # of targets, of which figures are computed
FEWEST_STREAMED = 200  # rows; of fewer, a draw row by row may leave none to validate on

Average = Callable[[np.ndarray], np.ndarray]


class NumbersEncoder(WarningEncoder):
    """Encode blocks of numbers, whose columns have these names."""

    def __init__(self, reading: TableReading) -> None:
        super().__init__(reading.encoding)
        self.names = list(reading.names)

    def encode(self, table: Any, out: np.ndarray) -> None:
        """Encode an array (n, p)."""
        super().encode(batch_of_numbers(table, self.names), out)


def data_of(estimator: Any, stream: Stream) -> Data | StreamedData:
    """Return the rows of a stream to train on, once the estimator has learned classes or moments of its target.

    Up to KEPT_BYTES of numbers are kept in memory, unless the stream says how many rows to hold in a window.
    """
    estimator._learn_stream(stream)
    reading = estimator.reading_
    rows = rows_of(reading, stream, estimator._target(stream.target_name or "y"))
    estimator._weigh(rows)
    found, codes = rows.survey(), [n_codes for _, n_codes in reading.encoding.outputs]
    n, loss, outputs = found.n_training, estimator._loss(), estimator._outputs()
    if n < FEWEST_STREAMED or (stream.window_rows is None and n * rows.n_features * NET.itemsize <= KEPT_BYTES):
        X, y, w = taken(rows, n, lambda first, n: None)
        assert X is not None
        assert y is not None
        moments = Moments()
        if loss.numeric:
            moments.add(y)
        estimator._learn_moments(moments)
        return Data(X, codes, y, w, loss, outputs, estimator._scaling())
    estimator._learn_moments(found.moments)
    if isinstance(rows.labels, TargetNumbers):
        target = TargetNumbers(outputs, loss, NET, estimator._scaling(), rows.labels.name)
        surveys, rows = rows.surveys, rows_of(reading, stream, target)
        rows.surveys = surveys
    return StreamedData(rows, codes, loss, outputs, estimator._scaling())


def held_of(estimator: Any, stream: Stream) -> Data:
    """Return the rows of a stream to validate on, in memory, once the estimator has learned what it needs."""
    reading = estimator.reading_
    rows, loss = rows_of(reading, stream, estimator._target(stream.target_name or "y")), estimator._loss()
    X, y, w = taken(rows, rows.survey().n_training, lambda first, n: None)
    assert X is not None
    assert y is not None
    w = estimator._weighted(y if loss.numeric else estimator.classes_[y], w)  # by classes as the training rows have
    codes = [n_codes for _, n_codes in reading.encoding.outputs]
    return Data(X, codes, y, w, loss, estimator._outputs(), estimator._scaling())


def rows_of(reading: TableReading, stream: Stream, target: Target) -> StreamedRows:
    """Return the rows of a stream, by what was learned of its columns."""
    encoder, classes = WarningEncoder(reading.encoding), target.classes
    if not isinstance(stream, TableStream):
        encoder = NumbersEncoder(reading)
    elif classes and isinstance(classes[0], str) and stream.target_name is not None:
        stream = stream.with_text(
            [*reading.encoding.text_columns, stream.target_name], reading.encoding.spelled_columns
        )
    return StreamedRows(
        reading.read(stream), n_features=reading.encoding.n_features_out, dtype=NET, labels=target, encoder=encoder,
        with_missing=True,
    )  # fmt: skip


def score(estimator: Any, stream: Stream, average: Average) -> float:
    """Return accuracy, R², or of several quantiles the mean pinball loss, negative, of the rows of a stream.

    average : gives outputs before the link, of rows of numbers
    """
    target = estimator._target(stream.target_name or "y", others=True)
    rows, loss, found = rows_of(estimator.reading_, stream, target), estimator._loss(), Figures()
    judged = loss if loss.of_several_levels or not loss.numeric else SQUARED_ERROR
    with closing(rows.windows(rows.order(), PART_ROWS)) as windows:
        for window in windows:
            y, w = window.labels(0, window.size)
            assert y is not None
            Z = average(window.X)
            if loss.numeric:
                A = loss.predictions(linked(loss, Z), estimator.models_[0].target_scaling)
                found.add(judged, A.reshape(len(A), -1), y, w)
            else:
                v = np.ones(len(y)) if w is None else w
                right = y == linked(loss, Z).argmax(axis=1)
                found.right, found.weight = found.right + float(v[right].sum()), found.weight + float(v.sum())
    return found.means(judged)[1]


def scores(estimator: Any, stream: Stream) -> ClassScores | NumberScores:
    """Return all figures of the rows of a stream, with their weights; ValueError for classes that were not learned."""
    model, name = estimator.models_[0], stream.target_name or "y"
    loss, K, scaling = model.network.plan.loss, model.widths[-1], model.target_scaling
    target = TargetNumbers(K, loss, WIDEST, scaling, name) if loss.numeric else estimator._target(name)
    rows, total = rows_of(estimator.reading_, stream, target), empty_scores(loss, K, scaling)
    with closing(rows.windows(rows.order(), PART_ROWS)) as windows:
        for window in windows:
            y, w = window.labels(0, window.size)
            assert y is not None
            total.add(estimator._average_of(window.X), y, None if w is None else w * window.w_factor)
    return weighted(total)


def predictions(estimator: Any, stream: Stream) -> Iterator[np.ndarray]:
    """Yield probabilities (m, K) of the rows of a stream, or predictions of numbers, (m) or (m, K), block by block."""
    model, first = estimator.models_[0], 0
    loss = model.network.plan.loss
    for block in estimator.reading_.blocks(stream, NET, type(estimator).__name__):
        A = linked(loss, estimator._average_of(block))
        yield loss.predictions(A, model.target_scaling, first) if loss.numeric else A
        first += len(block)
