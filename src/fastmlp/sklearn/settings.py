"""What the parameters of an MLPClassifier mean for its epochs: the optimizer, and the rows of a batch."""

import warnings
from typing import Any

from ..optimizers import OPTIMIZERS, SCHEDULES, SGD, Adam, Momentum, Nesterov, Optimizer


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
