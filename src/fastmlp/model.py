"""`Model`: the façade over plan, network, training and files."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import activations, model_file, optimizers, training
from .arguments import checked_float, checked_int, checked_widths
from .exceptions import ModelFormatError
from .initialize import initialize
from .network import Network, aligned_zeros
from .plan import Plan
from .rows.array import ArrayRows
from .rows.order import Order, validation_split

MOST_PARAMETERS = 2**46
Scaling = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Gradient:
    """The gradient of J, in the shapes of the model's parameters.

    Attributes
    ----------
    parameters : array (|θ|)
    weights : views dW[l], each (p[l-1], p[l])
    biases : views db[l], each (p[l])
    """

    parameters: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]


class Model:
    """A multilayer perceptron that classifies rows into two classes or more, or tells which of K labels they have.

    Parameters
    ----------
    widths : sequence of int
        p[0], …, p[L]: the number of features, the widths of the hidden layers, and 1 for two classes, or K for K
        classes or labels. ``[p, 1]`` is logistic regression.
    activation : str, pair of functions, or list with one of them for each hidden layer
        identity, logistic, tanh, relu, leaky_relu, elu, selu, softplus, gelu, silu, or scalar functions (g, g')
        of z that Numba can compile.
    bias : bool
        Whether layers have a bias; without, `biases` is empty.
    dtype : {"float32", "float64"}
        Of the parameters and of all products.
    seed : int
        For starting weights, the validation split and the order of rows.
    n_threads : int or None
        At most so many threads (fewer where the work is small); None: one per available core. The result is
        the same, bit for bit, for any number.
    out_activation : {"logistic", "softmax"} or None
        "softmax": a row has one of K classes, y holds 0 … K-1; "logistic": it has each of K labels or not, y (n, K)
        holds 0 and 1. None: logistic for one output, else softmax.

    Attributes
    ----------
    parameters : array (|θ|)
        All W, row by row, then all b. Everything below is a view on it; write into it to set weights.
    weights : tuple of arrays (p[l-1], p[l])
    biases : tuple of arrays (p[l])
    history : list of dict
        One per epoch: epoch, loss (mean log loss while training), loss_with_l2, learning_rate, seconds,
        rows_per_second, and validation_loss, validation_accuracy where there is a validation set.
    optimizer : Optimizer or None
        The one of the last `fit`, with its moments; give it to `fit` again to continue.
    scaling : (shift, factor) or None
        Arrays (p[0]); where set, every method computes (X - shift) factor on the way, without a copy of X.
    feature_names : list of str or None
    target_name : str or None
    classes : list or None
        What 0 and 1 stand for.

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import Model
    >>> X = np.random.default_rng(0).standard_normal((4000, 2))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> model = Model([2, 32, 32, 1]).fit(X, y, epochs=30, batch_size=100)
    >>> bool((model.predict(X) == y).mean() > 0.97)
    True
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: Any = "relu",
        bias: bool = True,
        dtype: Any = "float32",
        seed: int = 0,
        n_threads: int | None = None,
        out_activation: str | None = None,
    ) -> None:
        self.widths = checked_widths(widths)
        self.out_activation = out_activation or ("logistic" if self.widths[-1] == 1 else "softmax")
        if self.out_activation not in ("logistic", "softmax"):
            raise ValueError(f"out_activation={out_activation!r}: choose 'logistic' or 'softmax'")
        if self.out_activation == "softmax" and self.widths[-1] == 1:
            raise ValueError(f"out_activation='softmax' needs 2 outputs or more, but widths={list(self.widths)}")
        self.activation, self.bias = activation, bool(bias)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype={dtype!r}: choose 'float32' or 'float64'")
        self.seed = checked_int("seed", seed, 0)
        self.n_threads = None if n_threads is None else checked_int("n_threads", n_threads, 1)
        layers = activations.resolve_all(activation, len(self.widths) - 2, self.dtype)
        plan = Plan(self.widths, layers, self.bias, self.dtype, self.out_activation == "softmax")
        if plan.n_parameters > MOST_PARAMETERS:
            raise ValueError(
                f"widths={list(self.widths)}: {plan.n_parameters} parameters are more than can be addressed"
            )
        self._parameters = aligned_zeros(plan.n_parameters, self.dtype)
        self._network = Network(plan, self._parameters, self.n_threads)
        self.weights, self.biases = plan.views(self._parameters)
        initialize(plan, self._parameters, self.seed)
        self.history: list[dict[str, Any]] = []
        self.optimizer: optimizers.Optimizer | None = None
        self._scaling: Scaling | None = None
        self.feature_names: list[str] | None = None
        self.target_name: str | None = None
        self.classes: list[Any] | None = None

    def __repr__(self) -> str:
        return f"Model({list(self.widths)}, activation={self.activation!r}, dtype='{self.dtype}')"

    @property
    def parameters(self) -> np.ndarray:
        return self._parameters

    @property
    def scaling(self) -> Scaling | None:
        return self._scaling

    @scaling.setter
    def scaling(self, value: Scaling | None) -> None:
        if value is not None:
            shift, factor = (np.asarray(part, np.float64) for part in value)
            if shift.shape != (self.widths[0],) or factor.shape != (self.widths[0],):
                raise ValueError(f"scaling: shift and factor must each have shape ({self.widths[0]},)")
            if not (np.isfinite(shift).all() and np.isfinite(factor).all()):
                raise ValueError("scaling: shift and factor must be finite")
            value = shift, factor
        self._scaling = value

    def loss(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """J: the log loss, summed over rows.

        Parameters
        ----------
        X : array-like (n, p[0])
        y : array-like (n) of 0 and 1, or as `out_activation` has it
        sample_weight : array-like (n), finite and not negative, or None
        """
        done, _ = self._network.gradient(self._labelled(X, y, sample_weight), backward=False)
        return done.J

    def loss_and_gradient(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[float, Gradient]:
        """J and its gradient, both summed over rows. Parameters as in `loss`."""
        done, total = self._network.gradient(self._labelled(X, y, sample_weight))
        gradient = total.astype(self.dtype)
        return done.J, Gradient(gradient, *self._network.plan.views(gradient))

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        epochs: int = 10,
        batch_size: int | None = 1024,
        optimizer: Any = "adam",
        l2: float = 0.0,
        shuffle: bool = True,
        validation_data: tuple | None = None,
        validation_fraction: float = 0.0,
        early_stopping: bool = False,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        verbose: int = 0,
        callback: Callable[["Model", dict[str, Any]], bool | None] | None = None,
    ) -> "Model":
        """Train, from the present weights on.

        Parameters
        ----------
        X : array-like (n, p[0])
            float32 and float64 of any strides are read in place; other types are cast in blocks of rows.
        y : array-like (n) of 0 and 1, of both classes, or as `out_activation` has it
        sample_weight : array-like (n), finite and not negative, or None
        epochs : int
        batch_size : int or None
            Rows per step; None: all rows (full-batch gradient descent).
        optimizer : str or Optimizer
            sgd, momentum, nesterov, adam, adamw, or an object such as ``Adam(learning_rate=1e-3)``. The same
            object in a second `fit` continues with its moments.
        l2 : float
            Adds l2/2 ‖W‖² to the mean loss; biases are left alone.
        shuffle : bool
            A new order of rows in each epoch, a function of the seed and the epoch's number.
        validation_data : (X, y) or (X, y, sample_weight), or None
        validation_fraction : float
            Rows, chosen at random by the seed, that are kept from training for validation.
        early_stopping : bool
            Stop when the validation loss has not fallen by more than `tol` for `n_iter_no_change` epochs, and
            go back to the weights with the lowest.
        verbose : int
            1: a progress bar.
        callback : callable(model, record) or None
            After each epoch, with its record of `history`; training ends if it returns True.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Names the argument and what is wrong with it. The weights stay as they were.
        DivergenceError
            The loss is no longer finite. The weights are those before that epoch.
        KeyboardInterrupt
            Ctrl-C, within a second. The weights are those after the last completed step.
        """
        rows = self._labelled(X, y, sample_weight, names="keep")
        settings = training.Settings(
            checked_int("epochs", epochs, 0),
            None if batch_size is None else checked_int("batch_size", batch_size, 1),
            checked_float("l2", l2, 0),
            bool(shuffle),
            self.seed,
            bool(early_stopping),
            checked_int("n_iter_no_change", n_iter_no_change, 1),
            checked_float("tol", tol, 0),
            int(verbose),
        )
        part, validation = self._split(rows, validation_data, validation_fraction)
        if early_stopping and validation is None:
            raise ValueError("early_stopping needs a validation set: give validation_data or validation_fraction")
        check_classes(part)
        if not np.isfinite(self._parameters).all():
            raise ValueError("parameters contain NaN or inf; set them anew before training")
        resolved = optimizers.resolve(optimizer)
        resolved.prepare(self._parameters.size, self.dtype)
        self.optimizer = resolved
        after = None if callback is None else lambda record: callback(self, record)
        training.train(self._network, resolved, part, validation, settings, self.history, after)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(y = 1) of each row: array (n) in the model's dtype; (n, K) of K classes or labels."""
        P = self._network.logits(self._rows(X), probabilities=True)
        return P[:, 0] if self.widths[-1] == 1 else P

    def predict(self, X: Any) -> np.ndarray:
        """0 or 1 for each row: array (n) of int64; 1 where P(y = 1) > 1/2. Or its class, (n), or its labels, (n, K)."""
        Z = self._network.logits(self._rows(X))
        labels = np.asarray(Z.argmax(axis=1) if self.out_activation == "softmax" else (Z > 0).astype(np.int64))
        return labels[:, 0] if self.widths[-1] == 1 else labels

    def save(self, path: str | os.PathLike) -> None:
        """Write everything to a file, replacing it in one step: parameters, names, scaling, optimizer, history."""
        tensors = {"parameters": self._parameters}
        description: dict[str, Any] = {
            "widths": list(self.widths), "bias": self.bias, "dtype": str(self.dtype), "seed": self.seed,
            "out_activation": self.out_activation,
            "activations": [activation.name for activation in self._network.plan.activations],
            "feature_names": self.feature_names, "target_name": self.target_name, "classes": self.classes,
            "history": self.history, "optimizer": None,
        }  # fmt: skip
        if self._scaling is not None:
            tensors["shift"], tensors["factor"] = self._scaling
        if self.optimizer is not None:
            description["optimizer"] = {"name": self.optimizer.name, "t": self.optimizer.t, **self.optimizer.settings()}
            if self.optimizer.moments is not None:
                tensors["moments"] = self.optimizer.moments
        model_file.write(path, description, tensors)

    @classmethod
    def load(
        cls, path: str | os.PathLike, *, activations: dict[str, Any] | None = None, n_threads: int | None = None
    ) -> "Model":
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : str or path
        activations : dict of name: (g, g')
            The model's own activations, which a file cannot hold.
        n_threads : int or None

        Raises
        ------
        ModelFormatError
            The file is not a model, damaged, of a newer version, or needs an activation that was not given.
        """
        description, tensors = model_file.read(path)
        try:
            model = cls(
                description["widths"],
                [given_activation(name, activations or {}) for name in description["activations"]],
                description["bias"], description["dtype"], description["seed"], n_threads,
                description.get("out_activation"),
            )  # fmt: skip
            model._restore(description, tensors)
        except ModelFormatError as error:
            raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFormatError(f"{os.fspath(path)}: damaged description or tensors ({error!r})") from None
        return model

    def _restore(self, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
        """Take over what a file holds beside the shape."""
        theta = tensors["parameters"]
        if theta.shape != self._parameters.shape or theta.dtype != self.dtype or not np.isfinite(theta).all():
            raise ModelFormatError("the parameters do not fit the widths, or are not finite")
        self._parameters[:] = theta
        self.feature_names, self.target_name = description["feature_names"], description["target_name"]
        self.classes = description["classes"]
        self.history = description["history"]
        if "shift" in tensors:
            self.scaling = tensors["shift"], tensors["factor"]
        if description["optimizer"] is not None:
            settings = dict(description["optimizer"])
            name, t = settings.pop("name"), settings.pop("t")
            self.optimizer = optimizers.OPTIMIZERS[name](**settings)
            self.optimizer.t = checked_int("t", t, 0)
            self.optimizer.moments = tensors.get("moments")
            self.optimizer.prepare(self._parameters.size, self.dtype)

    def __getstate__(self) -> dict[str, Any]:
        hidden = {"_network", "weights", "biases"}
        return {name: value for name, value in vars(self).items() if name not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(  # type: ignore[misc]
            state["widths"], state["activation"], state["bias"], state["dtype"], state["seed"], state["n_threads"],
            state["out_activation"],
        )  # fmt: skip
        theta = self._parameters
        vars(self).update(state)
        theta[:] = self._parameters
        self._parameters = theta

    def _rows(self, X: Any, y: Any = None, sample_weight: Any = None, names: str = "check") -> ArrayRows:
        """X, y and weights checked, and the names of X's columns compared with those of the model."""
        columns = [str(name) for name in X.columns] if hasattr(X, "columns") else None
        rows = ArrayRows(
            X, y, sample_weight, n_features=self.widths[0], dtype=self.dtype, scaling=self._scaling,
            outputs=self.widths[-1], softmax=self.out_activation == "softmax",
        )  # fmt: skip
        if columns is not None and names == "keep" and self.feature_names is None:
            self.feature_names = columns
        if columns is not None and self.feature_names is not None and columns != self.feature_names:
            raise ValueError(f"X has the columns {columns}, but the model was trained with {self.feature_names}")
        return rows

    def _labelled(self, X: Any, y: Any, sample_weight: Any, names: str = "check") -> ArrayRows:
        """`_rows` of which y is a part."""
        if y is None:
            raise ValueError("y is None; the labels 0 and 1 are required")
        return self._rows(X, y, sample_weight, names)

    def _split(
        self, rows: ArrayRows, validation_data: tuple | None, validation_fraction: float
    ) -> tuple[training.Part, training.Part | None]:
        """Rows to train on and to validate on."""
        n = rows.n_rows
        if n == 0:
            raise ValueError("X has 0 rows; at least 1 is required")
        everything = training.Part(rows, Order(n))
        if validation_data is not None:
            if validation_fraction:
                raise ValueError("give validation_data or validation_fraction, not both")
            given = self._rows(*validation_data)
            if given.y is None or given.n_rows == 0:
                raise ValueError("validation_data must be (X, y) or (X, y, sample_weight) with at least 1 row")
            return everything, training.Part(given, Order(given.n_rows))
        if not 0 <= checked_float("validation_fraction", validation_fraction, 0) < 1:
            raise ValueError(f"validation_fraction={validation_fraction}: must be at least 0 and less than 1")
        if validation_fraction == 0:
            return everything, None
        validation, rest = validation_split(n, validation_fraction, self.seed)
        return training.Part(rows, rest), training.Part(rows, validation)


def check_classes(part: training.Part) -> None:
    """Are there rows of two classes at least, with a weight above 0? Labels may all be the same."""
    rows, order = part.rows, part.order
    assert rows.y is not None
    found: set[int] = set()
    for index in order.blocks():
        labels = rows.y[index] if rows.w is None else rows.y[index][rows.w[index] > 0]
        found.update(np.unique(labels).tolist())
        if len(found) > 1 or rows.y.ndim == 2:
            return
    weighted = "" if rows.w is None else " with a weight above 0"
    only = ", ".join(map(str, found))
    raise ValueError(f"y holds only one class ({only}) among the training rows{weighted}; two are required")


def given_activation(name: str, given: dict[str, Any]) -> Any:
    """An activation of a model file: the user's, or one of the library's by name."""
    if name in given:
        return given[name]
    if name not in activations.ACTIVATIONS:
        raise ModelFormatError(
            f"the model has an activation of its own, {name!r}; load it with activations={{{name!r}: (g, dg)}}"
        )
    return name
