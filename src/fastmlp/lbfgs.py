"""L-BFGS by scipy over all rows at once: the objective and its gradient come from the kernels, in float64."""

from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from .network import Network, Rows
from .stochastic import raise_not_finite


def objective(network: Network, rows: Rows, alpha: float, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """(J + alpha/2 ‖W‖²) / Σw and its gradient (|θ|) at theta, which stays in the network."""
    network.theta[:] = theta
    tally, gradient = network.gradient(rows)
    W = theta[: network.plan.n_weights]
    gradient[: len(W)] += alpha * W
    return (tally.J + alpha / 2 * float(W @ W)) / tally.weight, gradient / tally.weight


def fit(estimator: Any, network: Network, rows: Rows) -> None:
    """Minimise until scipy or max_iter or max_fun ends it; θ, loss_ and n_iter_ of the estimator out."""

    def report(intermediate_result: Any) -> None:
        print(f"loss = {intermediate_result.fun:.8f}")

    result = minimize(
        lambda theta: objective(network, rows, estimator.alpha, theta),
        network.theta.copy(),
        jac=True,
        method="L-BFGS-B",
        callback=report if estimator.verbose else None,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = float(result.fun)
    network.theta[:] = result.x


def fit_if_finite(estimator: Any, network: Network, rows: Rows) -> None:
    """`fit`; where scipy divides by 0, as a gradient is beyond all numbers, θ is what it was before."""
    start = network.theta.copy()
    try:
        fit(estimator, network, rows)
    except ZeroDivisionError:
        network.theta[:] = start
        raise_not_finite()
