"""Blocks of a stream, read into the buffers of windows."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .order import Pass
from .streams.stream import Block, Stream
from .window import Window

SLICE_ROWS, SLICE_NUMBERS = 2**15, 2**22  # of a block, converted at a time, at most


class Buffer(NamedTuple):
    """Memory of one window, or of some of its rows."""

    X: np.ndarray | None
    y: np.ndarray | None
    w: np.ndarray | None

    def rows(self, first: int, last: int) -> "Buffer":
        """Return the memory of rows first … last-1."""
        return Buffer(*(None if a is None else a[first:last] for a in self))


class Origin(NamedTuple):
    """From a position of a window on: the numbers of the rows in the stream, and the place of their block."""

    position: int
    numbers: Any
    place: str

    def number(self, row: int) -> int:
        """Return the number in the stream of the row at this position of the window."""
        return int(self.numbers[row - self.position])


def origin_of(window: Window, row: int) -> Origin:
    """Return where the row at this position of the window comes from."""
    origins: list[Origin] = window.origins
    return origins[bisect_right(origins, row, key=lambda origin: origin.position) - 1]


class BlockReader:
    """Reads the rows of a pass from the blocks of a stream, a slice of a block at a time.

    Parameters
    ----------
    stream, order : whose blocks, and which of their rows
    window_rows : rows of a window, for the order of blocks
    n_features : numbers of a converted row
    convert : called with a slice of a block, its rows to take (None: all), and a buffer for these: out
    """

    def __init__(
        self, stream: Stream, order: Pass, window_rows: int, n_features: int,
        convert: Callable[[Block, np.ndarray | None, Buffer], None],
    ) -> None:  # fmt: skip
        self.order, self.convert = order, convert
        self.slice_rows = max(1, min(SLICE_ROWS, SLICE_NUMBERS // n_features))
        sizes = stream.block_rows
        self.blocks = stream.numbered(None if sizes is None else order.of_blocks(np.asarray(sizes), window_rows))
        self.block: Block | None = None  # what is left of it

    def fill(self, buffer: Buffer, n: int, stopped: Callable[[], bool]) -> tuple[int, list[Origin]]:
        """Read the next n rows, or as many as there are, into a buffer; return their number and their origins."""
        at, origins = 0, []
        while at < n and not stopped() and self.has_block():
            block, chosen = self.next_slice(n - at)
            numbers: Any = range(block.first_row, block.first_row + len(block))
            if chosen is not None:
                numbers = np.flatnonzero(chosen) + block.first_row
            if len(numbers):
                self.convert(block, chosen, buffer.rows(at, at + len(numbers)))
                origins.append(Origin(at, numbers, block.place))
            at += len(numbers)
        return at, origins

    def has_row(self, stopped: Callable[[], bool]) -> bool:
        """Return whether the pass has another row; it is consumed."""
        while not stopped() and self.has_block():
            _, chosen = self.next_slice(1)
            if chosen is None or chosen.any():
                return True
        return False

    def has_block(self) -> bool:
        """Return whether there are rows left of the present block, or a next one."""
        if self.block is None:
            self.block = next(self.blocks, None)
        return self.block is not None

    def next_slice(self, most: int) -> tuple[Block, np.ndarray | None]:
        """Take a slice off the present block, with `most` rows of the pass at most; return it, and which these are."""
        block = self.block
        assert block is not None
        size = min(len(block), self.slice_rows)
        chosen = self.order.chosen(block.first_row, size)
        if chosen is None:
            size = min(size, most)
        else:
            size = min(size, 1 + int(np.searchsorted(np.cumsum(chosen), most)))
            chosen = chosen[:size]
        self.block = block.slice(size, len(block)) if size < len(block) else None
        return block.slice(0, size), chosen
