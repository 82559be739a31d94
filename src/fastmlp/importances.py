"""Permutation importances: how much worse predictions are when the values of a column are shuffled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance

from .sklearn.view import view


@dataclass(frozen=True)
class FeatureImportances:
    """By how much the score falls when a column is shuffled, the most important column first.

    Attributes
    ----------
    names : tuple of str
        The columns of X.
    means, deviations : array (p)
        Mean and standard deviation over the repetitions; 0 for columns that the estimator does not use.
    repeats : array (p, n_repeats)
        The fall of the score in each repetition.
    """

    names: tuple[str, ...]
    means: np.ndarray
    deviations: np.ndarray
    repeats: np.ndarray

    def __str__(self) -> str:
        width = max(map(len, self.names))
        rows = zip(self.names, self.means, self.deviations, strict=True)
        return "\n".join(f"{name:<{width}}  {mean:.4f} ± {deviation:.4f}" for name, mean, deviation in rows)


def importances_of(
    estimator: Any, X: Any, y: Any, w: Any, n_repeats: int, scoring: Any, random_state: Any
) -> FeatureImportances:
    """Return the importances of the columns of X for a fitted estimator.

    scikit-learn shuffles numbers of rows in place of values, so that any table will do and is encoded once.
    """
    reading, matrix = estimator.reading_, estimator._matrix(X)
    parts = reading.encoding.parts
    place = {part.name: k for k, part in enumerate(parts)}
    of = np.repeat(np.arange(len(parts)), [part.n_features_out for part in parts])

    def rows(R: np.ndarray) -> np.ndarray:
        """Return the matrix whose columns come from these rows, given for each part of the encoding."""
        return np.column_stack([matrix[R[:, part], k] for k, part in enumerate(of)])

    by_rows = view(estimator)
    by_rows._matrix = rows
    numbers = np.repeat(np.arange(len(matrix), dtype=np.int32)[:, np.newaxis], len(parts), axis=1)
    weights = {} if w is None else {"sample_weight": w}
    found = permutation_importance(
        by_rows, numbers, y, scoring=scoring, n_repeats=n_repeats, random_state=random_state, **weights
    ).importances
    repeats = np.zeros((len(reading.names), n_repeats))
    for k, name in enumerate(reading.names):
        if name in place:
            repeats[k] = found[place[name]]
    order = np.argsort(-repeats.mean(axis=1), kind="stable")
    names = tuple(reading.names[k] for k in order)
    return FeatureImportances(names, repeats[order].mean(axis=1), repeats[order].std(axis=1), repeats[order])
