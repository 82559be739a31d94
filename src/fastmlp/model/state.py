"""What a `Model` holds: its net, its parameters and what it knows of the rows; copies and pickles of it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..arguments import checked_dropout, checked_dtype, checked_int, checked_scaling, checked_widths, dtype_name
from ..features import Features
from ..losses import loss_of
from ..network.initialize import initialize
from ..network.network import Network
from ..network.plan import Plan, checked_size
from ..network.workspace import aligned_copy, aligned_zeros
from ..optimizers import Optimizer
from ..precision import on_this_cpu, warn_of_float32
from ..system import fit_lock
from ..system.machine import check_memory
from ..tables.encoding import TableEncoding
from ..typing import Activations, LossName, Record

if TYPE_CHECKING:
    from ..tables.table_encoder import TableEncoder


@dataclass(frozen=True)
class Gradient:
    """The gradient of J, in the shapes of the model's parameters; `Model.loss_and_gradient` returns it.

    Attributes
    ----------
    parameters : array (``|θ|``)
    weights : tuple of views dW[l], each (p[l-1], p[l])
    biases : tuple of views db[l], each (p[l])

    Examples
    --------
    >>> from fastmlp import Model
    >>> J, gradient = Model([2, 3, 1]).loss_and_gradient([[0.0, 1.0]], [1])
    >>> [dW.shape for dW in gradient.weights]
    [(2, 3), (3, 1)]
    """

    parameters: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]


class ModelState:
    """The state of a `Model`, which documents parameters and attributes."""

    def __init__(
        self, widths: Sequence[int], activation: Activations = "relu", bias: bool = True,
        dtype: DTypeLike = "float32", seed: int = 0, n_threads: int | None = None,
        out_activation: Literal["logistic", "softmax"] | None = None, *,
        loss: LossName = "log_loss", quantile: float | Sequence[float] = 0.5, delta: float = 1.0,
        dropout: float | list[float] | tuple[float, ...] = 0.0, features: Features | None = None,
    ) -> None:  # fmt: skip
        self.widths = checked_widths(widths)
        if features is not None and not isinstance(features, Features):
            raise TypeError(f"features={features!r}: must be Features, or None")
        self.loss_name, self.delta = loss, delta
        self.quantile = copy.copy(quantile)  # the caller may change his list
        trained_for = loss_of(loss, self.widths[-1], out_activation, quantile, delta)
        self.out_activation = trained_for.link
        self.activation, self.bias = activation, bool(bias)
        self.dtype, self.mixed = checked_dtype(dtype)
        if self.mixed and features is not None:
            features.check_mixed()
        self.seed = checked_int("seed", seed, 0)
        self.n_threads = None if n_threads is None else checked_int("n_threads", n_threads, 1)
        self.dropout = checked_dropout(dropout, len(self.widths) - 2)
        layers = activations.resolve_all(activation, len(self.widths) - 2, self.dtype)
        argument = f"widths={shortened(list(self.widths))}"
        largest = max(p_in * p_out for p_in, p_out in pairwise(self.widths))  # W, which is drawn in float64
        check_memory(lambda: argument, checked_size(argument, self.widths) * self.dtype.itemsize + 8 * largest)
        plan = Plan(self.widths, layers, self.bias, self.dtype, trained_for, self.dropout, features, self.mixed)
        self._features = features
        self._parameters = aligned_zeros(plan.n_parameters, self.dtype)
        self._network = Network(on_this_cpu(plan), self._parameters, self.n_threads)
        self._views = plan.views(self._parameters)
        initialize(plan, self._parameters, self.seed)
        self.history: list[Record] = []
        self.optimizer: Optimizer | None = None
        self._scaling: tuple[np.ndarray, np.ndarray] | None = None
        self._target_scaling: tuple[np.ndarray, np.ndarray] | None = None
        self._encoding: TableEncoding | None = None
        self.feature_names: list[str] | None = None
        self.target_name: str | None = None
        self.classes: list | None = None

    def __repr__(self) -> str:
        loss = "" if self.loss_name == "log_loss" else f", loss={self.loss_name!r}"
        dtype = dtype_name(self.dtype, self.mixed)
        return f"Model({list(self.widths)}, activation={self.activation!r}, dtype={dtype!r}{loss})"

    @property
    def parameters(self) -> np.ndarray:
        """All W, row by row, then all b, in one array (``|θ|``)."""
        return self._parameters

    @property
    def weights(self) -> tuple[np.ndarray, ...]:
        """Views on `parameters`: W[l], each (p[l-1], p[l])."""
        return self._views[0]

    @property
    def biases(self) -> tuple[np.ndarray, ...]:
        """Views on `parameters`: b[l], each (p[l]); none without bias."""
        return self._views[1]

    @property
    def network(self) -> Network:
        """The net that computes with `parameters`."""
        return self._network

    @property
    def activation_names(self) -> list[str]:
        """The names of the hidden layers' activations."""
        return [activation.name for activation in self._network.plan.activations]

    @property
    def features(self) -> Features | None:
        """What makes the p[0] inputs of the q numbers of a row, or None if X holds the inputs."""
        return self._features

    @property
    def n_columns(self) -> int:
        """q, the numbers in a row of X: p[0] without features."""
        return self._network.plan.n_columns

    @property
    def encoding(self) -> TableEncoding | None:
        """What turns rows of a table into features, or None if X holds the features."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: "TableEncoding | TableEncoder | None") -> None:
        encoding = getattr(value, "encoding_", value)  # of a TableEncoder
        if encoding is not None and not isinstance(encoding, TableEncoding):
            raise TypeError(f"encoding={value!r}: must be a fitted TableEncoder, or None")
        if encoding is not None and encoding.n_features_out != self.n_columns:
            n, one = encoding.n_features_out, "widths[0]" if self._features is None else "n_columns of its features"
            has = f"widths={list(self.widths)}" if self._features is None else f"features of {self.n_columns} columns"
            raise ValueError(f"encoding: gives {n} features, but the model has {has}; make one with {one}={n}")
        self._encoding = encoding

    @property
    def scaling(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(shift, factor), by which X is read as (X - shift) factor, or None."""
        return self._scaling

    @scaling.setter
    def scaling(self, value: tuple[np.ndarray, np.ndarray] | None) -> None:
        if value is not None and self._features is not None:
            raise ValueError("scaling: the model has features, which are made of X as it is; leave it at None")
        self._scaling = None if value is None else checked_scaling("scaling", value, self.widths[0])

    @property
    def target_scaling(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(shift, factor), by which y is read as (y - shift) factor, or None; predictions are in y's units."""
        return self._target_scaling

    @target_scaling.setter
    def target_scaling(self, value: tuple[np.ndarray, np.ndarray] | None) -> None:
        loss = self._network.plan.loss
        if value is not None and loss.link != "identity":
            raise ValueError(
                f"target_scaling: targets of loss={loss.name!r} have a scale of their own; leave it at None"
            )
        if value is not None:
            value = checked_scaling("target_scaling", value, loss.targets(self.widths[-1]))
            with np.errstate(divide="ignore", over="ignore"):
                fits = (value[1] > 0) & np.isfinite(1 / value[1])
            if not fits.all():
                raise ValueError(f"target_scaling: factor is {value[1]}; it must be above 0, and so must its inverse")
        self._target_scaling = value

    def _present(self) -> np.ndarray:
        """Return a copy of the parameters to compute with, as a fit in another thread may change them meanwhile."""
        warn_of_float32(self.mixed)
        return fit_lock.present(self, lambda: aligned_copy(self._parameters))

    def __copy__(self) -> Self:
        """Return an independent model, as `copy.deepcopy` does, so that a fit of one leaves the other as it is."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        fit_lock.check_at_rest(self)
        hidden = {"_network", "_views"}
        return {name: value for name, value in vars(self).items() if name not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        dtype = dtype_name(state["dtype"], state["mixed"])
        made_from = state["widths"], state["activation"], state["bias"], dtype, state["seed"], state["n_threads"]
        loss = {"loss": state["loss_name"], "quantile": state["quantile"], "delta": state["delta"]}
        if state["loss_name"] == "log_loss":
            loss["out_activation"] = state["out_activation"]
        ModelState.__init__(self, *made_from, dropout=state["dropout"], features=state["_features"], **loss)
        theta = self._parameters
        vars(self).update(state)
        theta[:] = self._parameters
        self._parameters = theta
