"""Rows that are kept from training: the mean loss over them, and the part of them that the net has right."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .network import Network
from .rows.array import ArrayRows
from .rows.order import Order


def evaluate(network: Network, rows: ArrayRows, order: Order, w: np.ndarray | None) -> tuple[float, float]:
    """(Mean loss, accuracy) over the rows of an order, with a weight for each of its positions, or None.

    A row is right if all of its outputs are.
    """
    assert rows.y is not None
    logits, first = network.logits(rows, order), 0
    losses, right = np.empty(order.size), np.empty(order.size, bool)
    for index in order.blocks():
        part = slice(first, first + len(index))
        Z, Y = logits[part].astype(np.float64), rows.y[index]
        if network.plan.softmax:
            right[part] = Z.argmax(axis=1) == Y
            Z -= Z.max(axis=1, keepdims=True)
            own = np.take_along_axis(Z, Y[:, None].astype(np.intp), axis=1)[:, 0]
            losses[part] = np.log(np.exp(Z).sum(axis=1)) - own
        else:
            Y = Y.reshape(Z.shape)
            losses[part] = (np.logaddexp(0, Z) - Y * Z).sum(axis=1)
            right[part] = np.all((Z > 0) == Y, axis=1)
        first += len(index)
    return float(np.average(losses, weights=w)), float(np.average(right, weights=w))


@dataclass
class Validation:
    """What an estimator compares its epochs by.

    Attributes
    ----------
    rows, order : some rows of a table, whose own weights do not count here
    w : a weight for each of them, or None
    score : called without arguments, in place of the accuracy; or None
    """

    rows: ArrayRows
    order: Order
    w: np.ndarray | None
    score: Callable[[], float] | None = None

    def evaluate(self, network: Network) -> tuple[float, float]:
        """(Mean loss, score) of the net as it is now."""
        loss, accuracy = evaluate(network, self.rows, self.order, self.w)
        if not np.isfinite(loss):
            return loss, float("nan")
        return loss, accuracy if self.score is None else float(self.score())
