"""Members that predict together: the outputs of their nets, before the link, are averaged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

from ...losses import Loss
from ...model import Model
from ...rows.rows import Rows


def averaged(models: Sequence[Model], weights: np.ndarray, rows: Rows, order: Any = None) -> np.ndarray:
    """Return the weighted sum of Z[L] over nets, (n, p[L]) in float64; order: of the rows, or None for all."""
    total: Any = 0
    for model, weight in zip(models, weights, strict=True):
        total = total + weight * model.network.logits(rows, order).astype(np.float64)
    return np.asarray(total)


def shares(weights: np.ndarray, chosen: list[int] | np.ndarray) -> np.ndarray:
    """Return the weights of some nets in their average, together 1; equal ones where none has any."""
    some = weights[chosen]
    return some / some.sum() if some.any() else np.full(len(some), 1 / len(some))


def linked(loss: Loss, Z: np.ndarray) -> np.ndarray:
    """Return g[L](Z): probabilities (n, K), those of both classes for one output; predictions of numbers as Z."""
    if loss.link == "logistic":
        P = expit(Z)
        return np.column_stack([1 - P, P]) if Z.shape[1] == 1 else P
    if loss.link == "softmax":
        return np.asarray(softmax(Z, axis=1))
    return np.exp(Z) if loss.link == "exp" else Z


def log_linked(loss: Loss, Z: np.ndarray) -> np.ndarray:
    """Return logarithms of probabilities (n, K), which are finite also where these are rounded to 0."""
    if loss.link == "softmax":
        return np.asarray(log_softmax(Z, axis=1))
    return np.asarray(-np.logaddexp(0, np.column_stack([Z, -Z])))
