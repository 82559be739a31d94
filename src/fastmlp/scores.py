"""Log loss, AUC and accuracy of a binary net, over any number of rows in bounded memory."""

from dataclasses import dataclass, field

import numpy as np

from .call import Rows
from .network import Network
from .rows.order import Order, Pass
from .validation import compared

DROPPED_BITS = 11  # of a logit in float32: rows whose logits differ in these alone count as ties
BINS = 2 ** (32 - DROPPED_BITS)


@dataclass
class Scores:
    """Sums over rows, and a histogram of their logits for each class."""

    loss: float = 0.0
    right: int = 0
    rows: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros((2, BINS), np.int64))

    def add(self, network: Network, Z: np.ndarray, y: np.ndarray) -> None:
        """Rows with logits Z (n, 1) and labels y (n) of 0 and 1."""
        losses, right = compared(network, Z.astype(np.float64), y)
        self.loss += float(losses.sum())
        self.right += int(right.sum())
        self.rows += len(y)
        bits = Z[:, 0].astype(np.float32).view(np.uint32)
        ranks = np.where(bits >> 31, ~bits, bits | np.uint32(2**31)) >> DROPPED_BITS  # in the order of Z
        for label in range(2):
            np.add.at(self.counts[label], ranks[y == label], 1)

    @property
    def log_loss(self) -> float:
        return self.loss / self.rows

    @property
    def accuracy(self) -> float:
        return self.right / self.rows

    @property
    def auc(self) -> float:
        """The chance that a row of class 1 has a higher logit than one of class 0, ties for half; NaN of one class."""
        negative, positive = self.counts.astype(np.float64)
        below = np.cumsum(negative) - negative / 2
        pairs = negative.sum() * positive.sum()
        return float(positive @ below / pairs) if pairs else float("nan")

    def __str__(self) -> str:
        auc = "undefined (one class)" if np.isnan(self.auc) else f"{self.auc:.4f}"
        return f"log loss {self.log_loss:.4f}, AUC {auc}, accuracy {self.accuracy:.4f}"


def scores(network: Network, rows: Rows, order: Order | Pass) -> Scores:
    """The scores of a net over the rows of an order."""
    total = Scores()
    for Z, window, first in network.outputs(rows, order):
        y, _ = window.labels(first, first + len(Z))
        assert y is not None
        total.add(network, Z, y)
    return total
