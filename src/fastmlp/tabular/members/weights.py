"""Weights of the encodings in the average of a tabular model, learned from rows that its nets were not trained on."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from ...losses import Loss
from .recipe import TRUST

MOST_STEPS = 50


def losses_and_slopes(loss: Loss, Z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss of each row (n), and dZ (n, K), of outputs Z (n, K) before the link and targets y (n)."""
    if loss.link == "softmax":
        rows = np.arange(len(y))
        dZ = softmax(Z, axis=1)
        dZ[rows, y] -= 1
        return logsumexp(Z, axis=1) - Z[rows, y], dZ
    Y = np.asarray(y, np.float64)[:, np.newaxis]
    if loss.link == "logistic":
        J, dZ = np.logaddexp(0, Z) - Y * Z, expit(Z) - Y
    elif loss.link == "exp":
        J, dZ = np.exp(Z) - Y * Z, np.exp(Z) - Y
    elif loss.of_one_target:
        levels, error = np.array(loss.parameters), Z - Y
        dZ = np.where(error > 0, 1 - levels, -levels)
        J = dZ * error
    else:
        delta, error = (loss.parameters or (np.inf,))[0], Z - Y
        dZ = np.clip(error, -delta, delta)
        J = dZ * (error - dZ / 2)
    return J.sum(axis=1), dZ


def learned_weights(loss: Loss, Z: Sequence[np.ndarray], y: np.ndarray, w: np.ndarray | None) -> np.ndarray:
    """Return a weight for each encoding, none negative, together 1: those of the least loss, and equal ones, mixed.

    Few rows choose by chance; so equal weights have the part 1 - TRUST.

    Parameters
    ----------
    Z : for each encoding the outputs (n, K) for rows that its nets have not seen
    y, w : targets as nets take them, and weights (n) of these rows
    """
    k = len(Z)
    equal = np.full(k, 1 / k)
    if k == 1:
        return equal
    stacked = np.stack(Z)

    @np.errstate(all="ignore")  # of outputs that overflow
    def mean_loss(a: np.ndarray) -> tuple[float, np.ndarray]:
        J, dZ = losses_and_slopes(loss, np.tensordot(a, stacked, 1), y)
        return float(np.average(J, weights=w)), np.array([np.average((dZ * each).sum(axis=1), weights=w) for each in Z])

    together = {"type": "eq", "fun": lambda a: a.sum() - 1, "jac": lambda a: np.ones(k)}
    found = minimize(
        mean_loss, equal, jac=True, method="SLSQP", bounds=[(0, 1)] * k, constraints=[together],
        options={"maxiter": MOST_STEPS},
    ).x  # fmt: skip
    found = np.maximum(found, 0)
    if not (np.isfinite(found).all() and found.sum() > 0):
        return equal
    return np.asarray(TRUST * found / found.sum() + (1 - TRUST) * equal)
