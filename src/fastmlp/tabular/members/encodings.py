"""The encodings of members: from the columns of a matrix to the inputs of a net."""

from collections.abc import Sequence

import numpy as np

from ...feature_parts import Bins, Clipped, FeaturePart, Missing, OneHot, Waves
from ...features import Features
from .recipe import (
    LEAF_SHARE,
    MOST_BINS,
    MOST_HOT,
    MOST_LEAVES,
    MOST_ONE_HOT,
    MOST_WAVES,
    N_WAVES,
    QUANTILES,
    SAMPLED_ROWS,
    TREES,
    WAVES,
)


class Sample:
    """Rows of a matrix by which encodings are learned.

    Parameters
    ----------
    X : (n, q), NaN where a number is missing
    codes : for each column the number of its codes, 0 for numbers
    y : (n) of class numbers or numbers
    classes : whether y holds class numbers
    seed : of the draw of SAMPLED_ROWS rows, where there are more
    n_known : how many of the last columns of X are statistics of those with many codes, which need no bins or waves
    """

    def __init__(
        self, X: np.ndarray, codes: Sequence[int], y: np.ndarray, classes: bool, seed: int, n_known: int = 0
    ) -> None:
        chosen = sampled_rows(len(X), seed)
        self.X, self.y, self.codes, self.classes, self.seed = X[chosen], y[chosen], list(codes), classes, seed
        self.n_known = n_known

    def features(self, encoding: str, wave_scale: float) -> Features:
        """Return the inputs of a net with an encoding of the recipe, whose frequencies have this deviation."""
        parts: list[FeaturePart] = []
        q = len(self.codes)
        for column, n_codes in enumerate(self.codes[: q - self.n_known]):
            parts += self.of_codes(column, n_codes) if n_codes else self.of_numbers(column, encoding, wave_scale)
        return Features(q, (*parts, *map(Clipped, range(q - self.n_known, q))))

    def of_codes(self, column: int, n_codes: int) -> list[FeaturePart]:
        """Return an input for each code; none where there are statistics instead."""
        if n_codes > MOST_ONE_HOT:
            return [] if self.n_known else [OneHot(column, min(n_codes, MOST_HOT))]
        return [OneHot(column, n_codes)]

    def of_numbers(self, column: int, encoding: str, wave_scale: float) -> list[FeaturePart]:
        """Return the inputs of a column of numbers."""
        x = self.X[:, column].astype(np.float64)
        there = np.isfinite(x)
        parts: list[FeaturePart] = [Clipped(column)]
        edges = np.empty(0)
        if encoding == QUANTILES:
            edges = quantile_edges(x[there])
        elif encoding == TREES:
            edges = tree_edges(x[there], self.y[there], self.classes)
        if len(edges) > 2:
            parts.append(Bins(column, tuple(edges.tolist())))
        if encoding == WAVES and len(np.unique(x[there])) > 2:
            n_waves = max(1, min(N_WAVES, MOST_WAVES // self.codes.count(0)))
            frequencies = np.random.default_rng([self.seed, column]).normal(0, wave_scale, n_waves)
            parts.append(Waves(column, tuple(frequencies.tolist())))
        return parts if there.all() else [*parts, Missing(column)]


def sampled_rows(n: int, seed: int) -> np.ndarray:
    """Return the numbers of the rows of n by which encodings are learned: all, or SAMPLED_ROWS that are drawn."""
    if n <= SAMPLED_ROWS:
        return np.arange(n)
    return np.random.default_rng(seed).choice(n, SAMPLED_ROWS, False)


def quantile_edges(x: np.ndarray, n: int = MOST_BINS) -> np.ndarray:
    """Return the least and the largest number, and between them n - 1 quantiles, without repetitions."""
    return apart(np.quantile(x, np.linspace(0, 1, n + 1))) if x.size else x


def tree_edges(x: np.ndarray, y: np.ndarray, classes: bool, n: int = MOST_LEAVES) -> np.ndarray:
    """Return the least and the largest number, and between them the thresholds of a decision tree for y."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if x.size == 0 or x.min() == x.max():
        return x[:0]
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    leaf = max(8, round(LEAF_SHARE * len(x)))
    tree = kind(max_leaf_nodes=n, min_samples_leaf=leaf, random_state=0).fit(x[:, np.newaxis], y).tree_
    return apart(np.concatenate([[x.min(), x.max()], tree.threshold[tree.feature >= 0]]))


def apart(edges: np.ndarray) -> np.ndarray:
    """Return edges in ascending order, without those that float32 does not tell apart."""
    return np.unique(edges.astype(np.float32)).astype(np.float64)
