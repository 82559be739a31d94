"""Rows that are kept from training: the mean loss over them, and the score by which an estimator stops early."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from .network import Network
from .rows.array import ArrayRows
from .rows.order import Order


@dataclass
class Validation:
    """Some rows of a table, with their weights.

    Attributes
    ----------
    rows : the table; its own weights do not count here
    index : which rows
    w : a weight for each of them, or None
    score : called without arguments, in place of the accuracy; or None
    """

    rows: ArrayRows
    index: np.ndarray
    w: np.ndarray | None
    score: Callable[[], float] | None = None

    def evaluate(self, network: Network) -> tuple[float, float]:
        """(Mean loss, score) of the net as it is now."""
        assert self.rows.y is not None
        Z, Y = network.logits(self.rows, Order.of(self.index)).astype(np.float64), self.rows.y[self.index]
        if network.plan.softmax:
            losses = logsumexp(Z, axis=1) - np.take_along_axis(Z, Y[:, None].astype(np.intp), axis=1)[:, 0]
            right = Z.argmax(axis=1) == Y
        else:
            Y = Y.reshape(Z.shape)
            losses = (np.logaddexp(0, Z) - Y * Z).sum(axis=1)
            right = np.all((Z > 0) == Y, axis=1)
        loss = float(np.average(losses, weights=self.w))
        if not np.isfinite(loss):
            return loss, float("nan")
        return loss, float(np.average(right, weights=self.w)) if self.score is None else float(self.score())
