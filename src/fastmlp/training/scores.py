"""Log loss, AUC and accuracy of a binary net, over any number of rows in bounded memory."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..network.network import Network
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from .ranking import Ranking
from .validation import compared


@dataclass
class Scores:
    """Sums over rows, and the ranking of their logits; weights count in all three scores."""

    loss: float = 0.0
    right: float = 0.0
    weight: float = 0.0
    rows: int = 0
    ranking: Ranking = field(default_factory=Ranking)

    def add(self, network: Network, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows with logits Z (n, 1), labels y (n) of 0 and 1, and weights w (n), or None: 1."""
        self.ranking.add(Z[:, 0], y, w)
        losses, right = compared(network, Z.astype(np.float64), y)
        self.loss += float(losses.sum() if w is None else losses @ w)
        self.right += float(right.sum() if w is None else right @ w)
        self.weight += float(len(y) if w is None else w.sum())
        self.rows += len(y)

    @property
    def log_loss(self) -> float:
        return self.loss / self.weight

    @property
    def accuracy(self) -> float:
        return self.right / self.weight

    @cached_property
    def auc(self) -> float:
        """The area under the ROC curve of all rows, once they are added: see `Ranking.auc`."""
        return self.ranking.auc()

    def __str__(self) -> str:
        reason = "a logit is NaN" if self.ranking.has_nan else "one class"
        auc = f"undefined ({reason})" if np.isnan(self.auc) else f"{self.auc:.4f}"
        return f"log loss {self.log_loss:.4f}, AUC {auc}, accuracy {self.accuracy:.4f}"


def scores(network: Network, rows: Rows, order: Order | Pass) -> Scores:
    """Return the scores of a net over the rows of an order, with the rows' weights, if they have some.

    Raises
    ------
    ValueError : no row has a weight above 0
    """
    total = Scores()
    for Z, window, first in network.outputs(rows, order):
        y, w = window.labels(first, first + len(Z))
        assert y is not None
        total.add(network, Z, y, None if w is None else w * window.w_factor)  # whose sums cannot overflow
    if total.weight == 0:
        raise ValueError(f"the {total.rows:,} rows have no weight; at least one must have a weight above 0")
    return total
