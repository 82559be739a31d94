"""Fits with solver="lbfgs": scikit-learn's objective over all rows, its warnings and its attributes."""

import warnings
from typing import Any

import numpy as np

from ..network.network import Network
from ..rows.rows import Rows
from ..sklearn_private import _check_optimize_result
from ..system.interrupts import postponed
from ..training.divergence import raise_not_finite
from ..training.lbfgs import minimise


def objective(network: Network, rows: Rows, alpha: float, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """Return (J + alpha/2 ‖W‖²) / Σw and its gradient (|θ|) at theta, which stays in the network."""
    network.theta[:] = theta
    tally, gradient = network.gradient(rows)
    W = theta[: network.plan.n_weights]
    gradient[: len(W)] += alpha * W
    return (tally.J + alpha / 2 * float(W @ W)) / tally.weight, gradient / tally.weight


def train(estimator: Any, network: Network, rows: Rows) -> None:
    """Minimize until scipy, max_iter, max_fun or Ctrl-C ends it; set θ, loss_ and n_iter_ of the estimator."""
    theta = network.theta.copy()  # of the last iteration
    estimator.n_iter_, estimator.loss_ = 0, float("nan")

    def after(loss: float) -> None:
        estimator.loss_ = loss
        estimator.n_iter_ += 1
        if estimator.verbose:
            print(f"loss = {loss:.8f}")

    try:
        with postponed():
            result = minimise(
                lambda theta: objective(network, rows, estimator.alpha, theta),
                theta, after, estimator.max_iter, estimator.tol, estimator.max_fun,
            )  # fmt: skip
        estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
        estimator.loss_, theta = float(result.fun), result.x
    except ZeroDivisionError:  # scipy's, of a gradient beyond all numbers
        raise_not_finite()
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
    finally:
        network.theta[:] = theta
