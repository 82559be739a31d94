"""Groups of rows by their predictions, and what else is computed of rows by weight."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

GROUPS = 10  # of rows, by their predictions: deciles


@dataclass(frozen=True)
class Group:
    """Rows of similar predictions.

    Attributes
    ----------
    rows : their places
    least, most : of their predictions
    prediction, truth : means, by weight
    weight : of these rows, of all
    """

    rows: np.ndarray
    least: float
    most: float
    prediction: float
    truth: float
    weight: float


def groups_of(prediction: np.ndarray, y: np.ndarray, w: np.ndarray | None, n_groups: int = GROUPS) -> list[Group]:
    """Return groups of about as many rows each, by quantiles of the prediction, in ascending order.

    The bounds are those of scikit-learn's `calibration_curve` with strategy="quantile"; equal predictions are in one
    group. Rows without weight belong to none.
    """
    v = np.ones(len(y)) if w is None else w
    bounds = np.percentile(prediction[v > 0], np.linspace(0, 100, n_groups + 1))
    place = np.searchsorted(bounds[1:-1], prediction)
    return list(filled(prediction, y, v, place))


def filled(prediction: np.ndarray, y: np.ndarray, v: np.ndarray, place: np.ndarray) -> Iterator[Group]:
    """Yield the groups that have rows with weight."""
    for k in np.unique(place[v > 0]):
        rows = np.flatnonzero((place == k) & (v > 0))
        p = prediction[rows]
        yield Group(
            rows, float(p.min()), float(p.max()), float(np.average(p, weights=v[rows])),
            float(np.average(y[rows], weights=v[rows])), float(v[rows].sum() / v.sum()),
        )  # fmt: skip


def quantile(values: np.ndarray, level: float, w: np.ndarray | None) -> float:
    """Return a quantile, by weight: the least of the values up to which there is this share of the weight."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(np.ones(len(values)) if w is None else w[order])
    return float(values[order[np.searchsorted(sums, level * sums[-1])]])


def repeated(w: np.ndarray | None, K: int) -> np.ndarray | None:
    """Return weights for each of K numbers of a row."""
    return None if w is None else np.repeat(w, K)


def spread(values: np.ndarray, most: int) -> np.ndarray:
    """Return the places of at most `most` of n values, evenly spaced, to draw."""
    return np.unique(np.linspace(0, len(values) - 1, min(most, len(values))).astype(np.intp))
