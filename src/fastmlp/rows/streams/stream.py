"""The interface of all streams: blocks of rows, as often as they are asked for."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...exceptions import RowError, RowTypeError
from ..array import as_table
from ..columns import put_columns
from ..frame import FrameColumns, is_frame


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows of a stream.

    Attributes
    ----------
    X : array or frame (n, p), or pyarrow.RecordBatch with the columns of the features; None where only labels were
        asked for
    y : array (n), or pyarrow.Array, of the target's values; or None
    w : array (n) of weights, or None
    first_row : the number of the block's first row in the stream
    place : where it lies, for messages: a file, a row group
    """

    X: Any
    y: Any = None
    w: Any = None
    first_row: int = 0
    place: str = ""

    def __len__(self) -> int:
        return len(self.X if self.X is not None else self.y)

    def slice(self, start: int, end: int) -> "Block":
        """Return rows start … end-1 of the block."""
        X, y, w = (None if a is None else a[start:end] for a in (self.X, self.y, self.w))
        return Block(X, y, w, self.first_row + start, self.place)


class Stream:
    """Rows that come in blocks, again and again: what `Model` and `MLPClassifier` take in place of X.

    A class of your own gives `n_features` and `blocks`; the rest is optional.

    Attributes
    ----------
    n_features : int
        p, the number of features.
    names : list of str or None
        Of the features.
    target_name : str or None
    block_rows : array of int, or None
        The rows of each block, where they are known beforehand: then `blocks` obeys `order`, and an epoch takes
        the blocks in a random order.
    window_rows : int or None
        So many rows are shuffled together; None: `streamed.WINDOW_BYTES` of them. Two windows are in memory.
    place : str
        Where the rows lie, for messages.
    """

    n_features: int
    names: list[str] | None = None
    target_name: str | None = None
    block_rows: np.ndarray | None = None
    window_rows: int | None = None
    place: str = ""

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        """All blocks, from the first; or, where `block_rows` is known, those numbered `order`, in that order.

        Where it is not known, no order is asked for, and `Block.first_row` does not count: rows are counted.
        """
        raise NotImplementedError

    def labels(self) -> Iterator[Block]:
        """As `blocks`, but X may be None, where reading y and w alone is cheaper."""
        return self.blocks()

    def encode(self, X: Any, out: np.ndarray) -> None:
        """The X of a block, or of a part of it, as numbers: out (n, p), float32 or float64."""
        X = numbers_of(X, self.names)
        if X.shape != out.shape:
            raise ValueError(f"X has shape {X.shape}, but {out.shape} is required")
        if isinstance(X, FrameColumns):
            return put_columns(X.columns, out)
        with np.errstate(all="ignore"):
            out[:] = X

    def with_columns(self, names: list[str]) -> "Stream":
        """The same rows with these features, in this order, where the stream finds them by name."""
        return self

    def numbered(self, order: np.ndarray | None = None) -> Iterator[Block]:
        """`blocks` that are not empty, and know their rows' numbers."""
        return counted(self.blocks()) if self.block_rows is None else (b for b in self.blocks(order) if len(b))

    def numbered_labels(self) -> Iterator[Block]:
        """`labels` that are not empty, and know their rows' numbers."""
        return counted(self.labels())

    @property
    def first_rows(self) -> np.ndarray:
        """The number of each block's first row."""
        assert self.block_rows is not None
        return np.cumsum(np.asarray(self.block_rows, np.intp)) - np.asarray(self.block_rows, np.intp)


def numbers_of(X: Any, names: list[str] | None) -> Any:
    """A block's X as an array (n, p) or, of a frame, as `FrameColumns`: those of these names, where names are known."""
    if isinstance(X, FrameColumns):
        return X
    return FrameColumns(X, names) if is_frame(X) else as_table(X)


def check_alone(y: Any, sample_weight: Any, suffix: str = "") -> None:
    """Raise ValueError if y or weights are given beside a stream; suffix: of the arguments' names, such as "_val"."""
    if y is not None or sample_weight is not None:
        names = f"y{suffix} and sample_weight{suffix}"
        raise ValueError(f"X{suffix} is a stream, which brings {names} with its rows; leave these out")


def equal_blocks(n: int, size: int) -> np.ndarray:
    """The rows of each block, where n rows are cut into blocks of this size, and a rest."""
    block_rows = np.full(-(-n // size), size)
    block_rows[-1:] -= len(block_rows) * size - n
    return block_rows


def counted(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks from the first on, with their rows counted."""
    first = 0
    for block in blocks:
        if len(block):
            yield replace(block, first_row=first)
            first += len(block)


def checked_names(names: list[str] | None, n_features: int) -> list[str] | None:
    """Names of features, one for each."""
    if names is not None and len(names) != n_features:
        raise ValueError(f"names={names!r}: {len(names)} names for {n_features} features")
    return None if names is None else [str(name) for name in names]


@contextlib.contextmanager
def located(place: str) -> Iterator[None]:
    """Errors in the block are those of rows, and tell where these lie."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = RowTypeError if isinstance(error, TypeError) else RowError
        raise kind(f"{place}: {error}" if place else str(error)) from None
