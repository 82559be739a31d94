"""How good a net is on rows of a table, in bounded memory: scores of classes, and of numbers."""

import math

import numpy as np

from ..cached import cached_property
from ..losses import Loss
from ..network.network import Network
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from ..typing import Scaling
from .figures import Figures, exp_limit, linked
from .ranking import ROWS_IN_MEMORY, Ranking, Runs

NUMBERS = 2**20  # of outputs in float64 at a time
DIGITS = 5  # of a printed figure that has a unit


class ClassScores:
    """Log loss, accuracy, and a ranking of the rows for each output; weights count in all.

    With one output, y holds 0 and 1, and rows are ranked by their logit. With K, each class is ranked against the rest
    by the logarithm of its probability.
    """

    def __init__(self, loss: Loss, outputs: int) -> None:
        self.loss, self.outputs, self.rows, self.figures = loss, outputs, 0, Figures()
        rows, runs = max(2, ROWS_IN_MEMORY // outputs), Runs()
        self.rankings = [Ranking(rows, runs) for _ in range(outputs)]

    def add(self, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows with Z[L] (n, K), classes y (n) and weights w (n), or None: 1."""
        step = max(1, NUMBERS // self.outputs)
        for first in range(0, len(Z), step):
            part = slice(first, first + step)
            self._add(Z[part].astype(np.float64), y[part], None if w is None else w[part])

    @np.errstate(all="ignore")  # NaN is told by its name
    def _add(self, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> None:
        log_P = Z if self.outputs == 1 else Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
        for k, ranking in enumerate(self.rankings):
            ranking.add(log_P[:, k], y if self.outputs == 1 else (y == k).astype(np.uint8), w)
        self.figures.add(self.loss, Z, y, w)
        self.rows += len(y)

    @cached_property
    def has_nan(self) -> bool:
        """Whether an output is NaN, once all rows are added."""
        return self.rankings[0].has_nan

    def close(self) -> None:
        """Compute what needs the rows, and forget them."""
        self.aucs, self.has_nan  # noqa: B018
        self.rankings = []

    @property
    def log_loss(self) -> float:
        return self.figures.loss / self.figures.weight

    @property
    def accuracy(self) -> float:
        return self.figures.right / self.figures.weight

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
        reason = "a logit is NaN" if self.has_nan else "one class"
        auc = f"undefined ({reason})" if np.isnan(self.auc) else f"{self.auc:.4f}"
        if np.isnan(self.aucs).any() and not np.isnan(self.auc):
            auc += f" (of the {np.isfinite(self.aucs).sum()} classes with rows, out of {self.outputs})"
        return f"log loss {self.log_loss:.4f}, {name} {auc}, accuracy {self.accuracy:.4f}"


class NumberScores:
    """R², errors and losses of predictions of numbers, in the units of the target; weights count in all.

    Parameters
    ----------
    loss : what the net is trained for
    scaling : (shift, factor) with which the net reads targets, or None
    """

    def __init__(self, loss: Loss, scaling: Scaling | None = None) -> None:
        self.loss, self.rows, self.figures = loss, 0, Figures()
        self.unit = 1.0 if scaling is None else 1 / float(scaling[1][0])  # of the net's targets, in those of users
        self.absolute = 0.0
        self.below = np.zeros(len(loss.parameters))

    @np.errstate(all="ignore")
    def add(self, Z: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows with Z[L] (n, K), targets y (n) and weights w (n), or None: 1."""
        Z = self.loss.ordered(Z)
        Y, v = np.asarray(y, np.float64)[:, None], np.ones(len(Z)) if w is None else w
        self.figures.add(self.loss, Z, Y, w)
        if Z.shape[1] == 1:
            A = linked(self.loss, Z.astype(np.float64), exp_limit(Z.dtype))
            self.absolute += float(v @ np.abs(A - Y)[:, 0])
        if self.loss.of_one_target:
            self.below += v @ (Y <= Z)
        self.rows += len(Z)

    @property
    def r2(self) -> float:
        return self.figures.moments.r2(self.figures.errors)

    @property
    def rmse(self) -> float:
        return math.sqrt(self.figures.errors[0] / self.figures.weight) * self.unit

    @property
    def mae(self) -> float:
        return self.absolute / self.figures.weight * self.unit

    @property
    def poisson_deviance(self) -> float:
        """The mean deviance, of which the loss is half."""
        return 2 * self.figures.loss / self.figures.weight

    @property
    def pinball(self) -> float:
        """The mean pinball loss of rows and levels."""
        return self.figures.loss / self.figures.weight / len(self.loss.parameters) * self.unit

    @property
    def shares(self) -> np.ndarray:
        """The share of the targets up to the quantile at each level, which is the level if all is well."""
        return np.asarray(self.below / self.figures.weight)

    def __str__(self) -> str:
        found = []
        if not self.loss.of_several_levels:
            found += [f"R² {self.r2:.4f}", f"RMSE {significant(self.rmse)}", f"MAE {significant(self.mae)}"]
        if self.loss.name == "poisson":
            found.append(f"mean Poisson deviance {significant(self.poisson_deviance)}")
        if self.loss.of_one_target:
            levels = zip(self.loss.parameters, self.shares, strict=True)
            shares = ", ".join(f"{level!r}: {share:.4f}" for level, share in levels)
            found += [f"mean pinball loss {significant(self.pinball)}", f"rows up to quantile {shares}"]
        return ", ".join(found)


def significant(x: float) -> str:
    """Return a number with `DIGITS` digits or all those before the point, and with an exponent if it needs one."""
    if not 1e-4 <= abs(x) < 1e15:
        return f"{x:.{DIGITS - 1}g}"
    return f"{x:.{max(0, DIGITS - 1 - math.floor(math.log10(abs(x))))}f}"


def empty_scores(loss: Loss, outputs: int, target_scaling: Scaling | None = None) -> ClassScores | NumberScores:
    """Return scores of no rows, to which rows can be added; parameters as of `scores`."""
    return NumberScores(loss, target_scaling) if loss.numeric else ClassScores(loss, outputs)


def scores(
    network: Network, rows: Rows, order: Order | Pass, target_scaling: Scaling | None = None
) -> ClassScores | NumberScores:
    """Return the scores of a net over the rows of an order, with the rows' weights, if they have some.

    target_scaling : (shift, factor) with which the rows have their targets, or None

    Raises
    ------
    ValueError : no row has a weight above 0
    """
    loss = network.plan.loss
    total = empty_scores(loss, network.plan.widths[-1], target_scaling)
    for Z, window, first in network.outputs(rows, order):
        y, w = window.labels(first, first + len(Z))
        assert y is not None
        total.add(Z, y, None if w is None else w * window.w_factor)  # whose sums cannot overflow
    return weighted(total)


def weighted(total: ClassScores | NumberScores) -> ClassScores | NumberScores:
    """Return the scores; raise ValueError if no row has a weight above 0."""
    if total.figures.weight == 0:
        raise ValueError(f"the {total.rows:,} rows have no weight; at least one must have a weight above 0")
    return total
