"""The interface of streams, which yield blocks of rows, as often as they are asked to."""

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
    """Consecutive rows of a stream, which `Stream.blocks` yields.

    Parameters
    ----------
    X : array or frame (n, p), or pyarrow.RecordBatch of the features; None where only labels are asked for
    y : array (n) or pyarrow.Array of the target's values, or None, default=None
    w : array (n) of weights, or None, default=None
    first_row : int, default=0
        The number of the block's first row in the stream.
    place : str, default=""
        Where the block comes from, for messages: a file, a row group.

    Attributes
    ----------
    X, y, w, first_row, place : as the arguments

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import rows
    >>> block = rows.Block(np.zeros((5, 3)), np.ones(5))
    >>> len(block.slice(1, 3))
    2
    """

    X: Any
    y: Any = None
    w: Any = None
    first_row: int = 0
    place: str = ""

    def __len__(self) -> int:
        return len(self.X if self.X is not None else self.y)

    def slice(self, start: int, end: int) -> "Block":
        """Return rows start … end-1 of the block.

        Parameters
        ----------
        start, end : int

        Returns
        -------
        Block
        """
        X, y, w = (None if a is None else a[start:end] for a in (self.X, self.y, self.w))
        return Block(X, y, w, self.first_row + start, self.place)


class Stream:
    """Rows that come in blocks, once per epoch: what `Model` and the estimators take in place of X.

    A subclass defines `n_features` and `blocks`; the rest is optional.

    Attributes
    ----------
    n_features : int
        The number of features, p.
    names : list of str or None
        Names of the features.
    target_name : str or None
        Name of the target.
    block_rows : array of int, or None
        The number of rows of each block, if it is known: then `blocks` obeys `order`, and a shuffled epoch takes
        the blocks in a random order.
    window_rows : int or None
        Rows that are shuffled together; None: 128 MiB of them. Two windows are in memory.
    place : str
        Where the rows come from, for messages.

    Examples
    --------
    Rows that are made anew in each epoch, and stored nowhere:

    >>> import numpy as np
    >>> from fastmlp import Model, rows
    >>> class Simulated(rows.Stream):
    ...     n_features = 3
    ...     def blocks(self, order=None):
    ...         for seed in range(10):
    ...             X = np.random.default_rng(seed).standard_normal((500, 3))
    ...             yield rows.Block(X, X[:, 0] > 0)
    >>> model = Model([3, 8, 1]).fit(Simulated(), epochs=3)
    """

    n_features: int
    names: list[str] | None = None
    target_name: str | None = None
    block_rows: np.ndarray | None = None
    window_rows: int | None = None
    place: str = ""

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        """Yield all blocks or, if `block_rows` is known, those with the numbers in `order`, in that order.

        If it is not known, order is None, and `Block.first_row` is ignored: the rows are counted.

        Parameters
        ----------
        order : array of int, or None, default=None

        Yields
        ------
        Block
        """
        raise NotImplementedError(f"{type(self).__name__} has no method blocks, which yields rows.Block; define it")

    def labels(self) -> Iterator[Block]:
        """Yield all blocks; X may be None, where reading y and w alone is cheaper.

        Yields
        ------
        Block
        """
        return self.blocks()

    def encode(self, X: Any, out: np.ndarray) -> None:
        """Write the X of a block, or of some of its rows, as numbers.

        Parameters
        ----------
        X : as in a block
        out : array (n, p) of float32 or float64
            Is written.
        """
        X = numbers_of(X, self.names)
        if X.shape != out.shape:
            raise ValueError(f"X has shape {X.shape}; it must be {out.shape}")
        if isinstance(X, FrameColumns):
            return put_columns(X.columns, out)
        with np.errstate(all="ignore"):
            out[:] = X

    def with_columns(self, names: list[str]) -> "Stream":
        """Return the same rows with these features in this order, if the stream finds columns by name.

        Parameters
        ----------
        names : list of str

        Returns
        -------
        Stream
        """
        return self

    def numbered(self, order: np.ndarray | None = None) -> Iterator[Block]:
        """Yield `blocks` that are not empty, with the numbers of their rows."""
        return counted(self.blocks()) if self.block_rows is None else (b for b in self.blocks(order) if len(b))

    def numbered_labels(self) -> Iterator[Block]:
        """Yield `labels` that are not empty, with the numbers of their rows."""
        return counted(self.labels())

    @property
    def first_rows(self) -> np.ndarray:
        """The number of each block's first row."""
        assert self.block_rows is not None
        return np.cumsum(np.asarray(self.block_rows, np.intp)) - np.asarray(self.block_rows, np.intp)


def numbers_of(X: Any, names: list[str] | None) -> Any:
    """Return a block's X as an array (n, p) or, if it is a frame, its `FrameColumns`, by names if these are known."""
    if isinstance(X, FrameColumns):
        return X
    return FrameColumns(X, names) if is_frame(X) else as_table(X)


def check_alone(y: Any, sample_weight: Any, suffix: str = "") -> None:
    """Raise ValueError if y or weights are given beside a stream; suffix: of the arguments' names, such as "_val"."""
    if y is not None or sample_weight is not None:
        names = f"y{suffix} and sample_weight{suffix}"
        raise ValueError(f"X{suffix} is a stream, which brings {names} with its rows; leave these out")


def equal_blocks(n: int, size: int) -> np.ndarray:
    """Return the rows of each block, where n rows are cut into blocks of this size; the last may be smaller."""
    block_rows = np.full(-(-n // size), size)
    block_rows[-1:] -= len(block_rows) * size - n
    return block_rows


def counted(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield blocks that are not empty, with `first_row` counted from the first on."""
    first = 0
    for block in blocks:
        if not isinstance(block, Block):
            raise TypeError(f"a stream's blocks() yielded a {type(block).__name__}; it must yield rows.Block(X, y)")
        if len(block):
            yield replace(block, first_row=first)
            first += len(block)


def checked_names(names: list[str] | None, n_features: int) -> list[str] | None:
    """Return names of features as text; ValueError unless there is one for each."""
    if names is not None and len(names) != n_features:
        raise ValueError(f"names={names!r}: {len(names)} names for {n_features} features")
    return None if names is None else [str(name) for name in names]


@contextlib.contextmanager
def located(place: str) -> Iterator[None]:
    """Turn errors into RowError or RowTypeError, which tell where the rows come from."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = RowTypeError if isinstance(error, TypeError) else RowError
        raise kind(f"{place}: {error}" if place else str(error)) from None
