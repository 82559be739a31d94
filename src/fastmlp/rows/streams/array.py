"""Blocks of rows of arrays: in memory, memory-mapped, or in .npy files."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...arguments import checked_int
from ...system.files_at_rest import mapped_files
from ...typing import FilePath, Frame
from ..frame import is_frame, names_of
from ..ragged import as_array
from ..targets import refuse_masked
from .file_array import FileArray
from .stream import Block, Stream, checked_names, equal_blocks, numbers_of

BLOCK_BYTES, BLOCKS_PER_WINDOW = 2**20, 128


class Array(Stream):
    """Rows of an array in blocks, for arrays that are larger than memory.

    Rows of files are read, not mapped: memory holds two windows of them, whatever the size of the file.

    Parameters
    ----------
    X : array or frame (n, p), np.memmap, or path of a .npy file
    y : array (n), np.memmap, path of a .npy file, or None
    sample_weight : as y
    block_rows : int or None
        Consecutive rows that stay together in a shuffled epoch; None: 1 MiB of them, or a 128th of a window.
    window_rows : int or None
        Rows that are shuffled together; None: 128 MiB of them in the dtype of the net.
    names : list of str or None
        Names of the features; None: those of a frame.

    Attributes
    ----------
    n_features : int
        The number of features, p.
    names : list of str or None
        Names of the features.

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import Model, rows
    >>> X = np.random.default_rng(0).standard_normal((5000, 3)).astype("float32")
    >>> stream = rows.Array(X, X[:, 0] > 0, block_rows=100, window_rows=1000)
    >>> model = Model([3, 8, 1]).fit(stream, epochs=3)
    """

    def __init__(
        self, X: ArrayLike | Frame | FilePath, y: ArrayLike | FilePath | None = None,
        sample_weight: ArrayLike | FilePath | None = None, *,
        block_rows: int | None = None, window_rows: int | None = None, names: list[str] | None = None,
    ) -> None:  # fmt: skip
        opened = on_disk(X)
        if names is None and is_frame(X):
            names = names_of(X)
        self.X: Any = numbers_of(X, None if names is None else [*map(str, names)]) if opened is None else opened
        if len(self.X.shape) != 2 or self.X.shape[1] == 0:
            raise ValueError(f"X has shape {self.X.shape}; it must have two dimensions, and at least 1 feature")
        n, self.n_features = self.X.shape
        self.y, self.w = labels_of("y", y), labels_of("sample_weight", sample_weight)
        for name, a in (("y", self.y), ("sample_weight", self.w)):
            if a is not None and len(a) != n:
                raise ValueError(f"{name} has {len(a)} rows, but X has {n} rows")
        self.files = mapped_files(self.X, self.y, self.w)
        self.window_rows = None if window_rows is None else checked_int("window_rows", window_rows, 1)
        size = max(1, BLOCK_BYTES // (self.n_features * self.X.dtype.itemsize))
        if block_rows is not None:
            size = checked_int("block_rows", block_rows, 1)
        elif self.window_rows is not None:
            size = max(1, min(size, self.window_rows // BLOCKS_PER_WINDOW))
        self.block_rows = equal_blocks(n, size)
        self.names = checked_names(names, self.n_features)

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        return self.blocks_with(self.X, order)

    def labels(self) -> Iterator[Block]:
        if self.y is None:
            raise ValueError("the stream has no y; give it, as in rows.Array(X, y)")
        return self.blocks_with(None, None)

    def blocks_with(self, X: Any, order: np.ndarray | None) -> Iterator[Block]:
        """Yield blocks with this X, which may be None."""
        for file in self.files:
            file.check()
        assert self.block_rows is not None
        firsts, place = self.first_rows, str(getattr(self.X, "path", ""))
        for k in range(len(firsts)) if order is None else order:
            first = int(firsts[k])
            last = first + int(self.block_rows[k])
            values, y, w = (None if a is None else a[first:last] for a in (X, self.y, self.w))
            yield Block(values, y, w, first, place)


def labels_of(name: str, values: Any) -> Any:
    """Return y or weights, in memory or in a file."""
    if values is None:
        return None
    refuse_masked(name, values)
    opened = on_disk(values)
    values = as_array(name, values, "values") if opened is None else opened
    if len(values.shape) == 0:
        raise ValueError(f"{name} is a single value; it must hold one for each row")
    return values


def on_disk(a: object) -> FileArray | None:
    """Return an array that lies in a file, or None where it lies in memory."""
    if isinstance(a, (str, os.PathLike)):
        return FileArray.of_npy(a)
    return FileArray.of_memmap(a) if isinstance(a, np.memmap) else None
