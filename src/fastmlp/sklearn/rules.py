"""Epochs of Adam and SGD after scikit-learn's rules: the same random draws, losses, learning rates and ends.

A score that is not finite is told, and never taken for the best. What lasts from one fit to the next (t_, loss_curve_,
best_loss_, …) is the estimator's, as in scikit-learn.
"""

import itertools
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..arguments import checked_callbacks
from ..exceptions import RowError, user_code
from ..network.call import Tally
from ..network.network import Network
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from ..system.interrupts import allowed, check, postponed
from ..system.progress_bar import progress_bar
from ..training.divergence import raise_not_finite, remedies
from ..training.improvement import Improvement
from ..training.validation import Validation
from .coefficients import Coefficients
from .settings import batch_rows, optimizer_of

SMALLEST_ADAPTIVE_RATE = 1e-6
NAMES = {"l2": "alpha", "learning_rate": "learning_rate_init"}  # of what an optimizer is told


class Fit:
    """One call of fit or partial_fit.

    Parameters
    ----------
    estimator : MLPClassifier, whose attributes change as it goes
    coefficients : its net, whose θ is trained
    rows : all rows
    training : those to train on
    validation : those to validate on, if any
    random : for the order of rows
    """

    def __init__(
        self, estimator: Any, coefficients: Coefficients, rows: Rows, training: np.ndarray | Pass,
        validation: Validation | None, random: np.random.RandomState,
    ) -> None:  # fmt: skip
        self.estimator, self.coefficients, self.rows, self.random = estimator, coefficients, rows, random
        self.network: Network = coefficients.network
        self.training, self.validation = training, validation
        self.n: int = len(training) if isinstance(training, np.ndarray) else training.size  # type: ignore[assignment]
        self.batch_rows = batch_rows(estimator, self.n)
        self.improvement = improvement_of(estimator)
        if estimator.early_stopping and np.isfinite(self.improvement.best):
            self.improvement.kept = self.network.theta.copy()  # a warm start has the weights of the best score
        self.unmeasured = False  # has the user been warned of a score that is not finite?
        # Without dropout, exactly scikit-learn's numbers are drawn.
        needed = any(self.network.plan.dropout) or isinstance(training, Pass)
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
            self.take_best()

    def take_best(self) -> None:
        """Go back to the weights with the best score, if there is one."""
        if self.improvement.kept is not None:
            self.network.theta[:] = self.improvement.kept
        elif self.estimator.n_iter_ > 0:
            warnings.warn(
                "early_stopping: no epoch had a finite validation score; the weights are those of the last one",
                RuntimeWarning,
                stacklevel=2,
            )

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
            ends = stops(estimator, record)
            self.take_over()
            if ends:
                return
            if not np.isfinite(record["loss"]):
                warnings.warn(
                    f"the loss of epoch {record['epoch']} is not finite: training ends, with the weights of the best "
                    "validation score",
                    RuntimeWarning,
                    stacklevel=2,
                )
                return
            if self.improvement.exhausted and self.ends():
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
        theta, optimizer = self.network.theta, estimator._optimizer
        before = theta.copy()
        watch = None if bar.disable else lambda rows: bar.update(base + rows - bar.n)
        self.network.train(
            self.rows, order, self.batch_rows, optimizer, estimator.alpha, watch, tally, self.seed
        )  # fmt: skip
        bar.update(base + self.n - bar.n)
        if tally.rows == self.n and not tally.objective_rows:
            raise RowError("sample_weight is 0 for every row to train on")
        diverged = tally.diverged or not (np.isfinite(tally.objective) and np.isfinite(theta).all())
        if diverged:
            theta[:] = before
            if self.improvement.kept is None:
                first = tally.rows if tally.rows < self.n else 0
                last = min(first + self.batch_rows, self.n)
                raise_not_finite(remedies(optimizer, estimator.alpha, self.rows, order, first, last, NAMES))
        estimator.n_iter_ += 1
        estimator.t_ += self.n
        estimator.loss_ = float("nan") if diverged else tally.mean_objective
        estimator.loss_curve_.append(estimator.loss_)
        estimator.learning_rate_curve_.append(optimizer.rate)
        record = {
            "epoch": len(estimator.loss_curve_),
            "loss": estimator.loss_,
            "learning_rate": optimizer.rate,
        }
        self.say(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self.validation is not None:
            record |= self.validate(diverged)
        self.count_epochs_without_improvement()
        return record | {"seconds": time.perf_counter() - begin}

    def validate(self, diverged: bool) -> dict[str, float]:
        """Loss and score over the validation rows; the best weights are kept."""
        estimator, nan = self.estimator, float("nan")
        assert self.validation is not None
        loss, score = (nan, nan) if diverged else self.validation.evaluate(self.network)
        self.take_over()
        if not (diverged or np.isfinite(score)):
            self.warn_of_score(self.validation, loss, score)
        for curve, value in ((estimator.validation_loss_curve_, loss), (estimator.validation_scores_, score)):
            missed = len(estimator.loss_curve_) - 1 - len(curve)  # epochs of former fits without validation
            curve.extend([nan] * missed)
            curve.append(value)
        self.say(f"Validation score: {score:f}")
        return {"validation_loss": loss, "validation_score": score}

    def warn_of_score(self, validation: Validation, loss: float, score: float) -> None:
        """Warn, once, of a score that tells nothing."""
        if self.unmeasured:
            return
        self.unmeasured = True
        if not np.isfinite(loss):
            why = "the outputs for some validation rows overflow; scale their features as those of the training rows"
        elif validation.holds_one_class():
            why = f"scoring={self.estimator.scoring!r} of rows that all have one class; give X_val and y_val of several"
        else:
            why = f"that is what scoring={self.estimator.scoring!r} gives for the validation rows"
        warnings.warn(
            f"the validation score of epoch {len(self.estimator.loss_curve_)} is {score}: {why}. Such an epoch never "
            "counts as the best",
            RuntimeWarning,
            stacklevel=2,
        )

    def take_over(self) -> None:
        """What the user's code has put into coefs_ and intercepts_ is what trains."""
        estimator, ours = self.estimator, self.coefficients
        estimator._coefficients = ours
        if not ours.are(estimator.coefs_, estimator.intercepts_):
            ours.set(*([np.array(a) for a in arrays] for arrays in (estimator.coefs_, estimator.intercepts_)))
            estimator.coefs_, estimator.intercepts_ = list(ours.weights), list(ours.biases)

    def count_epochs_without_improvement(self) -> None:
        """Compare the epoch with the best one so far, by validation score or by loss."""
        estimator, improvement = self.estimator, self.improvement
        improvement.tol, improvement.patience = estimator.tol, estimator.n_iter_no_change + 1
        if estimator.early_stopping:
            improvement.count(estimator.validation_scores_[-1], self.network.theta.copy)
            estimator.best_validation_score_ = improvement.best
        else:
            improvement.count(-estimator.loss_, lambda: None)
            estimator.best_loss_ = -improvement.best
            if self.validation is not None:
                finite_scores = [score for score in estimator.validation_scores_ if np.isfinite(score)]
                estimator.best_validation_score_ = max(finite_scores, default=None)
        estimator._no_improvement_count = improvement.waited

    def ends(self) -> bool:
        """Stop here, or go on with a lower learning rate?"""
        estimator, optimizer = self.estimator, self.estimator._optimizer
        what = "Validation score" if estimator.early_stopping else "Training loss"
        epochs = f"{estimator.n_iter_no_change} consecutive epochs"
        text = f"{what} did not improve more than tol={estimator.tol:f} for {epochs}."
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
            if optimizer.learning_rate > SMALLEST_ADAPTIVE_RATE:
                optimizer.learning_rate /= 5
                self.improvement.waited = estimator._no_improvement_count = 0
                self.say(f"{text} Setting learning rate to {optimizer.learning_rate:f}")
                return False
            text += " Learning rate too small."
        self.say(f"{text} Stopping.")
        return True

    def say(self, text: str) -> None:
        if self.estimator.verbose and self.estimator.verbose != "bar":
            print(text)


def improvement_of(estimator: Any) -> Improvement:
    """Return scikit-learn's rule, with the best epoch of former fits: by validation score or by loss."""
    best = estimator.best_validation_score_ if estimator.early_stopping else estimator.best_loss_
    figure = -np.inf if best is None else float(best if estimator.early_stopping else -best)
    patience = estimator.n_iter_no_change + 1
    return Improvement(estimator.tol, patience, ties=True, best=figure, waited=estimator._no_improvement_count)


def stops(estimator: Any, record: dict[str, Any]) -> bool:
    """Call the callbacks; does one of them end the training?"""
    callbacks = checked_callbacks(estimator.callbacks)
    if not callbacks:
        return False
    with allowed(), user_code():
        answers = [callback(estimator, record) for callback in callbacks]
    check()
    return any(answers)
