"""What is known of the target for each category of columns with many, and of pairs of such columns.

A net learns little of a category that has few rows. So it gets, in place of the category, the mean target of the rows
of that category, drawn towards the mean of all rows (Micci-Barreca 2001), and the logarithm of their number. For a row
that is trained on, the means are those of other rows: its own target would tell the net what it is to learn.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...losses import Loss
from ...tables.number_statistics import quartile_scaling
from .recipe import FOLDS, MOST_CLASSES_KNOWN, MOST_KEYS, MOST_ONE_HOT, MOST_PAIRS, NET, PRIOR_ROWS

MOST_FACTOR = 1e12  # of columns whose numbers differ by more than rounding


@dataclass(frozen=True)
class CategoryStatistic:
    """Numbers known of each category of a column, or of each pair of categories of two columns.

    Attributes
    ----------
    columns : one or two columns of codes in a matrix
    radix : the number of codes of the second; 1 where there is none
    keys : numbers of the categories or pairs, ascending (k)
    values : their numbers, and in the last row those of any other category (k + 1, d), float32
    """

    columns: tuple[int, ...]
    radix: int
    keys: np.ndarray
    values: np.ndarray

    def of(self, matrix: np.ndarray) -> np.ndarray:
        """Return the numbers of each row of a matrix (n, d)."""
        found: np.ndarray = self.values[places(keys_of(matrix, self.columns, self.radix), self.keys)]
        return found


@dataclass(frozen=True)
class CategoryStatistics:
    """Columns that stand behind those of a matrix."""

    parts: tuple[CategoryStatistic, ...] = ()

    @property
    def n_columns(self) -> int:
        """The number of columns."""
        return sum(part.values.shape[1] for part in self.parts)

    def appended(self, matrix: np.ndarray) -> np.ndarray:
        """Return a matrix (n, q) with these columns behind its own."""
        return np.hstack([matrix, *(part.of(matrix) for part in self.parts)]) if self.parts else matrix


NO_STATISTICS = CategoryStatistics()


def learned_statistics(
    matrix: np.ndarray, codes: Sequence[int], y: np.ndarray, w: np.ndarray | None, loss: Loss, seed: int
) -> tuple[CategoryStatistics, np.ndarray]:
    """Return the statistics of columns with many categories, and the matrix of the rows to train on with them.

    Parameters
    ----------
    matrix, codes, y, w, loss : as in `fit.Data`
    seed : draws FOLDS folds of rows; the means for a row are those of the other folds
    """
    w = np.ones(len(matrix)) if w is None else np.asarray(w, np.float64)
    Y, folds = targets_known(y, w, loss), np.random.default_rng(seed).integers(FOLDS, size=len(matrix))
    parts, columns = [], [matrix]
    for which, radix in choices(codes):
        keys = keys_of(matrix, which, radix)
        kept, counts = kept_keys(keys)
        at = places(keys, kept)
        means, own = smoothed_means(at, len(kept) + 1, Y, w, folds)
        counts = np.log(np.append(counts, 1.0))[:, np.newaxis]
        known, training = np.hstack([means, counts]), np.hstack([own, counts[at]])
        shift, factor = scaling_of(training)
        parts.append(CategoryStatistic(which, radix, kept, ((known - shift) * factor).astype(NET)))
        columns.append(((training - shift) * factor).astype(NET))
    return CategoryStatistics(tuple(parts)), np.hstack(columns) if parts else matrix


def choices(codes: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield columns, and pairs of columns, of which there are statistics, with the radix of the second."""
    many = [column for column, n in enumerate(codes) if n > MOST_ONE_HOT]
    for column in many:
        yield (column,), 1
    for k, (first, second) in enumerate(combinations(many, 2)):
        if k < MOST_PAIRS:
            yield (first, second), codes[second]


def keys_of(matrix: np.ndarray, columns: tuple[int, ...], radix: int) -> np.ndarray:
    """Return the number of each row's category, or pair of categories."""
    first = matrix[:, columns[0]].astype(np.int64)
    return first if len(columns) == 1 else first * radix + matrix[:, columns[1]].astype(np.int64)


def kept_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the most frequent keys that occur at least twice, ascending, and how often they occur."""
    found, counts = np.unique(keys, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_KEYS]
    chosen = np.sort(order[counts[order] > 1])
    return found[chosen], counts[chosen]


def places(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the place of each key among those that are known (k), or k."""
    at = np.searchsorted(known, keys)
    inside = np.minimum(at, max(len(known) - 1, 0))
    return np.where(known[inside] == keys, inside, len(known)) if len(known) else np.zeros(len(keys), np.intp)


def targets_known(y: np.ndarray, w: np.ndarray, loss: Loss) -> np.ndarray:
    """Return what is averaged (n, d): 1 for a row's class, else 0, for the most frequent classes; or numbers."""
    if loss.numeric:
        shift = np.average(y, weights=w)
        deviation = math.sqrt(np.average(np.square(y - shift), weights=w))
        return np.asarray((y - shift) / (deviation or 1.0))[:, np.newaxis]
    counts = np.bincount(y)
    frequent = [1] if len(counts) == 2 else np.argsort(-counts, kind="stable")[:MOST_CLASSES_KNOWN]
    return np.asarray(y[:, np.newaxis] == np.asarray(frequent), np.float64)


def smoothed_means(
    at: np.ndarray, k: int, Y: np.ndarray, w: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean targets of k categories (k, d), and for each row (n, d) the mean over the other folds.

    Categories that are rare are drawn to the mean of all; the last one stands for those that are not known, and has it.
    """
    mean = np.average(Y, axis=0, weights=w)
    prior = PRIOR_ROWS * float(w.mean())

    def sums(rows: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        """Return Σ w and Σ w Y of each category over some rows."""
        weighted = [np.bincount(at[rows], w[rows] * column, minlength=k) for column in Y[rows].T]
        return np.bincount(at[rows], w[rows], minlength=k)[:, np.newaxis], np.stack(weighted, axis=1)

    weights, totals = sums(slice(None))
    means = (totals + prior * mean) / (weights + prior)
    own = np.empty_like(Y)
    for fold in range(FOLDS):
        rows = np.flatnonzero(folds == fold)
        less, out = sums(rows)
        own[rows] = ((totals - out + prior * mean) / np.maximum(weights - less + prior, 1e-300))[at[rows]]
    means[-1] = mean
    own[at == k - 1] = mean
    return means, own


def scaling_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (shift, factor) of columns by `quartile_scaling`; 1 as factor of numbers that differ by rounding only."""
    shift, factor = quartile_scaling(values, values.min(axis=0), values.max(axis=0))
    return shift, np.where(factor < MOST_FACTOR, factor, 1.0)
