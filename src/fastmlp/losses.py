"""The losses that a net can be trained for: how outputs become predictions, and what targets may be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import checked_float
from .exceptions import RowError
from .kernels import loss
from .typing import Scaling

RESERVE = 4  # bounds of targets are this many times below the largest number


@dataclass(frozen=True)
class Loss:
    """What plans, training, scoring and files need to know of a loss.

    Attributes
    ----------
    name : as users choose it
    number : kernels/loss.py's number of it
    link : what makes predictions of Z[L], as scikit-learn's `out_activation_` has it
    exclusive, numeric : whether y holds the number of a row's class, or numbers; if neither, K labels, each 0 or 1
    parameters : numbers of the loss, for all outputs or one for each: levels of quantiles, Huber's δ
    """

    name: str
    number: int
    link: str
    exclusive: bool = False
    numeric: bool = False
    parameters: tuple[float, ...] = ()

    @property
    def of_one_target(self) -> bool:
        """Whether all outputs have the same target, as quantiles have, of one level or several."""
        return self.name == "quantile"

    @property
    def of_several_levels(self) -> bool:
        """Whether there are several predictions of one target, which have no R²."""
        return len(self.parameters) > 1

    def targets(self, outputs: int) -> int:
        """Return how many numbers a row of y has."""
        return 1 if self.exclusive or self.of_one_target else outputs

    def outputs(self, columns: int) -> int:
        """Return how many outputs a net has for y with this number of columns: the inverse of `targets` for numbers."""
        return len(self.parameters) if self.of_one_target else columns

    def bounds(self, outputs: int, dtype: np.dtype) -> tuple[float, float]:
        """Return the least and the largest number that may stand in y; squares of errors must not overflow."""
        if not self.numeric:
            return 0.0, float(outputs - 1 if self.exclusive else 1)
        largest = float(np.finfo(dtype).max) / RESERVE
        if self.number == loss.HUBER:
            delta = self.parameters[0] if self.parameters else math.inf
            largest /= min(max(1.0, delta), math.sqrt(largest))
        return 0.0 if self.name == "poisson" else -largest, largest

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raise ValueError where a net of this dtype rounds levels or δ to what a loss cannot have."""
        with np.errstate(over="ignore"):
            rounded = np.array(self.parameters).astype(dtype)
        if self.of_one_target and not ((rounded > 0) & (rounded < 1)).all():
            raise ValueError(f"quantile={list(self.parameters)}: {dtype} rounds a level to 0 or 1; use dtype='float64'")
        if self.name == "huber" and not 0 < rounded[0] < np.inf:
            raise ValueError(f"delta={self.parameters[0]:g}: is {rounded[0]} in {dtype}; use dtype='float64'")

    def averaged(self, outputs: int) -> int:
        """Return the number of outputs over which scikit-learn's figures, not its gradients, are means."""
        return outputs if self.name == "squared_error" else 1

    def arguments(self) -> dict[str, Any]:
        """Return the arguments with which `Model` has this loss."""
        named: dict[str, Any] = {"loss": self.name}
        if not self.numeric:
            named["out_activation"] = self.link
        elif self.of_one_target:
            named["quantile"] = self.parameters[0] if len(self.parameters) == 1 else list(self.parameters)
        elif self.parameters:
            named["delta"] = self.parameters[0]
        return named

    def ordered(self, A: np.ndarray) -> np.ndarray:
        """Return A[L] (n, K), with quantiles in ascending order."""
        return np.sort(A, axis=1) if self.of_one_target else A

    def predictions(self, A: np.ndarray, scaling: Scaling | None = None, first_row: int = 0) -> np.ndarray:
        """Return predictions of targets that are numbers, (n, K) or (n), in their units, from A[L] (n, K).

        scaling : (shift, factor) of the targets, or None; with it, they are of float64. Quantiles are put in ascending
        order.
        first_row : the number of the first row, for the RowError where a prediction overflows
        """
        A = self.ordered(A)
        if scaling is not None:
            shift, factor = scaling
            with np.errstate(over="ignore"):
                A = A / factor + shift  # in float64: float32 may hold the deviation, but not beside the mean
            good = np.isfinite(A).all(axis=1)
            if not good.all():
                row = first_row + int(np.argmin(good))
                raise RowError(f"X, row {row}: the prediction exceeds float64 in the units of y; scale y")
        return A[:, 0] if A.shape[1] == 1 else A

    def padding(self, dtype: np.dtype) -> float:
        """Return Z of an output that does not exist, where the loss and its slope must be 0."""
        if self.exclusive:
            return -np.inf
        if self.link == "identity":
            return 0.0
        return float(np.finfo(dtype).min)  # not -inf: times a target of 0 it must be 0


LOG_LOSS = Loss("log_loss", loss.LOG_LOSS, "logistic")
CROSS_ENTROPY = Loss("log_loss", loss.CROSS_ENTROPY, "softmax", exclusive=True)
SQUARED_ERROR = Loss("squared_error", loss.HUBER, "identity", numeric=True)
POISSON = Loss("poisson", loss.POISSON, "exp", numeric=True)
NAMES = ("log_loss", "squared_error", "poisson", "quantile", "huber")


def quantile_loss(levels: Sequence[float]) -> Loss:
    """Return the pinball loss at these levels, one for each output."""
    return Loss("quantile", loss.QUANTILE, "identity", numeric=True, parameters=tuple(levels))


def huber_loss(delta: float) -> Loss:
    """Return Huber's loss, quadratic up to errors of delta."""
    return Loss("huber", loss.HUBER, "identity", numeric=True, parameters=(delta,))


def loss_of_link(link: str) -> Loss:
    """Return the loss of a classifier whose `out_activation` this is."""
    return CROSS_ENTROPY if link == "softmax" else LOG_LOSS


def loss_of(name: str, outputs: int, out_activation: str | None = None, quantile: Any = 0.5, delta: Any = 1.0) -> Loss:
    """Return a loss by its name, for a net with this number of outputs.

    Raises
    ------
    ValueError, TypeError : an argument is wrong; the message names it
    """
    if name not in NAMES:
        raise ValueError(f"loss={name!r}: choose one of {', '.join(NAMES)}")
    if name == "log_loss":
        return loss_of_link(checked_out_activation(out_activation, outputs))
    if out_activation is not None:
        raise ValueError(f"out_activation={out_activation!r}: only loss='log_loss' has a choice; leave it out")
    if name == "quantile":
        levels = checked_levels(quantile)
        if len(levels) != outputs:
            raise ValueError(
                f"quantile={quantile!r} has {len(levels)} levels, but the net has {outputs} outputs: one for each"
            )
        return quantile_loss(levels)
    if name == "huber":
        return huber_loss(checked_delta(delta))
    return SQUARED_ERROR if name == "squared_error" else POISSON


def checked_out_activation(value: str | None, outputs: int) -> str:
    """Return the activation of the outputs of a classifier; None: logistic for one, else softmax."""
    out_activation = value or ("logistic" if outputs == 1 else "softmax")
    if out_activation not in ("logistic", "softmax"):
        raise ValueError(f"out_activation={out_activation!r}: choose 'logistic' or 'softmax'")
    if out_activation == "softmax" and outputs == 1:
        raise ValueError("out_activation='softmax' needs 2 outputs or more, but the net has 1")
    return out_activation


def checked_levels(quantile: Any) -> tuple[float, ...]:
    """Return the levels of quantiles, which ascend within (0, 1)."""
    levels = np.atleast_1d(np.array(quantile, object if isinstance(quantile, str | bytes) else None))
    if levels.ndim != 1 or levels.size == 0 or levels.dtype.kind not in "fiu":
        raise TypeError(f"quantile={quantile!r}: must be a number, or an ascending list of numbers")
    if not np.all((levels > 0) & (levels < 1)):
        raise ValueError(f"quantile={quantile!r}: levels must lie between 0 and 1, both excluded")
    if not np.all(np.diff(levels) > 0):
        raise ValueError(f"quantile={quantile!r}: levels must ascend; sort them, and leave out repeated ones")
    return tuple(map(float, levels))


def checked_delta(delta: Any) -> float:
    """Return Huber's δ, positive and finite."""
    number = checked_float("delta", delta, 0)
    if number == 0:
        raise ValueError("delta=0: must be above 0; for absolute errors, take loss='quantile'")
    return number
