"""L-BFGS by scipy over all rows at once: the objective and its gradient come from the kernels, in float64."""

import warnings
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..network.network import Network
from ..rows.rows import Rows
from ..sklearn_private import _check_optimize_result
from ..system.blas import one_blas_thread
from ..system.interrupts import postponed
from .divergence import raise_not_finite


def objective(network: Network, rows: Rows, alpha: float, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """(J + alpha/2 ‖W‖²) / Σw and its gradient (|θ|) at theta, which stays in the network."""
    network.theta[:] = theta
    tally, gradient = network.gradient(rows)
    W = theta[: network.plan.n_weights]
    gradient[: len(W)] += alpha * W
    return (tally.J + alpha / 2 * float(W @ W)) / tally.weight, gradient / tally.weight


def fit(estimator: Any, network: Network, rows: Rows) -> None:
    """Minimise until scipy or max_iter or max_fun ends it, or Ctrl-C; θ, loss_ and n_iter_ of the estimator out."""
    theta = network.theta.copy()  # of the last iteration
    estimator.n_iter_, estimator.loss_ = 0, float("nan")

    def report(intermediate_result: Any) -> None:
        theta[:], estimator.loss_ = intermediate_result.x, float(intermediate_result.fun)
        estimator.n_iter_ += 1
        if estimator.verbose:
            print(f"loss = {estimator.loss_:.8f}")

    try:
        # The dot products of BLAS are sums of as many parts as it has threads: here of one, on any machine.
        with postponed(), one_blas_thread():
            result = minimize(
                lambda theta: objective(network, rows, estimator.alpha, theta),
                theta.copy(),
                jac=True,
                method="L-BFGS-B",
                callback=report,
                options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
            )
        estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
        estimator.loss_, theta = float(result.fun), result.x
    except ZeroDivisionError:  # scipy's, of a gradient beyond all numbers
        raise_not_finite()
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
    finally:
        network.theta[:] = theta
