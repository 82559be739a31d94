"""Blocks of rows from a user's own iterator."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...arguments import checked_int
from .stream import Block, Stream


class Blocks(Stream):
    """Rows from an iterator of blocks.

    Parameters
    ----------
    make : callable
        Returns a new iterator over the same blocks each time: of (X, y), (X, y, sample_weight), or, to predict,
        of X alone. It runs in a thread of its own, beside the training.
    n_features : int or None
        None: as the first block has.
    window_rows : int or None
        Rows that are shuffled together; None: 128 MiB of them. The blocks' own order stays.
    names : list of str or None
        Of the features.

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
        self, make: Callable[[], Iterable[Any]], n_features: int | None = None, *,
        window_rows: int | None = None, names: list[str] | None = None,
    ) -> None:  # fmt: skip
        if not callable(make):
            raise TypeError(
                f"make={make!r}: must be a function that returns a new iterator, as rows are read once per epoch"
            )
        self.make, self.names = make, names
        self.window_rows = None if window_rows is None else checked_int("window_rows", window_rows, 1)
        if n_features is None:
            first = next(self.blocks(), None)
            if first is None:
                raise ValueError("the iterator gave no block; at least 1 is required")
            n_features = np.shape(first.X)[1]
        self.n_features = checked_int("n_features", n_features, 1)

    def blocks(self, order: np.ndarray | None = None) -> Iterator[Block]:
        first = 0
        for number, given in enumerate(self.make()):
            parts = given if isinstance(given, tuple) else (given,)
            if not 1 <= len(parts) <= 3:
                raise ValueError(f"block {number} has {len(parts)} parts; it must be (X, y) or (X, y, sample_weight)")
            shape = np.shape(parts[0])
            if len(shape) != 2 or shape[1] != getattr(self, "n_features", shape[1]):
                raise ValueError(
                    f"block {number}: X has shape {shape}, but (n, {getattr(self, 'n_features', 'p')}) is required"
                )
            for name, a in zip(("y", "sample_weight"), parts[1:]):
                if a is not None and len(a) != shape[0]:
                    raise ValueError(f"block {number}: {name} has {len(a)} rows, but X has {shape[0]}")
            X, y, w = (*parts, None, None)[:3]
            yield Block(X, y, w, first, f"block {number}")
            first += shape[0]
