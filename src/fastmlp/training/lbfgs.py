"""L-BFGS by scipy, in float64: of any objective that returns its value and its gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..system.blas import one_blas_thread

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


def minimise(
    objective: Objective, theta: np.ndarray, after: Callable[[float], Any], max_iter: int, tol: float,
    max_fun: int = 15_000,
) -> Any:  # fmt: skip
    """Minimize an objective from theta on, and return scipy's result.

    Parameters
    ----------
    objective : returns its value at some θ and its gradient there, both in float64
    theta : where to start; after each iteration, where that ended, also if it was the last one by an exception
    after : called with the value after each iteration; the minimization ends if it returns True
    max_iter, max_fun : iterations and evaluations at most
    tol : end where no component of the gradient is larger
    """

    def report(intermediate_result: Any) -> None:
        theta[:] = intermediate_result.x
        if after(float(intermediate_result.fun)):
            raise StopIteration

    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    # The dot products of BLAS are sums of as many parts as it has threads: here of one, on any machine.
    with one_blas_thread():
        return minimize(objective, theta.copy(), jac=True, method="L-BFGS-B", callback=report, options=options)
