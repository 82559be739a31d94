"""When `DaskMLPClassifier` ends: scikit-learn's rule of epochs that did not improve anything."""

from typing import Any

import numpy as np

from ..model import Model


class Improvement:
    """A callback that counts epochs which did not improve the best one so far, and keeps the weights of that.

    Parameters
    ----------
    by_score : compare the accuracy over the validation rows, else the loss
    n_iter_no_change, tol : as for `MLPClassifier`

    Attributes
    ----------
    scores : list of float or None
        Of the epochs.
    best_loss, best_score : float or None
        Only that which is compared.
    ended : bool
        Has it ended the training?
    """

    def __init__(self, by_score: bool, n_iter_no_change: float, tol: float) -> None:
        self.n_iter_no_change, self.tol, self.waited, self.ended = n_iter_no_change, tol, 0, False
        self.scores: list[float] | None = [] if by_score else None
        self.best_loss = None if by_score else np.inf
        self.best_score = -np.inf if by_score else None
        self.best_theta: np.ndarray | None = None

    def __call__(self, model: Model, record: dict[str, Any]) -> bool:
        if self.scores is None or self.best_score is None:
            assert self.best_loss is not None
            loss = record["loss_with_l2"]
            improved = loss <= self.best_loss - self.tol
            self.best_loss = min(self.best_loss, loss)
        else:
            score = record["validation_accuracy"]
            self.scores.append(score)
            improved = score >= self.best_score + self.tol
            if score > self.best_score:
                self.best_score, self.best_theta = score, model.parameters.copy()
        self.waited = 0 if improved else self.waited + 1
        self.ended = self.waited > self.n_iter_no_change
        return self.ended

    def restore(self, model: Model) -> None:
        """Go back to the weights with the highest score."""
        if self.best_theta is not None:
            model.parameters[:] = self.best_theta
