"""Epochs of Adam and SGD after scikit-learn's rules: the same random draws, losses, learning rates and ends.

What lasts from one fit to the next (t_, loss_curve_, best_loss_, …) is the estimator's, as in scikit-learn.
"""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from .network import Network, Tally
from .optimizers import SGD, Adam, Momentum, Nesterov, Optimizer
from .rows.array import ArrayRows
from .rows.order import Order

SMALLEST_ADAPTIVE_RATE = 1e-6


def optimizer_of(estimator: Any) -> Optimizer:
    """A new optimizer from the estimator's parameters."""
    optimizer: Optimizer
    rate = float(estimator.learning_rate_init)
    if estimator.solver == "adam":
        optimizer = Adam(rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    elif estimator.momentum == 0:
        optimizer = SGD(rate)
    else:
        optimizer = (Nesterov if estimator.nesterovs_momentum else Momentum)(rate, estimator.momentum)
    optimizer.like_scikit_learn = True
    return optimizer


def split(estimator: Any, y: Any, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows for validation, as scikit-learn draws them; no row of X is copied."""
    stratify = np.where(y, "True", "False") if estimator.n_outputs_ == 1 else None
    training, validation = train_test_split(
        np.arange(len(y)), random_state=random, test_size=estimator.validation_fraction, stratify=stratify
    )
    if len(validation) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return training, validation


def batch_rows(estimator: Any, n: int) -> int:
    """Rows in a batch, of n."""
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return int(min(estimator.batch_size, n))


def accuracy(network: Network, rows: ArrayRows, index: np.ndarray) -> float:
    """Of the predictions for some rows, weighted; a row counts if all of its outputs are right."""
    assert rows.y is not None
    P, Y = network.logits(rows, Order.of(index), probabilities=True), rows.y[index]
    if network.plan.softmax:
        right = P.argmax(axis=1) == Y
    else:
        right = np.all((P > 0.5) == Y.reshape(P.shape), axis=1)
    return float(np.average(right, weights=None if rows.w is None else rows.w[index]))


class Fit:
    """One call of fit or partial_fit."""

    def __init__(self, estimator: Any, network: Network, rows: ArrayRows, random: np.random.RandomState) -> None:
        self.estimator, self.network, self.rows, self.random = estimator, network, rows, random
        self.validation: np.ndarray | None = None
        self.best_theta = network.theta.copy()

    def run(self, incremental: bool) -> None:
        """Train, for one epoch if incremental."""
        estimator = self.estimator
        if not incremental or not hasattr(estimator, "_optimizer"):
            estimator._optimizer = optimizer_of(estimator)
        if estimator.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        index: np.ndarray | None = None
        if estimator.early_stopping:
            index, self.validation = split(estimator, self.rows.y, self.random)
        try:
            self.epochs(index, 1 if incremental else estimator.max_iter, incremental)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        if estimator.early_stopping:
            self.network.theta[:] = self.best_theta

    def epochs(self, index: np.ndarray | None, most: int, incremental: bool) -> None:
        """At most so many epochs over the rows `index` (None: all)."""
        estimator = self.estimator
        n = self.rows.n_rows if index is None else len(index)
        size, positions = batch_rows(estimator, n), np.arange(n)
        estimator.n_iter_ = 0
        for _ in range(most):
            if estimator.shuffle:
                positions = shuffle(positions, random_state=self.random)
            order = Order.of(positions if index is None else index[positions])
            tally = Tally()
            self.network.train(self.rows, order, size, estimator._optimizer, estimator.alpha, None, tally)
            if tally.diverged and self.validation is None:
                raise_not_finite()
            estimator.n_iter_ += 1
            estimator.t_ += n
            estimator.loss_ = float("nan") if tally.diverged else tally.objective / n
            estimator.loss_curve_.append(estimator.loss_)
            if estimator.verbose:
                print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
            self.count_epochs_without_improvement(tally.diverged)
            if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
                scale = (estimator.t_ + 1) ** estimator.power_t
                estimator._optimizer.learning_rate = estimator.learning_rate_init / scale
            if tally.diverged or (estimator._no_improvement_count > estimator.n_iter_no_change and self.ends()):
                return
            if estimator.n_iter_ == estimator.max_iter and not incremental:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
                    "hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=2,
                )

    def count_epochs_without_improvement(self, diverged: bool) -> None:
        """Compare the epoch with the best one so far, by validation score or by loss."""
        estimator = self.estimator
        if self.validation is None:
            improved = estimator.loss_ <= estimator.best_loss_ - estimator.tol
            estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
        else:
            score = float("nan") if diverged else accuracy(self.network, self.rows, self.validation)
            estimator.validation_scores_.append(score)
            if estimator.verbose:
                print(f"Validation score: {score:f}")
            improved = not score < estimator.best_validation_score_ + estimator.tol
            if score > estimator.best_validation_score_:
                estimator.best_validation_score_ = score
                self.best_theta = self.network.theta.copy()
        estimator._no_improvement_count = 0 if improved else estimator._no_improvement_count + 1

    def ends(self) -> bool:
        """Stop here, or go on with a lower learning rate?"""
        estimator, optimizer = self.estimator, self.estimator._optimizer
        what = "Training loss" if self.validation is None else "Validation score"
        epochs = f"{estimator.n_iter_no_change} consecutive epochs"
        text = f"{what} did not improve more than tol={estimator.tol:f} for {epochs}."
        adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
        if adaptive and optimizer.learning_rate > SMALLEST_ADAPTIVE_RATE:
            optimizer.learning_rate /= 5
            estimator._no_improvement_count = 0
            text += f" Setting learning rate to {optimizer.learning_rate:f}"
        else:
            adaptive = False
            text += " Stopping."
        if estimator.verbose:
            print(text)
        return not adaptive


def raise_not_finite() -> None:
    raise ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        "preprocessed."
    )
