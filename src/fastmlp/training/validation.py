"""Mean loss and score over rows that are kept from training."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..exceptions import user_code
from ..network.network import Network
from ..rows.array import ArrayRows
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from ..system.interrupts import allowed
from .figures import Figures


def evaluate(
    network: Network, rows: Rows, order: Order | Pass, w: np.ndarray | None = None, own: bool = False
) -> tuple[float, float]:
    """Return (mean loss, score) over the rows of an order, see `Figures.means`; parameters as for `figures`."""
    return figures(network, rows, order, w, own).means(network.plan.loss)


def figures(
    network: Network, rows: Rows, order: Order | Pass, w: np.ndarray | None = None, own: bool = False
) -> Figures:
    """Return the figures of a net over the rows of an order.

    w : a weight for each position, or None: 1; own: the weights of the rows, instead
    """
    found, at = Figures(), 0
    for Z, window, first in network.outputs(rows, order):
        y, of_rows = window.labels(first, first + len(Z))
        assert y is not None
        found.add(network.plan.loss, Z, y, of_rows if own else None if w is None else w[at : at + len(Z)])
        at += len(Z)
    return found


@dataclass
class Validation:
    """Rows to validate on, and the score by which an estimator compares its epochs.

    Attributes
    ----------
    rows, order : some rows of a table
    w : a weight for each of them, or None
    score : called without arguments, in place of accuracy or R²; or None
    own : count the rows' own weights instead of w
    """

    rows: Rows
    order: Order | Pass
    w: np.ndarray | None
    score: Callable[[], float] | None = None
    own: bool = False

    def holds_one_class(self) -> bool:
        """Return whether all of these rows have the same class; False for a stream, which is not read for that."""
        if not (isinstance(self.rows, ArrayRows) and isinstance(self.order, Order)) or self.rows.y is None:
            return False
        y = self.rows.y[self.order.rows(0, self.order.size)]
        return y.ndim == 1 and y.dtype.kind != "f" and one_class(y)

    def evaluate(self, network: Network) -> tuple[float, float]:
        """Return (mean loss, score) of the net as it is now."""
        loss, score = evaluate(network, self.rows, self.order, self.w, self.own)
        if not np.isfinite(loss):
            return loss, float("nan")
        if self.score is None:
            return loss, score
        with allowed(), user_code():
            return loss, float(self.score())


def one_class(y: np.ndarray) -> bool:
    """Return whether all labels are the same."""
    return bool((y == y[0]).all())


def warn_of_one_class(fraction: float, n_validation: int, instead: str) -> None:
    """Warn that the rows drawn for validation are all of one class, whose ranking says nothing."""
    warnings.warn(
        f"validation_fraction={fraction}: the {n_validation} rows drawn for validation hold only one class, and a "
        f"ranking of them, as the AUC's, is undefined; increase it, or give {instead}",
        stacklevel=5,
    )
