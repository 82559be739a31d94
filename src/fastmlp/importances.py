"""Permutation importances: how much worse predictions are when the values of a column are shuffled."""

from collections.abc import Sequence
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
    """Return the importances of the columns of X for a fitted estimator."""
    reading, matrix = estimator.reading_, estimator._matrix(X)
    parts = reading.encoding.parts
    of = np.repeat(np.arange(len(parts)), [part.n_features_out for part in parts])
    by_rows = view(estimator)
    by_rows._matrix = lambda R: moved(matrix, R, of)
    used = [part.name for part in parts]
    return shuffled(by_rows, len(matrix), reading.names, used, y, w, n_repeats, scoring, random_state)


def shuffled(
    by_rows: Any, n: int, names: Sequence[str], used: Sequence[str], y: Any, w: Any, n_repeats: int, scoring: Any,
    random_state: Any,
) -> FeatureImportances:  # fmt: skip
    """Return importances of columns of any table, which is encoded once.

    scikit-learn shuffles numbers of rows in place of values.

    Parameters
    ----------
    by_rows : an estimator that takes, in place of X, the row from which each column has its values (n, number of used)
    n : number of rows
    names, used : all columns, and those that the estimator uses
    """
    numbers = np.repeat(np.arange(n, dtype=np.int32)[:, np.newaxis], len(used), axis=1)
    weights = {} if w is None else {"sample_weight": w}
    found = permutation_importance(
        by_rows, numbers, y, scoring=scoring, n_repeats=n_repeats, random_state=random_state, **weights
    ).importances
    repeats, place = np.zeros((len(names), n_repeats)), {name: k for k, name in enumerate(used)}
    for k, name in enumerate(names):
        if name in place:
            repeats[k] = found[place[name]]
    order = np.argsort(-repeats.mean(axis=1), kind="stable")
    sorted_names = tuple(names[k] for k in order)
    return FeatureImportances(sorted_names, repeats[order].mean(axis=1), repeats[order].std(axis=1), repeats[order])


def moved(matrix: np.ndarray, R: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the matrix (n, q) with values from other rows: column k has those of the rows R[:, of[k]]."""
    out, own = matrix.copy(), np.arange(len(matrix))
    others = (own[:, np.newaxis] != R).any(axis=0)
    for k in np.flatnonzero(others[of]):
        out[:, k] = matrix[R[:, of[k]], k]
    return out
