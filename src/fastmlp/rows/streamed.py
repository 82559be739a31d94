"""Rows of a stream, gathered into windows for kernels: memory does not grow with their number.

A thread fills the next window while kernels train on the present one. In a shuffled epoch, blocks come in a random
order if the stream knows their sizes, and kernels read the rows of each window in a random order. A window holds whole
batches, whatever the sizes of blocks.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Protocol

import numpy as np

from ..exceptions import RowError
from .ahead import read_ahead
from .array import fits
from .block_reader import BlockReader, Buffer, origin_of
from .labels import Target
from .order import Pass
from .streams.stream import Block, Stream, located
from .survey import Survey, survey
from .targets import as_weights, weight_factor
from .window import Window, addresses, cuts, not_finite, rows_of_a_window

WINDOW_BYTES = 128 * 2**20
WINDOWS = 2  # in memory: the one that kernels read, and the one that is filled
CHECKED_ROWS = 2**15  # at a time, to find one that is not finite


class BlockEncoder(Protocol):
    """What turns the X of blocks into numbers."""

    def encode(self, X: Any, out: np.ndarray) -> None: ...

    def warn(self) -> None: ...


class StreamedRows:
    """Rows of a stream, ready for kernels.

    Parameters
    ----------
    stream : where the rows come from
    n_features : numbers of a row that the net reads
    dtype : of the net
    labels : what the target's values mean; None: rows need no y
    encoder : writes the X of blocks into arrays, and warns at the end of a pass; None: the stream encodes
    scaling : (shift, factor), each (p), or None: kernels compute (X - shift) factor
    with_missing : as for `ArrayRows`

    Attributes
    ----------
    class_weights : array (K) or None, factors of the rows' weights
    """

    reads_ahead = True

    def __init__(
        self, stream: Stream, *, n_features: int, dtype: np.dtype, labels: Target | None = None,
        encoder: BlockEncoder | None = None, scaling: tuple[np.ndarray, np.ndarray] | None = None,
        with_missing: bool = False,
    ) -> None:  # fmt: skip
        self.stream, self.n_features, self.dtype, self.labels = stream, n_features, np.dtype(dtype), labels
        self.encode = stream.encode if encoder is None else encoder.encode
        self.encoder, self.with_missing = encoder, with_missing
        self.scaling = np.zeros((0, 0)) if scaling is None else np.stack(scaling).astype(np.float64)
        self.window_rows = stream.window_rows or max(1, WINDOW_BYTES // (n_features * self.dtype.itemsize))
        self.class_weights: np.ndarray | None = None
        self.surveys: dict[tuple[float, int], Survey] = {}
        self._idle: list[Buffer] = []  # of passes that ended: new memory costs time when it is first written

    def order(self) -> Pass:
        """Return a pass over all rows, in the order of the stream."""
        return Pass(None) if self.labels is None else Pass(self.survey().n_training)

    def survey(self, fraction: float = 0.0, seed: int = 0) -> Survey:
        """Return what one pass over y and weights finds; a fraction of the rows is drawn for validation."""
        key = fraction, seed
        if key not in self.surveys:
            assert self.labels is not None
            self.surveys[key] = survey(self.stream, self.labels, Pass(None, fraction, seed))
        return self.surveys[key]

    def parts(self, fraction: float, seed: int) -> tuple[Pass, Pass]:
        """Return the rows to train on, and those drawn for validation."""
        found = self.survey(fraction, seed)
        return (
            Pass(found.n_training, fraction, seed, moved=found.moved),
            Pass(found.n_validation, fraction, seed, validation=True, moved=found.moved),
        )

    def splits(self, batch_rows: int) -> bool:
        """Return whether a batch of this size needs several windows."""
        return batch_rows > self.window_rows

    def windows(self, order: Pass, batch_rows: int) -> Generator[Window, None, None]:
        """Yield the windows of a pass: of whole batches, or of parts of a batch that is larger than a window.

        A window is valid until the next one is asked for.
        """
        buffers, self._idle = self._idle or [self.buffer() for _ in range(WINDOWS)], []
        with closing(read_ahead(lambda stop: self.filled(order, batch_rows, buffers, stop), WINDOWS)) as windows:
            yield from windows
        if self.encoder is not None:
            self.encoder.warn()
        self._idle = buffers  # not after an error: a blocked thread may still write to them

    def filled(
        self, order: Pass, batch_rows: int, buffers: list[Buffer], stopped: Callable[[], bool]
    ) -> Iterator[Window]:
        """Yield the windows of a pass, in buffers that are used in turn; stop where `stopped()`."""
        size = order.size if order.size is not None else np.iinfo(np.intp).max
        batch_rows = max(1, min(batch_rows, size))
        window_rows = rows_of_a_window(size, batch_rows, self.window_rows)
        reader = BlockReader(self.stream, order, window_rows, self.n_features, self.convert)
        for number, (first, last, ends_batch) in enumerate(cuts(size, batch_rows, self.window_rows)):
            buffer = buffers[number % WINDOWS]
            n, origins = reader.fill(buffer, last - first, stopped)
            if stopped():
                return
            if n < last - first and order.size is not None:
                raise RowError(f"the stream ended after {first + n} rows; an earlier pass found {order.size}")
            X, y, w = buffer.rows(0, n)
            inner = order.of_window(number, n)
            assert X is not None
            if n:
                known = None if self.labels is not None and self.labels.others else y  # kernels refuse other numbers
                source = addresses(X, known, w, inner, self.scaling, self.w_factor)
                yield Window(source, inner, ends_batch, X, y, w, origins)
            if n < last - first:
                return
        whole = order.size is not None and not order.cut
        if whole and self.stream.block_rows is None and reader.has_row(stopped):
            raise RowError(f"the stream has more than the {order.size} rows that an earlier pass found")

    def convert(self, block: Block, chosen: np.ndarray | None, out: Buffer) -> None:
        """Write the chosen rows of a block (None: all), in the dtypes that kernels read: out."""
        assert out.X is not None
        with located(block.place):
            if chosen is None:
                self.encode(block.X, out.X)
            else:
                X = np.empty((len(block), self.n_features), self.dtype)
                self.encode(block.X, X)
                np.compress(chosen, X, axis=0, out=out.X)
            kept = slice(None) if chosen is None else chosen
            if self.labels is not None and out.y is not None:
                out.y[:] = self.labels.encode(block.y, len(block), block.first_row)[kept]
            if out.w is not None:
                out.w[:] = 1 if block.w is None else as_weights(block.w, len(block), some=False)[kept]
                if self.class_weights is not None:
                    out.w[:] *= self.class_weights[out.y]

    def buffer(self) -> Buffer:
        """Return memory for a window; the system gives it page by page, as it is written."""
        n = self.window_rows
        if self.stream.block_rows is not None:
            n = min(n, int(np.sum(self.stream.block_rows)))
        y: np.ndarray | None = None
        weighted = False
        if self.labels is not None:
            found = self.survey_so_far()
            n = min(n, found.n_training + found.n_validation)
            y = np.empty((n, *self.labels.shape), self.labels.dtype)
            weighted = found.weighted or self.class_weights is not None
        return Buffer(np.empty((n, self.n_features), self.dtype), y, np.empty(n) if weighted else None)

    @property
    def w_factor(self) -> float:
        """`targets.weight_factor` of the weights of rows, times those of classes."""
        found = None if self.labels is None else self.survey_so_far()
        if found is None or not (found.weighted or self.class_weights is not None):
            return 1.0
        n = found.n_training + found.n_validation
        return weight_factor(found.weight if self.class_weights is None else self.class_weights @ found.by_class, n)

    def survey_so_far(self) -> Survey:
        """Return the survey of all rows or of a split, whichever was made."""
        return next(iter(self.surveys.values()), None) or self.survey()

    def place_of(self, window: Window, row: int) -> str:
        """Return the place of a row of the window, for messages."""
        origin = origin_of(window, row)
        return f"row {origin.number(row)}" + (f", of {origin.place}" if origin.place else "")

    def good(self, X: np.ndarray) -> np.ndarray:
        """Return for each number whether the net can read it."""
        return fits(X, self.scaling, self.dtype, self.with_missing)

    def refuse(self, window: Window, row: int) -> None:
        """Raise RowError for the first row, in order of the stream, that is not finite; kernels refused one.

        Which row arrives here depends on which thread was last; the message must not depend on that.
        """
        slices = [(first, window.X[first : first + CHECKED_ROWS]) for first in range(0, len(window.X), CHECKED_ROWS)]
        bad = [first + np.flatnonzero(~self.good(X).all(axis=1)) for first, X in slices]
        found = np.concatenate([*bad, [row]])
        firsts = found[np.searchsorted(found[:-1], [origin.position for origin in window.origins])]  # of each origin
        row = min((int(i) for i in firsts), key=lambda i: origin_of(window, i).number(i))
        origin, names = origin_of(window, row), self.stream.names
        column = int(np.argmin(self.good(window.X[row : row + 1])))
        name = f" ({names[column]!r})" if names and len(names) == self.n_features else ""
        place = f"in row {origin.number(row)}, column {column}{name}"
        place += f", of {origin.place}" if origin.place else ""
        if np.isinf(window.X[row, column]):
            raise RowError(f"X contains inf, or a number that exceeds {self.dtype}, {place}; scale or replace it")
        raise not_finite(window.X[row, column], place, self.dtype)
