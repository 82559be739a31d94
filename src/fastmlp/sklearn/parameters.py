"""Which values parameters may have, and what they mean for epochs: the optimizer, and the rows of a batch."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names

from ..activations import ACTIVATIONS
from ..arguments import MIXED
from ..losses import NAMES as LOSSES
from ..optimizers import OPTIMIZERS, SCHEDULES, SGD, Adam, Momentum, Nesterov, Optimizer
from ..sklearn_private import Interval, Options, StrOptions

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), tuple, list],
    "solver": [StrOptions({"adam", "sgd", "lbfgs"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "cosine", "one_cycle"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose", StrOptions({"bar"})],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "dtype": [StrOptions({"auto", "float32", "float64", MIXED})],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer, None],
    "callbacks": [callable, list, None],
    "n_threads": [None, Interval(Integral, 1, None, closed="left")],
}
OF_CLASSES = {**CONSTRAINTS, "class_weight": [dict, list, StrOptions({"balanced"}), None]}
OF_NUMBERS = {
    **CONSTRAINTS,
    "loss": [StrOptions({name for name in LOSSES if name != "log_loss"})],
    "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
    "delta": [Interval(Real, 0, None, closed="neither")],
    "standardize_target": ["boolean"],
}


def set_parameters(estimator: Any, given: dict[str, Any]) -> None:
    """Set an estimator's parameters; given: `vars()` of its constructor."""
    vars(estimator).update((name, value) for name, value in given.items() if name != "self")


def trains_by_epochs(estimator: Any) -> bool:
    """Return whether there is a partial_fit; raise AttributeError, as scikit-learn does, if not."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def optimizer_of(estimator: Any) -> Optimizer:
    """Return a new optimizer by the estimator's parameters."""
    optimizer: Optimizer
    rate = float(estimator.learning_rate_init)
    if isinstance(estimator.optimizer, Optimizer):
        optimizer = type(estimator.optimizer)(**estimator.optimizer.settings())  # without moments
    elif estimator.optimizer is not None:
        optimizer = OPTIMIZERS[estimator.optimizer](rate)
    elif estimator.solver == "adam":
        optimizer = Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    elif estimator.momentum == 0:
        optimizer = SGD(rate)
    else:
        optimizer = (Nesterov if estimator.nesterovs_momentum else Momentum)(rate, estimator.momentum)
    if estimator.learning_rate in SCHEDULES and estimator.learning_rate != "constant":
        optimizer.schedule = estimator.learning_rate
    optimizer.like_scikit_learn = True
    return optimizer


def batch_rows(estimator: Any, n: int) -> int:
    """Return the number of rows in a batch, of n."""
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return int(min(estimator.batch_size, n))
