"""Rows that come block by block, gathered into windows for kernels: memory does not grow with their number.

A thread fills the next window while kernels train on the present one. In a shuffled epoch the blocks come in a
random order, where the stream knows its blocks beforehand, and kernels read each window in a random order of its
rows. Windows take what comes, whatever the sizes of blocks: each holds whole batches.
"""

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..exceptions import RowError
from .ahead import read_ahead
from .array import fits
from .labels import Labels
from .order import Pass
from .streams.stream import Block, Stream, located
from .survey import Survey, survey
from .targets import as_weights, weight_factor
from .window import Window, addresses, cuts, not_finite, rows_of_a_window

WINDOW_BYTES = 128 * 2**20
WINDOWS = 2  # in memory: the one that kernels read, and the one that is filled
PIECE_ROWS, PIECE_NUMBERS = 2**15, 2**22  # at most so many are converted at a time


class Encoder(Protocol):
    """What turns the X of a block into numbers."""

    def encode(self, X: Any, out: np.ndarray) -> None: ...

    def warn(self) -> None: ...


class Buffer(NamedTuple):
    """Memory of one window, or of a part of it."""

    X: np.ndarray | None
    y: np.ndarray | None
    w: np.ndarray | None


class Segment(NamedTuple):
    """From a position of a window on: the rows' numbers in the stream, and where they lie."""

    position: int
    numbers: Any
    place: str

    def number(self, row: int) -> int:
        """That of the row at this position of the window."""
        return int(self.numbers[row - self.position])


def segment_of(window: Window, row: int) -> Segment:
    """Where the row at this position of the window comes from."""
    segments: list[Segment] = window.numbers
    return segments[bisect_right(segments, row, key=lambda segment: segment.position) - 1]


class StreamedRows:
    """Rows of a stream, ready for kernels.

    Parameters
    ----------
    stream : where they come from
    n_features : p that the net expects
    dtype : of the net
    labels : what the target's values mean; None: they are not needed
    encoder : whose `encode` writes the X of a block, or of a part of it, into an array, and whose `warn` ends a pass;
        None: the stream encodes
    scaling : (shift, factor), each (p), or None: kernels compute (X - shift) factor

    Attributes
    ----------
    class_weights : array (K), by which the rows' weights are multiplied, or None
    """

    reads_ahead = True

    def __init__(
        self, stream: Stream, *, n_features: int, dtype: np.dtype, labels: Labels | None = None,
        encoder: Encoder | None = None, scaling: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:  # fmt: skip
        self.stream, self.n_features, self.dtype, self.labels = stream, n_features, np.dtype(dtype), labels
        self.encode = stream.encode if encoder is None else encoder.encode
        self.encoder = encoder
        self.scaling = np.zeros((0, 0)) if scaling is None else np.stack(scaling).astype(np.float64)
        self.window_rows = stream.window_rows or max(1, WINDOW_BYTES // (n_features * self.dtype.itemsize))
        self.class_weights: np.ndarray | None = None
        self.surveys: dict[tuple[float, int], Survey] = {}
        self._idle: list[Buffer] = []  # buffers of passes that have ended; new memory costs time at its first touch

    def order(self) -> Pass:
        """All rows, as they come."""
        return Pass(None) if self.labels is None else Pass(self.survey().n_training)

    def survey(self, fraction: float = 0.0, seed: int = 0) -> Survey:
        """What one pass over y and the weights tells; a fraction of the rows is drawn for validation."""
        key = fraction, seed
        if key not in self.surveys:
            assert self.labels is not None
            self.surveys[key] = survey(self.stream, self.labels, Pass(None, fraction, seed))
        return self.surveys[key]

    def parts(self, fraction: float, seed: int) -> tuple[Pass, Pass]:
        """Rows to train on, and rows for validation."""
        found = self.survey(fraction, seed)
        return (
            Pass(found.n_training, fraction, seed, moved=found.moved),
            Pass(found.n_validation, fraction, seed, validation=True, moved=found.moved),
        )

    def splits(self, batch_rows: int) -> bool:
        """Does a batch of so many rows come in several windows?"""
        return batch_rows > self.window_rows

    def windows(self, order: Pass, batch_rows: int) -> Generator[Window, None, None]:
        """Consecutive parts of a pass: whole batches each, or parts of one batch that is larger than a window.

        A window is valid until the next one is asked for.
        """
        buffers, self._idle = self._idle or [self.buffer() for _ in range(WINDOWS)], []
        with closing(read_ahead(lambda stop: self.filled(order, batch_rows, buffers, stop), WINDOWS)) as windows:
            yield from windows
        if self.encoder is not None:
            self.encoder.warn()
        self._idle = buffers  # after an error, a thread that waits for the user's iterator may still write to them

    def filled(
        self, order: Pass, batch_rows: int, buffers: list[Buffer], stopped: Callable[[], bool]
    ) -> Iterator[Window]:
        """The windows of a pass, in buffers that are used in turn."""
        size = order.size if order.size is not None else np.iinfo(np.intp).max
        batch_rows = max(1, min(batch_rows, size))
        pieces = Pieces(self, order, rows_of_a_window(size, batch_rows, self.window_rows))
        for number, (first, last, ends_batch) in enumerate(cuts(size, batch_rows, self.window_rows)):
            buffer = buffers[number % WINDOWS]
            n, segments = pieces.fill(buffer, last - first, stopped)
            if stopped():
                return
            if n < last - first and order.size is not None:
                raise RowError(f"the stream ended after {first + n} rows; an earlier pass found {order.size}")
            X, y, w = (None if part is None else part[:n] for part in buffer)
            inner = order.of_window(number, n)
            assert X is not None
            if n:
                known = None if self.labels is not None and self.labels.others else y  # kernels refuse other numbers
                source = addresses(X, known, w, inner, self.scaling, self.w_factor)
                yield Window(source, inner, ends_batch, X, y, w, segments)
            if n < last - first:
                return
        if order.size is not None and self.stream.block_rows is None and pieces.left(stopped):
            raise RowError(f"the stream has more than the {order.size} rows that an earlier pass found")

    def buffer(self) -> Buffer:
        """Memory for a window; pages that are never written take none."""
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
        """Of the weights of rows, multiplied by those of classes, see `targets.weight_factor`."""
        found = None if self.labels is None else self.survey_so_far()
        if found is None or not (found.weighted or self.class_weights is not None):
            return 1.0
        n = found.n_training + found.n_validation
        return weight_factor(found.weight if self.class_weights is None else self.class_weights @ found.by_class, n)

    def survey_so_far(self) -> Survey:
        """The survey of all rows or of a split, whichever there is."""
        return next(iter(self.surveys.values()), None) or self.survey()

    def place_of(self, window: Window, row: int) -> str:
        """Where a row of the window lies, for messages."""
        segment = segment_of(window, row)
        return f"row {segment.number(row)}" + (f", of {segment.place}" if segment.place else "")

    def refuse(self, window: Window, row: int) -> None:
        """Say what is wrong with the first row of the stream in this window that is not finite; kernels found one.

        Of several threads, whichever comes last tells its row: the message must not depend on it.
        """
        pieces = [(first, window.X[first : first + PIECE_ROWS]) for first in range(0, len(window.X), PIECE_ROWS)]
        bad = [first + np.flatnonzero(~fits(X, self.scaling, self.dtype).all(axis=1)) for first, X in pieces]
        found = np.concatenate([*bad, [row]])
        firsts = found[np.searchsorted(found[:-1], [segment.position for segment in window.numbers])]  # of each segment
        row = min((int(i) for i in firsts), key=lambda i: segment_of(window, i).number(i))
        segment, names = segment_of(window, row), self.stream.names
        column = int(np.argmin(fits(window.X[row : row + 1], self.scaling, self.dtype)))
        name = f" ({names[column]!r})" if names and len(names) == self.n_features else ""
        place = f"in row {segment.number(row)}, column {column}{name}"
        place += f", of {segment.place}" if segment.place else ""
        if np.isinf(window.X[row, column]):
            raise RowError(f"X contains inf, or a number that exceeds {self.dtype}, {place}; scale or replace it")
        raise not_finite(window.X[row, column], place, self.dtype)


class Pieces:
    """The rows of a pass, taken a piece of a block at a time."""

    def __init__(self, rows: StreamedRows, order: Pass, window_rows: int) -> None:
        stream = rows.stream
        self.rows, self.order = rows, order
        sizes = stream.block_rows
        self.blocks = stream.numbered(None if sizes is None else order.of_blocks(np.asarray(sizes), window_rows))
        self.block: Block | None = None  # what is left of it

    def more(self) -> bool:
        """Is there another row?"""
        if self.block is None:
            self.block = next(self.blocks, None)
        return self.block is not None

    def left(self, stopped: Callable[[], bool]) -> bool:
        """Is there a row of the pass yet?"""
        while not stopped() and self.more():
            assert self.block is not None
            _, chosen = self.next_piece(self.block, 1)
            if chosen is None or chosen.any():
                return True
        return False

    def fill(self, buffer: Buffer, n: int, stopped: Callable[[], bool]) -> tuple[int, list[Segment]]:
        """The next n rows, or as many as there are: buffer out; their number, and where they come from."""
        at, segments = 0, []
        while at < n and not stopped() and self.more():
            assert self.block is not None
            piece, chosen = self.next_piece(self.block, n - at)
            numbers: Any = range(piece.first, piece.first + len(piece))
            if chosen is not None:
                numbers = np.flatnonzero(chosen) + piece.first
            if len(numbers):
                self.convert(piece, chosen, Buffer(*(None if a is None else a[at : at + len(numbers)] for a in buffer)))
                segments.append(Segment(at, numbers, piece.place))
            at += len(numbers)
        return at, segments

    def next_piece(self, block: Block, room: int) -> tuple[Block, np.ndarray | None]:
        """A part of the present block of which not more than `room` rows are chosen, and which."""
        size = min(len(block), max(1, min(PIECE_ROWS, PIECE_NUMBERS // self.rows.n_features)))
        chosen = self.order.chosen(block.first, size)
        if chosen is None:
            size = min(size, room)
        else:
            size = min(size, 1 + int(np.searchsorted(np.cumsum(chosen), room)))
            chosen = chosen[:size]
        self.block = block.part(size, len(block)) if size < len(block) else None
        return block.part(0, size), chosen

    def convert(self, piece: Block, chosen: np.ndarray | None, out: Buffer) -> None:
        """The chosen rows of a piece, in the dtypes that kernels read."""
        rows, labels = self.rows, self.rows.labels
        assert out.X is not None
        with located(piece.place):
            if chosen is None:
                rows.encode(piece.X, out.X)
            else:
                X = np.empty((len(piece), rows.n_features), rows.dtype)
                rows.encode(piece.X, X)
                np.compress(chosen, X, axis=0, out=out.X)
            kept = slice(None) if chosen is None else chosen
            if labels is not None and out.y is not None:
                out.y[:] = labels.encode(piece.y, len(piece))[kept]
            if out.w is not None:
                out.w[:] = 1 if piece.w is None else as_weights(piece.w, len(piece), some=False)[kept]
                if rows.class_weights is not None:
                    out.w[:] *= rows.class_weights[out.y]
