"""Blocks of rows from a user's own iterator."""

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

import numpy as np

from ...arguments import checked_int
from ...exceptions import RowError
from ...typing import MatrixLike
from ..frame import is_frame, names_of
from ..ragged import as_array
from .stream import Block, Stream, checked_names, located, numbers_of


class Blocks(Stream):
    """Rows from an iterator of blocks.

    Parameters
    ----------
    make : callable
        Returns a new iterator over the same blocks each time. A block is (X, y), (X, y, sample_weight) or, to
        predict, X alone. A list counts as such a tuple if its first item has two dimensions, as in a DataLoader's
        [X, y], and else as the rows of X. All frames must have the same columns, in any order. The iterator runs in
        a thread of its own during training.
    n_features : int or None
        None: that of the first block, which is read at once.
    window_rows : int or None
        Rows that are shuffled together; None: 128 MiB of them. The order of blocks stays.
    names : list of str or None
        Names of the features; None: those of the first frame.

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
    >>> def blocks():
    ...     for seed in range(10):
    ...         X = np.random.default_rng(seed).standard_normal((500, 3))
    ...         yield X, X[:, 0] > 0
    >>> model = Model([3, 8, 1]).fit(rows.Blocks(blocks), epochs=3)
    """

    def __init__(
        self, make: Callable[[], Iterable[MatrixLike | tuple]], n_features: int | None = None, *,
        window_rows: int | None = None, names: list[str] | None = None,
    ) -> None:  # fmt: skip
        if not callable(make):
            raise TypeError(
                f"make={make!r}: must be a function that returns a new iterator, as rows are read once per epoch"
            )
        self.make = make
        self._names = None if names is None else [str(name) for name in names]
        self._looked = False  # for names, at the first block
        self._last: Any = None
        self.window_rows = None if window_rows is None else checked_int("window_rows", window_rows, 1)
        if n_features is None:
            first = self.first_block()
            if first is None:
                raise ValueError("the iterator yielded no block; at least 1 is required")
            n_features = first.X.shape[1]
        self.n_features = checked_int("n_features", n_features, 1)
        checked_names(self._names, self.n_features)

    @property
    def names(self) -> list[str] | None:  # type: ignore[override]
        """Names of the features, from the first block if they were not given."""
        if self._names is None and not self._looked:
            self.first_block()
        return self._names

    def first_block(self) -> Block | None:
        """Return the first block, and take the names of its columns if it is a frame."""
        self._looked = True
        return next(self.blocks(), None)

    def with_columns(self, names: list[str]) -> "Blocks":
        other = copy.copy(self)
        other._names = list(names)
        return other

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        made = self.make()
        if made is self._last and iter(made) is made:
            raise TypeError("make() returned an iterator that was already read; it must return a new one each time")
        self._last = made
        for number, given in enumerate(made):
            items = given if is_block(given) else (given,)
            if not 1 <= len(items) <= 3:
                raise RowError(f"block {number} has {len(items)} items; it must be (X, y) or (X, y, sample_weight)")
            X, y, w = (*items, None, None)[:3]
            with located(f"block {number}"):
                block = self.block(X, y, w, number)
            yield block

    def block(self, X: Any, y: Any, w: Any, number: int) -> Block:
        """Return a block of the iterator, checked."""
        if self._names is None and is_frame(X):
            self._names = names_of(X)
        X = numbers_of(X, self._names)
        n, p = X.shape
        if p != getattr(self, "n_features", p):
            raise ValueError(f"X has shape {X.shape}; it must be (n, {self.n_features})")
        for name, a in (("y", y), ("sample_weight", w)):
            if a is None:
                continue
            if (a.ndim if hasattr(a, "ndim") else as_array(name, a, "values").ndim) == 0:
                raise ValueError(f"{name} is a single value; it must hold one for each row")
            if len(a) != n:
                raise ValueError(f"{name} has {len(a)} rows, but X has {n}")
        return Block(X, y, w, 0, f"block {number}")


def is_block(given: object) -> TypeGuard[tuple | list]:
    """Return whether what the iterator yields is (X, y) or (X, y, sample_weight), not X alone."""
    return isinstance(given, tuple) or (isinstance(given, list) and len(given) > 0 and len(np.shape(given[0])) == 2)
