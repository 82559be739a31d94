"""Rows of a stream to train on: only those that validate, and those by which encodings are learned, stay in memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...exceptions import RowError
from ...losses import Loss
from ...rows.array import ArrayRows
from ...rows.block_reader import SLICE_ROWS, Buffer
from ...rows.order import Pass
from ...rows.streamed import StreamedRows
from ...rows.streams.stream import located
from ...training.loop import Part
from ...typing import Scaling
from .category_statistics import NO_STATISTICS
from .encodings import Sample, sampled_rows
from .recipe import NET, Recipe


@dataclass(frozen=True)
class StreamedData:
    """Rows of a stream to train on; attributes and methods of the same name as those of `Data` have their meaning.

    Attributes
    ----------
    rows : with targets as nets read them, and weights of rows times those of classes
    """

    rows: StreamedRows
    codes: list[int]
    loss: Loss
    outputs: int
    scaling: Scaling | None = None

    in_memory = False
    statistics = NO_STATISTICS  # which need all rows at once

    def with_statistics(self, seed: int) -> "StreamedData":
        """Return the rows as they are."""
        return self

    @property
    def n_rows(self) -> int:
        return self.rows.survey().n_training

    @property
    def mean(self) -> float:
        return float(self.rows.survey().moments.mean[0])

    def part(self) -> Part:
        """Return all rows, to train on."""
        return Part(self.rows, self.rows.order())

    def sample(self, seed: int) -> Sample:
        """Return the rows by which encodings are learned, in the order in which they were drawn."""
        drawn = sampled_rows(self.n_rows, seed)
        numbers = np.sort(drawn)
        found = taken(self.rows, len(numbers), lambda first, n: among(numbers, first, n))
        assert found.X is not None
        assert found.y is not None
        at = np.searchsorted(numbers, drawn)
        return Sample(found.X[at], self.codes, found.y[at], not self.loss.numeric, seed)

    def parts(self, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
        """Return a function of a seed that gives rows to validate a member on, in memory, and those to train on."""
        fraction = min(recipe.validation_fraction, recipe.most_validation_rows / self.n_rows)
        known: dict[int, tuple[Part, Part]] = {}

        def parts(seed: int) -> tuple[Part, Part]:
            if seed not in known:
                rest, drawn = self.rows.parts(fraction, seed)
                kept = self.kept(drawn)
                known[seed] = Part(kept, kept.order()), Part(self.rows, rest)
            return known[seed]

        return parts

    def kept(self, order: Pass) -> ArrayRows:
        """Return the rows of a pass, in memory."""
        assert order.size is not None
        found = taken(self.rows, order.size, order.chosen)
        with located("the rows drawn for validation"):  # of which all may have a weight of 0
            return ArrayRows(
                found.X, found.y, found.w, n_features=self.rows.n_features, dtype=NET, outputs=self.outputs,
                loss=self.loss,
            )  # fmt: skip


def taken(rows: StreamedRows, n: int, chosen: Callable[[int, int], np.ndarray | None]) -> Buffer:
    """Return n chosen rows of a stream, in its order, in memory.

    chosen : called with the number of a first row and of rows; returns which of them to take, or None for all

    Raises
    ------
    RowError : the stream has fewer or more of them, as it has changed since an earlier pass
    """
    assert rows.labels is not None
    weighted, at = rows.survey_so_far().weighted or rows.class_weights is not None, 0
    y, w = np.empty((n, *rows.labels.shape), rows.labels.dtype), np.empty(n) if weighted else None
    found = Buffer(np.empty((n, rows.n_features), rows.dtype), y, w)
    for block in rows.stream.numbered():
        for first in range(0, len(block), SLICE_ROWS):
            some = block.slice(first, min(first + SLICE_ROWS, len(block)))
            which = chosen(some.first_row, len(some))
            last = at + (len(some) if which is None else int(which.sum()))
            if last > n:
                raise RowError("the stream has more rows than an earlier pass found; it must not change during a fit")
            if last > at:
                rows.convert(some, which, found.rows(at, last))
            at = last
    if at < n:
        raise RowError("the stream has fewer rows than an earlier pass found; it must not change during a fit")
    return found


def among(numbers: np.ndarray, first: int, n: int) -> np.ndarray:
    """Return which of the rows first … first+n-1 are among ascending numbers: (n) bool."""
    which = np.zeros(n, bool)
    low, high = np.searchsorted(numbers, [first, first + n])
    which[numbers[low:high] - first] = True
    return which
