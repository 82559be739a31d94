"""Rows in memory that members are trained on, and how each of them divides them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...losses import Loss
from ...rows.array import ArrayRows
from ...rows.order import validation_split
from ...training.loop import Part
from ...typing import Scaling
from .category_statistics import NO_STATISTICS, CategoryStatistics, learned_statistics
from .encodings import Sample
from .recipe import NET, Recipe
from .streamed_data import StreamedData

FEWEST_ROWS = 40  # of which some are kept for validation; fewer rows validate themselves


@dataclass(frozen=True)
class Data:
    """Rows to train on.

    Attributes
    ----------
    matrix : (n, q) of float32, NaN where a number is missing
    codes : for each of its columns the number of codes, 0 for numbers
    y : (n) of class numbers, or of numbers
    w : weights (n), or None
    loss, outputs, scaling : what nets are trained for, p[L], and (shift, factor) of targets, or None
    statistics : those whose columns stand behind the others
    """

    matrix: np.ndarray
    codes: list[int]
    y: np.ndarray
    w: np.ndarray | None
    loss: Loss
    outputs: int
    scaling: Scaling | None = None
    statistics: CategoryStatistics = NO_STATISTICS

    in_memory = True

    @property
    def n_rows(self) -> int:
        return len(self.matrix)

    @property
    def mean(self) -> float:
        """The mean of y, by weight."""
        return float(np.average(self.y, weights=self.w))

    def rows(self) -> ArrayRows:
        """Return the rows as kernels read them."""
        return ArrayRows(
            self.matrix, self.y, self.w, n_features=self.matrix.shape[1], dtype=NET, outputs=self.outputs,
            loss=self.loss, target_scaling=self.scaling, with_missing=True,
        )  # fmt: skip

    def part(self) -> Part:
        """Return all rows, to train or to validate on."""
        rows = self.rows()
        return Part(rows, rows.order())

    def sample(self, seed: int) -> Sample:
        """Return rows by which encodings are learned."""
        return Sample(
            self.matrix, self.codes, self.y, not self.loss.numeric, seed, n_known=self.statistics.n_columns
        )  # fmt: skip

    def with_statistics(self, seed: int) -> "Data":
        """Return the rows with statistics of columns that have many categories."""
        found, matrix = learned_statistics(self.matrix, self.codes, self.y, self.w, self.loss, seed)
        return replace(self, matrix=matrix, codes=[*self.codes, *[0] * found.n_columns], statistics=found)

    def with_columns_of(self, other: "Data | StreamedData") -> "Data":
        """Return the rows with the columns of other rows, which were trained on."""
        if not other.statistics.parts:
            return self
        return replace(
            self, matrix=other.statistics.appended(self.matrix), codes=other.codes, statistics=other.statistics
        )

    def parts(self, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
        """Return a function of a seed that gives rows to validate a member on, and those that it is trained on."""
        return partial(parts, self.rows(), recipe, by_class=not self.loss.numeric)


def parts(rows: ArrayRows, recipe: Recipe, seed: int, by_class: bool) -> tuple[Part, Part]:
    """Return the rows that validate a member, and those that it is trained on."""
    n = rows.n_rows
    if n < FEWEST_ROWS:
        return Part(rows, rows.order()), Part(rows, rows.order())
    fraction = min(recipe.validation_fraction, recipe.most_validation_rows / n)
    validation, rest = validation_split(n, fraction, seed, rows.y if by_class else None)
    if rows.w is not None and not all(rows.w[order.rows(0, order.size)].any() for order in (validation, rest)):
        return Part(rows, rows.order()), Part(rows, rows.order())  # a mean over weights of 0 is none
    return Part(rows, validation), Part(rows, rest)
