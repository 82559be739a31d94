"""Views of an estimator to predict with: as it is now or, while another thread fits it, as it was before."""

from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..network.network import Network
from ..network.workspace import aligned_copy
from ..precision import warn_of_float32
from ..system import fit_lock

View = tuple[Any, Network, np.ndarray]  # an estimator, its net, and θ to use in place of the net's


def present(estimator: Any) -> View:
    """Return the view to predict with, which does not change whatever becomes of the estimator."""
    now: View | None = fit_lock.present(estimator, lambda: weights(estimator))
    if now is None:
        raise NotFittedError(f"This {type(estimator).__name__} instance is being fitted for the first time.")
    warn_of_float32(now[0]._mixed)
    return now


def weights(estimator: Any) -> View:
    """Return the estimator as it is, with a copy of its θ."""
    if not hasattr(estimator, "coefs_"):
        check_is_fitted(estimator, "coefs_")
    network = estimator._network()
    return view(estimator), network, aligned_copy(network.theta)


def frozen(estimator: Any) -> View | None:
    """Return the estimator as it is, with a net of its own; None before the first fit."""
    if not hasattr(estimator, "coefs_"):
        return None
    frozen = view(estimator)
    frozen.__dict__.pop("_coefficients", None)
    network = frozen._network()
    frozen.coefs_, frozen.intercepts_ = list(frozen._coefficients.weights), list(frozen._coefficients.biases)
    return frozen, network, network.theta


def view(estimator: Any) -> Any:
    """Return another estimator with the same attributes; later changes of this one do not reach it."""
    other = object.__new__(type(estimator))
    other.__dict__.update(estimator.__dict__)
    return other
