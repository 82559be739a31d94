"""Mean loss and accuracy over rows that are kept from training."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..exceptions import RowError, user_code
from ..network.network import Network
from ..rows.array import ArrayRows
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from ..system.interrupts import allowed


def evaluate(
    network: Network, rows: Rows, order: Order | Pass, w: np.ndarray | None = None, own: bool = False
) -> tuple[float, float]:
    """Return (mean loss, accuracy) over the rows of an order; parameters as for `sums`."""
    return means(*sums(network, rows, order, w, own))


def means(loss: float, right: float, weight: float) -> tuple[float, float]:
    """Return (mean loss, accuracy) from what `sums` returns."""
    if weight == 0:
        raise RowError("the rows kept for validation have no weight; at least one must have a weight above 0")
    return float(loss / weight), float(right / weight)


@np.errstate(all="ignore")  # whatever the user has set: a figure that is not finite is told once, by name
def sums(
    network: Network, rows: Rows, order: Order | Pass, w: np.ndarray | None = None, own: bool = False
) -> tuple[float, float, float]:
    """Return (Σ w loss, Σ w of the rows that the net has right, Σ w); a row is right if all its outputs are.

    w : a weight for each position, or None: 1; own: the weights of the rows, instead
    """
    loss = right = weight = 0.0
    at = 0
    for Z, window, first in network.outputs(rows, order):
        y, of_rows = window.labels(first, first + len(Z))
        assert y is not None
        v = of_rows if own else None if w is None else w[at : at + len(Z)]
        losses, is_right = compared(network, Z.astype(np.float64), y)
        loss += float(losses.sum() if v is None else (losses * v).sum())
        right += float(is_right.sum() if v is None else (is_right * v).sum())
        weight += float(len(Z) if v is None else v.sum())
        at += len(Z)
    return loss, right, weight


@np.errstate(all="ignore")
def compared(network: Network, Z: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Loss, is it right?) of each row, from Z[L] in float64 (n, K), which is destroyed; NaN is never right."""
    known = ~np.isnan(Z).any(axis=1)
    if network.plan.softmax:
        right = Z.argmax(axis=1) == Y
        Z -= Z.max(axis=1, keepdims=True)
        own = np.take_along_axis(Z, Y[:, None].astype(np.intp), axis=1)[:, 0]
        return np.log(np.exp(Z).sum(axis=1)) - own, right & known
    Y = Y.reshape(Z.shape)
    return (np.logaddexp(0, Z) - Y * Z).sum(axis=1), np.all((Z > 0) == Y, axis=1) & known


@dataclass
class Validation:
    """Rows to validate on, and the score by which an estimator compares its epochs.

    Attributes
    ----------
    rows, order : some rows of a table
    w : a weight for each of them, or None
    score : called without arguments, in place of the accuracy; or None
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
        return y.ndim == 1 and one_class(y)

    def evaluate(self, network: Network) -> tuple[float, float]:
        """Return (mean loss, score) of the net as it is now."""
        loss, accuracy = evaluate(network, self.rows, self.order, self.w, self.own)
        if not np.isfinite(loss):
            return loss, float("nan")
        if self.score is None:
            return loss, accuracy
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
