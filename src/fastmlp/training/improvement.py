"""Early stopping: which epoch is the best so far, and how many epochs have passed without an improvement."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Improvement:
    """Compares epochs by one figure, of which a higher value is better; a loss is counted by its negative.

    Attributes
    ----------
    tol : how much better than the best epoch another one must be to count as an improvement
    patience : training ends after this number of epochs without an improvement
    ties : whether an epoch that is better by exactly tol improves; scikit-learn's rule, but not `Model`'s
    best : the highest finite figure; -inf before there is one
    kept : what `keep` returned for the epoch with the highest figure
    waited : epochs since the last improvement
    """

    tol: float
    patience: float
    ties: bool = False
    best: float = -np.inf
    kept: Any = None
    waited: int = 0

    def count(self, figure: float, keep: Callable[[], Any]) -> None:
        """Compare the figure of an epoch with the best one; keep() is called where it is higher.

        A figure that is not finite never improves.
        """
        finite, enough = bool(np.isfinite(figure)), self.best + self.tol
        improved = finite and (figure >= enough if self.ties else figure > enough)
        if finite and figure > self.best:
            self.best, self.kept = figure, keep()
        self.waited = 0 if improved else self.waited + 1

    @property
    def exhausted(self) -> bool:
        """Whether `patience` epochs in a row have not improved."""
        return self.waited >= self.patience
