"""Figures by which a net is judged: its mean loss, and accuracy or R², from Z[L] in float64."""

import copy
from dataclasses import dataclass, field

import numpy as np

from ..exceptions import RowError
from ..jit import scalar_math
from ..kernels.numeric_losses import MOST_LOSS
from ..losses import Loss
from ..rows.moments import Moments
from ..typing import Record

LEAST_COUNT = np.finfo(np.float64).tiny  # below it, log y counts as its logarithm


@dataclass
class Figures:
    """Sums over rows. `+=` adds those over other rows.

    Attributes
    ----------
    loss, weight : Σ w ℓ and Σ w
    right : Σ w of the rows whose class, or all of whose labels, a classifier finds
    moments : of targets that are numbers
    errors : Σ w (y - prediction)² of each of these targets
    """

    loss: float = 0.0
    weight: float = 0.0
    right: float = 0.0
    moments: Moments = field(default_factory=Moments)
    errors: np.ndarray = field(default_factory=lambda: np.zeros(1))

    @np.errstate(all="ignore")  # whatever the user has set: a figure that is not finite is told once, by name
    def add(self, loss: Loss, Z: np.ndarray, Y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows: Z (n, outputs), Y as kernels read it, w (n), or None: 1."""
        limit, Z = exp_limit(Z.dtype), Z.astype(np.float64)
        v = np.ones(len(Z)) if w is None else w
        if loss.numeric:
            Y = np.asarray(Y, np.float64).reshape(len(Z), -1)
            losses = losses_of_numbers(loss, Z, Y, limit)
            if Z.shape == Y.shape:
                self.errors = self.errors + v @ np.square(linked(loss, Z, limit) - Y)
            self.moments.add(Y, w)
        else:
            losses, right = compared(loss, Z, Y)
            self.right += float((right * v).sum())  # the sum of accuracy_score, in its order
        self.loss += float(losses.sum() if w is None else v @ losses)
        self.weight += float(v.sum())

    def __iadd__(self, other: "Figures") -> "Figures":
        self.moments = copy.copy(self.moments)  # which a copy of these figures may share
        self.moments.merge(other.moments)
        self.errors = self.errors + other.errors
        self.loss, self.weight, self.right = (
            self.loss + other.loss, self.weight + other.weight, self.right + other.right,
        )  # fmt: skip
        return self

    def means(self, loss: Loss) -> tuple[float, float]:
        """Return (mean loss, score): accuracy or R²; of quantiles, which are far from means, the negative mean loss.

        Raises
        ------
        RowError : no row has a weight above 0
        """
        if self.weight == 0:
            raise RowError("the rows kept for validation have no weight above 0; give X_val and y_val with weights")
        mean = self.loss / self.weight
        if not loss.numeric:
            return mean, self.right / self.weight
        return mean, -mean / len(loss.parameters) if loss.of_one_target else self.moments.r2(self.errors)

    def record(self, loss: Loss) -> Record:
        """Return the figures of validation by the names that they have in `history`; errors as of `means`."""
        mean, score = self.means(loss)
        if not loss.numeric:
            return {"validation_loss": mean, "validation_accuracy": score}
        return {"validation_loss": mean} | ({} if loss.of_one_target else {"validation_r2": score})


def exp_limit(dtype: np.dtype) -> float:
    """Return the largest Z whose exponential a net of this dtype computes, as `scalar_math.exp_limit` has it."""
    return float(scalar_math.exp_limit(dtype.type(0)))


def linked(loss: Loss, Z: np.ndarray, limit: float) -> np.ndarray:
    """Return the predictions of a net of numbers, in the units that it reads targets in; limit: its `exp_limit`."""
    return np.exp(np.minimum(Z, limit)) if loss.link == "exp" else Z


@np.errstate(all="ignore")
def losses_of_numbers(loss: Loss, Z: np.ndarray, Y: np.ndarray, limit: float) -> np.ndarray:
    """Return Σ ℓ over outputs of each row, from Z (n, K) and Y (n, K) or (n, 1), in float64; NaN where Z is.

    limit : the `exp_limit` of the net, from which on the loss of Poisson is a line
    """
    d = Z - Y
    if loss.name == "squared_error":
        terms = d * d / 2
    elif loss.name == "poisson":
        near = np.minimum(Z, limit)
        u = near - np.log(np.maximum(Y, LEAST_COUNT))
        terms = np.where(u > 1, np.exp(near) - Y - Y * u, Y * (np.expm1(u) - u))  # as the kernel has it
        terms = np.minimum(terms + (np.exp(near) - Y) * (Z - near), MOST_LOSS)
    elif loss.name == "quantile":
        levels = np.array(loss.parameters)
        terms = np.maximum(-levels * d, (1 - levels) * d)
    else:
        c = np.clip(d, -loss.parameters[0], loss.parameters[0])
        terms = c * (d - c / 2)
    return np.asarray(terms.sum(axis=1))


@np.errstate(all="ignore")
def compared(loss: Loss, Z: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Loss, is it right?) of each row of classes, from Z (n, K), which is destroyed; NaN is never right."""
    known = ~np.isnan(Z).any(axis=1)
    if loss.exclusive:
        right = Z.argmax(axis=1) == Y
        Z -= Z.max(axis=1, keepdims=True)
        own = np.take_along_axis(Z, Y[:, None].astype(np.intp), axis=1)[:, 0]
        return np.log(np.exp(Z).sum(axis=1)) - own, right & known
    Y = Y.reshape(Z.shape)
    return (np.logaddexp(0, Z) - Y * Z).sum(axis=1), np.all((Z > 0) == Y, axis=1) & known
