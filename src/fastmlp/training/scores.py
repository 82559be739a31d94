"""Log loss, AUC and accuracy of a net of classes, over any number of rows in bounded memory."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..network.network import Network
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from .figures import compared
from .ranking import ROWS_IN_MEMORY, Ranking, Runs

NUMBERS = 2**20  # of outputs in float64 at a time


@dataclass
class Scores:
    """Sums over rows, and a ranking of them for each output; weights count in all scores.

    With one output, y holds 0 and 1, and rows are ranked by their logit. With K, each class is ranked against the rest
    by the logarithm of its probability.
    """

    outputs: int = 1
    loss: float = 0.0
    right: float = 0.0
    weight: float = 0.0
    rows: int = 0
    rankings: list[Ranking] = field(init=False)

    def __post_init__(self) -> None:
        rows, runs = max(2, ROWS_IN_MEMORY // self.outputs), Runs()
        self.rankings = [Ranking(rows, runs) for _ in range(self.outputs)]

    def add(self, network: Network, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows with logits Z (n, K), classes y (n) and weights w (n), or None: 1."""
        step = max(1, NUMBERS // self.outputs)
        for first in range(0, len(Z), step):
            part = slice(first, first + step)
            self._add(network, Z[part].astype(np.float64), y[part], None if w is None else w[part])

    @np.errstate(all="ignore")  # NaN is told by its name
    def _add(self, network: Network, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> None:
        log_P = Z if self.outputs == 1 else Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
        for k, ranking in enumerate(self.rankings):
            ranking.add(log_P[:, k], y if self.outputs == 1 else (y == k).astype(np.uint8), w)
        losses, right = compared(network.plan.loss, Z, y)
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
    def aucs(self) -> np.ndarray:
        """The area under the ROC curve of each ranking, once all rows are added: see `Ranking.auc`."""
        return np.array([ranking.auc() for ranking in self.rankings])

    @property
    def auc(self) -> float:
        """The mean of `aucs` over the classes that some rows have and some do not; NaN if there are none."""
        known = self.aucs[~np.isnan(self.aucs)]
        return float(known.mean()) if len(known) else float("nan")

    def __str__(self) -> str:
        name = "AUC" if self.outputs == 1 else "macro AUC"
        reason = "a logit is NaN" if self.rankings[0].has_nan else "one class"
        auc = f"undefined ({reason})" if np.isnan(self.auc) else f"{self.auc:.4f}"
        if np.isnan(self.aucs).any() and not np.isnan(self.auc):
            auc += f" (of the {np.isfinite(self.aucs).sum()} classes with rows, out of {self.outputs})"
        return f"log loss {self.log_loss:.4f}, {name} {auc}, accuracy {self.accuracy:.4f}"


def scores(network: Network, rows: Rows, order: Order | Pass) -> Scores:
    """Return the scores of a net over the rows of an order, with the rows' weights, if they have some.

    Raises
    ------
    ValueError : no row has a weight above 0
    """
    total = Scores(network.plan.widths[-1])
    for Z, window, first in network.outputs(rows, order):
        y, w = window.labels(first, first + len(Z))
        assert y is not None
        total.add(network, Z, y, None if w is None else w * window.w_factor)  # whose sums cannot overflow
    if total.weight == 0:
        raise ValueError(f"the {total.rows:,} rows have no weight; at least one must have a weight above 0")
    return total
