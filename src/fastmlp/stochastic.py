"""Epochs of Adam and SGD after scikit-learn's rules: the same random draws, losses, learning rates and ends.

What lasts from one fit to the next (t_, loss_curve_, best_loss_, …) is the estimator's, as in scikit-learn.
"""

import itertools
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .call import Rows, Tally
from .exceptions import DivergenceError
from .kernels.interrupts import allowed, check, postponed
from .network import Network
from .optimizers import OPTIMIZERS, SCHEDULES, SGD, Adam, Momentum, Nesterov, Optimizer
from .progress_bar import progress_bar
from .rows.order import Order, Pass
from .validation import Validation

SMALLEST_ADAPTIVE_RATE = 1e-6


def optimizer_of(estimator: Any) -> Optimizer:
    """A new optimizer from the estimator's parameters."""
    optimizer: Optimizer
    rate = float(estimator.learning_rate_init)
    if isinstance(estimator.optimizer, Optimizer):
        optimizer = type(estimator.optimizer)(**estimator.optimizer.settings())  # without moments, to start anew
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
    """Rows in a batch, of n."""
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return int(min(estimator.batch_size, n))


class Fit:
    """One call of fit or partial_fit.

    Parameters
    ----------
    estimator : MLPClassifier, whose attributes change as it goes
    network : its net, whose θ is trained
    rows : all rows
    training : those to train on
    validation : those to validate on, if any
    random : for the order of rows
    """

    def __init__(
        self, estimator: Any, network: Network, rows: Rows, training: np.ndarray | Pass,
        validation: Validation | None, random: np.random.RandomState,
    ) -> None:  # fmt: skip
        self.estimator, self.network, self.rows, self.random = estimator, network, rows, random
        self.training, self.validation = training, validation
        self.n: int = len(training) if isinstance(training, np.ndarray) else training.size  # type: ignore[assignment]
        self.batch_rows = batch_rows(estimator, self.n)
        self.best_theta = network.theta.copy()
        # Without dropout, exactly scikit-learn's numbers are drawn.
        needed = any(network.plan.dropout) or isinstance(training, Pass)
        self.seed = int(random.randint(2**31)) if needed else 0

    def run(self, incremental: bool) -> None:
        """Train, for one epoch if incremental."""
        estimator = self.estimator
        most = 1 if incremental else estimator.max_iter
        if not incremental or not hasattr(estimator, "_optimizer"):
            estimator._optimizer = optimizer_of(estimator)
            estimator._optimizer.start_schedule(0 if incremental else most * -(-self.n // self.batch_rows))
        bar = progress_bar(estimator.verbose == "bar", total=self.n * most, dynamic_ncols=True)
        try:
            with postponed(), bar:
                self.epochs(most, incremental, bar)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        if estimator.early_stopping:
            self.network.theta[:] = self.best_theta

    def epochs(self, most: int, incremental: bool, bar: Any) -> None:
        """At most so many epochs."""
        estimator, orders = self.estimator, self.orders()
        estimator.n_iter_ = 0
        vars(estimator).setdefault("learning_rate_curve_", [])  # coefs_ may come from elsewhere than from a fit
        for _ in range(most):
            record = self.epoch(next(orders), bar)
            if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
                scale = (estimator.t_ + 1) ** estimator.power_t
                estimator._optimizer.learning_rate = estimator.learning_rate_init / scale
            if stops(estimator, record) or not np.isfinite(record["loss"]):
                return
            if estimator._no_improvement_count > estimator.n_iter_no_change and self.ends():
                return
            if estimator.n_iter_ == estimator.max_iter and not incremental:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
                    "hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=2,
                )

    def orders(self) -> Iterator[Order | Pass]:
        """The order of rows of each epoch."""
        shuffle = self.estimator.shuffle
        if isinstance(self.training, Pass):
            for epoch in itertools.count(1):
                yield self.training.shuffled(self.seed, epoch) if shuffle else self.training
            return
        positions = np.arange(self.n)
        while True:
            if shuffle:  # the draws of sklearn.utils.shuffle, without its checks
                drawn = np.arange(self.n)
                self.random.shuffle(drawn)
                positions = positions[drawn]
            yield Order.of(self.training[positions])

    def epoch(self, order: Order | Pass, bar: Any) -> dict[str, Any]:
        """One pass over the rows in this order, and what came of it."""
        estimator, tally, begin, base = self.estimator, Tally(), time.perf_counter(), bar.n
        watch = None if bar.disable else lambda rows: bar.update(base + rows - bar.n)
        self.network.train(
            self.rows, order, self.batch_rows, estimator._optimizer, estimator.alpha, watch, tally, self.seed
        )  # fmt: skip
        bar.update(base + self.n - bar.n)
        if tally.diverged and not estimator.early_stopping:
            raise_not_finite()
        estimator.n_iter_ += 1
        estimator.t_ += self.n
        estimator.loss_ = float("nan") if tally.diverged else tally.mean_objective
        estimator.loss_curve_.append(estimator.loss_)
        estimator.learning_rate_curve_.append(estimator._optimizer.rate)
        record = {
            "epoch": len(estimator.loss_curve_),
            "loss": estimator.loss_,
            "learning_rate": estimator._optimizer.rate,
        }
        self.say(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self.validation is not None:
            record |= self.validate(tally.diverged)
        self.count_epochs_without_improvement()
        return record | {"seconds": time.perf_counter() - begin}

    def validate(self, diverged: bool) -> dict[str, float]:
        """Loss and score over the validation rows; the best weights are kept."""
        estimator, nan = self.estimator, float("nan")
        assert self.validation is not None
        loss, score = (nan, nan) if diverged else self.validation.evaluate(self.network)
        for curve, value in ((estimator.validation_loss_curve_, loss), (estimator.validation_scores_, score)):
            missed = len(estimator.loss_curve_) - 1 - len(curve)  # epochs of former fits without validation
            curve.extend([nan] * missed)
            curve.append(value)
        self.say(f"Validation score: {score:f}")
        return {"validation_loss": loss, "validation_score": score}

    def count_epochs_without_improvement(self) -> None:
        """Compare the epoch with the best one so far, by validation score or by loss."""
        estimator = self.estimator
        if estimator.early_stopping:
            score = estimator.validation_scores_[-1]
            improved = not score < estimator.best_validation_score_ + estimator.tol
            if score > estimator.best_validation_score_:
                estimator.best_validation_score_ = score
                self.best_theta = self.network.theta.copy()
        else:
            improved = estimator.loss_ <= estimator.best_loss_ - estimator.tol
            estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
            if self.validation is not None:
                estimator.best_validation_score_ = np.nanmax(estimator.validation_scores_)
        estimator._no_improvement_count = 0 if improved else estimator._no_improvement_count + 1

    def ends(self) -> bool:
        """Stop here, or go on with a lower learning rate?"""
        estimator, optimizer = self.estimator, self.estimator._optimizer
        what = "Validation score" if estimator.early_stopping else "Training loss"
        epochs = f"{estimator.n_iter_no_change} consecutive epochs"
        text = f"{what} did not improve more than tol={estimator.tol:f} for {epochs}."
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
            if optimizer.learning_rate > SMALLEST_ADAPTIVE_RATE:
                optimizer.learning_rate /= 5
                estimator._no_improvement_count = 0
                self.say(f"{text} Setting learning rate to {optimizer.learning_rate:f}")
                return False
            text += " Learning rate too small."
        self.say(f"{text} Stopping.")
        return True

    def say(self, text: str) -> None:
        if self.estimator.verbose and self.estimator.verbose != "bar":
            print(text)


def stops(estimator: Any, record: dict[str, Any]) -> bool:
    """Call the callbacks; does one of them end the training?"""
    given = estimator.callbacks if isinstance(estimator.callbacks, list) else [estimator.callbacks]
    callbacks = [callback for callback in given if callback is not None]
    if not callbacks:
        return False
    with allowed():
        answers = [callback(estimator, record) for callback in callbacks]
    check()
    return any(answers)


def raise_not_finite() -> None:
    """The error of training that diverged, in scikit-learn's words."""
    raise DivergenceError(
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        "preprocessed."
    )
