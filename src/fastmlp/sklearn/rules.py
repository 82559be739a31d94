"""scikit-learn's rules for the loop over epochs: the same random draws, losses, learning rates and ends.

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
from ..exceptions import RowError
from ..rows.order import Order, Pass
from ..training.checkpoint_state import Extent
from ..training.divergence import raise_not_finite, remedies
from ..training.improvement import Improvement
from ..training.loop import Part, run_callbacks
from ..training.progress import OVERFLOW, Progress, Snapshot
from ..training.validation import Validation
from ..typing import Record
from .coefficients import Coefficients
from .parameters import batch_rows

SMALLEST_ADAPTIVE_RATE = 1e-6
NAMES = {"l2": "alpha", "learning_rate": "learning_rate_init"}  # of what an optimizer is told


class ScikitLearnRules:
    """The rules of one call of fit or partial_fit; parameters as for `train_by_epochs`, methods as in `Rules`."""

    def __init__(
        self, estimator: Any, coefficients: Coefficients, part: Part, validation: Validation | None, incremental: bool
    ) -> None:
        self.estimator, self.coefficients, self.network = estimator, coefficients, coefficients.network
        self.part, self.validation, self.incremental = part, validation, incremental
        self.epochs: int = 1 if incremental else estimator.max_iter
        self.batch_rows, self.l2 = batch_rows(estimator, part.order.size), estimator.alpha
        self.best_by = "validation score" if estimator.early_stopping else None
        self.shown = estimator.verbose == "bar"
        first, improvement = len(estimator.loss_curve_), improvement_of(estimator)
        if self.best_by and np.isfinite(improvement.best):
            improvement.kept = self.state()  # a warm start has the weights of the best score so far
        self.progress = Progress(first, first + 1, improvement)
        # Without dropout, exactly scikit-learn's numbers are drawn.
        random, needed = estimator._random_state, any(self.network.plan.dropout) or isinstance(part.order, Pass)
        self.seed = int(random.randint(2**31)) if needed else 0
        self.orders = orders(part.order, estimator.shuffle, self.seed, random)
        self.has_diverged = False
        vars(estimator).setdefault("learning_rate_curve_", [])  # coefs_ may come from elsewhere than from a fit

    def extent(self) -> Extent:
        """Return what a checkpoint is checked against."""
        size = self.part.order.size
        best = ("best.parameters",) if self.best_by else ()
        return Extent(self.epochs, size, self.batch_rows, self.progress.improvement, best)

    def go_on(self, progress: Progress | None) -> None:
        """Continue the fit of a checkpoint, from which the estimator was restored; begin if there is none."""
        if progress is None:
            return
        self.progress = progress
        self.has_diverged = bool(progress.done and not np.isfinite(self.estimator.loss_))
        for _ in range(progress.done):
            next(self.orders)

    def goes_on(self) -> bool:
        """Return whether there is another epoch; an adaptive learning rate falls before there is none."""
        estimator, done, improvement = self.estimator, self.progress.done, self.progress.improvement
        improvement.tol, improvement.patience = estimator.tol, estimator.n_iter_no_change + 1  # a callback may set them
        if self.has_diverged:
            warnings.warn(
                f"the loss of epoch {len(estimator.loss_curve_)} is not finite: training ends, with the weights of the "
                "best validation score",
                RuntimeWarning,
                stacklevel=2,
            )
            return False
        if done and improvement.exhausted and not self.lowers_rate():
            return False
        if done == estimator.max_iter and not self.incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return done < self.epochs

    def lowers_rate(self) -> bool:
        """Lower the learning rate where it is adaptive, or return False: training ends."""
        estimator, optimizer = self.estimator, self.estimator._optimizer
        what = "Validation score" if estimator.early_stopping else "Training loss"
        epochs = f"{estimator.n_iter_no_change} consecutive epochs"
        text = f"{what} did not improve more than tol={estimator.tol:f} for {epochs}."
        if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
            if optimizer.learning_rate > SMALLEST_ADAPTIVE_RATE:
                optimizer.learning_rate /= 5
                self.progress.improvement.waited = estimator._no_improvement_count = 0
                self.say(f"{text} Setting learning rate to {optimizer.learning_rate:f}")
                return True
            text += " Learning rate too small."
        self.say(f"{text} Stopping.")
        return False

    def order(self) -> Order | Pass:
        """Return the next of scikit-learn's orders."""
        return next(self.orders)

    def state(self) -> Snapshot:
        """Return a copy of θ; the optimizer goes on as it is."""
        return Snapshot(self.network.theta.copy())

    def diverged(self, before: Snapshot, order: Order | Pass) -> None:
        """Raise DivergenceError, unless there is a best epoch to end with."""
        self.has_diverged = True
        if self.progress.improvement.kept is None:
            done, size = self.progress.tally.rows, self.part.order.size
            first = done if done < size else 0
            last = min(first + self.batch_rows, size)
            optimizer = self.estimator._optimizer
            raise_not_finite(remedies(optimizer, self.l2, self.part.rows, order, first, last, NAMES))

    def record(self, order: Order | Pass, seconds: float) -> Record:
        """Set the estimator's figures of the epoch, and return them for callbacks."""
        estimator, tally, rate = self.estimator, self.progress.tally, self.estimator._optimizer.rate
        if not self.has_diverged and not tally.objective_rows:
            raise RowError(
                "sample_weight is 0 for every row to train on: the others are kept for validation; give X_val and y_val"
            )
        estimator.n_iter_ += 1
        estimator.t_ += order.size
        estimator.loss_ = float("nan") if self.has_diverged else tally.mean_objective
        estimator.loss_curve_.append(estimator.loss_)
        estimator.learning_rate_curve_.append(rate)
        self.say(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        epoch = len(estimator.loss_curve_)
        return {"epoch": epoch, "loss": estimator.loss_, "learning_rate": rate, "seconds": seconds}

    def validate(self, record: Record) -> None:
        """Add loss and score over the validation rows, if there are some."""
        if self.validation is None:
            return
        estimator, nan, begin = self.estimator, float("nan"), time.perf_counter()
        loss, score = (nan, nan) if self.has_diverged else self.validation.evaluate(self.network)
        loss /= self.network.plan.loss.averaged(self.network.plan.widths[-1])  # as the training loss
        self.take_over()
        if not (self.has_diverged or np.isfinite(score)):
            why = self.why_unmeasured(self.validation, loss)
            self.progress.warn_unmeasured("score", score, len(estimator.loss_curve_), why)
        for curve, value in ((estimator.validation_loss_curve_, loss), (estimator.validation_scores_, score)):
            missed = len(estimator.loss_curve_) - 1 - len(curve)  # epochs of former fits without validation
            curve.extend([nan] * missed)
            curve.append(value)
        self.say(f"Validation score: {score:f}")
        record |= {"validation_loss": loss, "validation_score": score}
        record["seconds"] += time.perf_counter() - begin

    def why_unmeasured(self, validation: Validation, loss: float) -> str:
        """Return why a score is not finite."""
        scoring = self.estimator.scoring
        if not np.isfinite(loss):
            return OVERFLOW
        if validation.holds_one_class():
            return f"scoring={scoring!r} of rows that all have one class; give X_val and y_val of several"
        return f"that is what scoring={scoring!r} gives for the validation rows"

    def figure(self, record: Record) -> float:
        """Return the validation score with early stopping, and else the loss, negative."""
        return float(record["validation_score"] if self.best_by else -record["loss"])

    def count(self, record: Record) -> None:
        """Set the estimator's best figures, and the learning rate of invscaling."""
        estimator, improvement = self.estimator, self.progress.improvement
        estimator._no_improvement_count = improvement.waited
        if self.best_by:
            estimator.best_validation_score_ = improvement.best
        else:
            estimator.best_loss_ = -improvement.best
            if self.validation is not None:
                finite_scores = [score for score in estimator.validation_scores_ if np.isfinite(score)]
                estimator.best_validation_score_ = max(finite_scores, default=None)
        if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
            scale = (estimator.t_ + 1) ** estimator.power_t
            estimator._optimizer.learning_rate = estimator.learning_rate_init / scale

    def callback(self, record: Record) -> bool:
        """Call the user's callbacks."""
        ends = run_callbacks(checked_callbacks(self.estimator.callbacks), self.estimator, record)
        self.take_over()
        return ends

    def take_over(self) -> None:
        """Train what the user's code has put into coefs_ and intercepts_."""
        estimator, ours = self.estimator, self.coefficients
        estimator._coefficients = ours
        if not ours.are(estimator.coefs_, estimator.intercepts_):
            ours.set(*([np.array(a) for a in arrays] for arrays in (estimator.coefs_, estimator.intercepts_)))
            estimator.coefs_, estimator.intercepts_ = list(ours.weights), list(ours.biases)

    def say(self, text: str) -> None:
        """Print a line, if the user wants lines."""
        if self.estimator.verbose and not self.shown:
            print(text)


def improvement_of(estimator: Any) -> Improvement:
    """Return scikit-learn's rule, with the best epoch of former fits: by validation score or by loss."""
    best = estimator.best_validation_score_ if estimator.early_stopping else estimator.best_loss_
    figure = -np.inf if best is None else float(best if estimator.early_stopping else -best)
    patience = estimator.n_iter_no_change + 1
    return Improvement(estimator.tol, patience, ties=True, best=figure, waited=estimator._no_improvement_count)


def orders(order: Order | Pass, shuffle: bool, seed: int, random: np.random.RandomState) -> Iterator[Order | Pass]:
    """Yield the order of rows of each epoch: in memory by scikit-learn's draws, of streams by the seed."""
    if isinstance(order, Pass):
        for epoch in itertools.count(1):
            yield order.shuffled(seed, epoch) if shuffle else order
        return
    positions = np.arange(order.size)
    while True:
        if shuffle:  # the draws of sklearn.utils.shuffle, without its checks
            drawn = np.arange(order.size)
            random.shuffle(drawn)
            positions = positions[drawn]
        yield Order.of(order.index[positions])
