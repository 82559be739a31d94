"""`Model`: the façade over plan, network, training and files."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import activations
from .arguments import checked_int, checked_widths
from .losses import loss_of_link
from .network.initialize import initialize
from .network.network import Network
from .network.plan import Plan, checked_size
from .network.workspace import aligned_copy, aligned_zeros
from .optimizers import Optimizer
from .rows.streams.stream import Stream
from .saving.model import load, save
from .system import fit_lock
from .system.machine import check_memory
from .tables.encoding import TableEncoding
from .training.fit import fit, settings_of
from .training.inputs import rows_of
from .training.split import BATCH_ROWS, given_validation
from .typing import Activations, Callbacks, Features, FilePath, OptimizerName, Pair, Record, Verbose

if TYPE_CHECKING:
    from .tables.encoder import TableEncoder

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
        of z that Numba can compile: Python's or NumPy's, partials of them, methods and callable objects that read
        numbers of their object. Division by zero gives inf or NaN; what they raise becomes an `ActivationError`.
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
    encoding : TableEncoding or None
        Where set, X is a table, or a stream of one (`fastmlp.rows`), that this encoding turns into p[0] numbers a
        row; set it to a fitted `TableEncoder`.
    feature_names : list of str or None
    target_name : str or None
    classes : list or None
        What 0, 1, … stand for in the target column of a table.

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
        activation: Activations = "relu",
        bias: bool = True,
        dtype: DTypeLike = "float32",
        seed: int = 0,
        n_threads: int | None = None,
        out_activation: Literal["logistic", "softmax"] | None = None,
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
        argument = f"widths={shortened(list(self.widths))}"
        largest = max(p_in * p_out for p_in, p_out in pairwise(self.widths))  # W, which is drawn in float64
        check_memory(lambda: argument, checked_size(argument, self.widths) * self.dtype.itemsize + 8 * largest)
        plan = Plan(self.widths, layers, self.bias, self.dtype, loss_of_link(self.out_activation))
        self._parameters = aligned_zeros(plan.n_parameters, self.dtype)
        self._network = Network(plan, self._parameters, self.n_threads)
        self._views = plan.views(self._parameters)
        initialize(plan, self._parameters, self.seed)
        self.history: list[Record] = []
        self.optimizer: Optimizer | None = None
        self._scaling: Scaling | None = None
        self._encoding: TableEncoding | None = None
        self.feature_names: list[str] | None = None
        self.target_name: str | None = None
        self.classes: list | None = None

    def __repr__(self) -> str:
        return f"Model({list(self.widths)}, activation={self.activation!r}, dtype='{self.dtype}')"

    @property
    def parameters(self) -> np.ndarray:
        return self._parameters

    @property
    def weights(self) -> tuple[np.ndarray, ...]:
        return self._views[0]

    @property
    def biases(self) -> tuple[np.ndarray, ...]:
        return self._views[1]

    @property
    def network(self) -> Network:
        """What computes: the plan of layers over `parameters`."""
        return self._network

    @property
    def activation_names(self) -> list[str]:
        """Of the hidden layers."""
        return [activation.name for activation in self._network.plan.activations]

    @property
    def encoding(self) -> TableEncoding | None:
        return self._encoding

    @encoding.setter
    def encoding(self, value: "TableEncoding | TableEncoder | None") -> None:
        encoding = getattr(value, "encoding_", value)  # of a TableEncoder
        if encoding is not None and not isinstance(encoding, TableEncoding):
            raise TypeError(f"encoding={value!r}: must be a fitted TableEncoder, or None")
        if encoding is not None and encoding.n_features_out != self.widths[0]:
            numbers = encoding.n_features_out
            raise ValueError(f"encoding: it gives {numbers} numbers a row, but widths={list(self.widths)}")
        self._encoding = encoding

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

    def loss(self, X: Features | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """J: the log loss, summed over rows.

        Parameters
        ----------
        X : array-like (n, p[0])
        y : array-like (n) of 0 and 1, or as `out_activation` has it
        sample_weight : array-like (n), finite and not negative, or None
        """
        rows = rows_of(self, X, y, sample_weight, labelled=True)
        done, _ = self._network.gradient(rows, backward=False, theta=self._present())
        return done.J

    def loss_and_gradient(
        self, X: Features | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> tuple[float, Gradient]:
        """J and its gradient, both summed over rows. Parameters as in `loss`."""
        rows = rows_of(self, X, y, sample_weight, labelled=True)
        done, total = self._network.gradient(rows, theta=self._present())
        gradient = total.astype(self.dtype)
        return done.J, Gradient(gradient, *self._network.plan.views(gradient))

    def fit(
        self,
        X: Features | Stream,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Features | Stream | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        epochs: int = 10,
        batch_size: int | None = BATCH_ROWS,
        optimizer: OptimizerName | Optimizer = "adam",
        l2: float = 0.0,
        shuffle: bool = True,
        validation_fraction: float = 0.0,
        early_stopping: bool = False,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        verbose: Verbose = 0,
        callbacks: Callbacks["Model"] = None,
        checkpoint: FilePath | None = None,
        checkpoint_every: float = 60.0,
        resume: bool = False,
    ) -> "Model":
        """Train, from the present weights on.

        Parameters
        ----------
        X : array-like, frame or sparse matrix (n, p[0]), or a stream of `fastmlp.rows`
            float32 and float64 of any strides are read in place; other types are cast in blocks of rows. A stream
            brings y and the weights with it, and may have more rows than memory holds.
        y : array-like (n) of 0 and 1, of both classes, or as `out_activation` has it
        sample_weight : array-like (n), finite and not negative, or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate on after each epoch; X_val may be a stream, too.
        epochs : int
        batch_size : int or None
            Rows per step; None: all rows (full-batch gradient descent). More than there are: all, with a warning.
        optimizer : str or Optimizer
            sgd, momentum, nesterov, adam, adamw, or an object such as ``Adam(learning_rate=1e-3)``. The same
            object in a second `fit` continues with its moments.
        l2 : float
            Adds l2/2 ‖W‖² to the mean loss; biases are left alone.
        shuffle : bool
            A new order of rows in each epoch, a function of the seed and the epoch's number. Of a stream: of its
            blocks, where it knows them beforehand, and of the rows within windows.
        validation_fraction : float
            In place of X_val: the part of the rows that is kept from training for validation, drawn by the seed: of
            each class in the same share, at 8 bytes a row; of a stream row by row, and one at least of each class of
            two rows or more.
        early_stopping : bool
            Stop when the validation loss has not fallen by more than `tol` for `n_iter_no_change` epochs, and
            go back to the weights with the lowest.
        verbose : bool, int or "bar"
            Print the loss of each epoch, or show a progress bar over all rows.
        callbacks : callable, list of them, or None
            Each is called as callback(model, record) after each epoch, with its record of `history`; one that returns
            True ends the training.
        checkpoint : str, path or None
            A file that is replaced in one step at the start, each `checkpoint_every` seconds, by Ctrl-C, and at the
            end. `Model.load` reads it.
        checkpoint_every : float
            Seconds.
        resume : bool
            Go on where the checkpoint left a fit of the same rows and arguments: the weights become those of a fit
            that was never interrupted, bit for bit. Without a file, start; after a fit that ended, take its model.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Names the argument and what is wrong with it. The weights stay as they were.
        RowError
            A `ValueError` that names a row that cannot be used. The model is as it was, whatever epochs had come
            before.
        MemoryError
            Before training begins, where what it takes is not left.
        ActivationError
            An activation of the user's own raised an exception; it is named. The weights stay as they were.
        DivergenceError
            The loss is no longer finite. The weights are those before that epoch, the last whose loss was finite.
        KeyboardInterrupt
            Ctrl-C, within a second. The weights are those after the last completed step.
        OSError
            The checkpoint cannot be written, or holds another fit that has not ended.
        RuntimeError
            The model is being fitted in another thread. Predictions of other threads meanwhile see the weights from
            before, or those after the last epoch.
        """
        settings = settings_of(self, epochs, batch_size, l2, shuffle, early_stopping, n_iter_no_change, tol, verbose)
        fit(
            self, X, y, sample_weight, settings, optimizer, given_validation(X_val, y_val, sample_weight_val),
            validation_fraction, callbacks, checkpoint, checkpoint_every, resume,
        )  # fmt: skip
        return self

    def predict_proba(self, X: Features | Stream) -> np.ndarray:
        """P(y = 1) of each row: array (n) in the model's dtype; (n, K) of K classes or labels.

        Raises
        ------
        RowError
            A `ValueError` that names the first row whose numbers are not finite, or so large that a layer overflows.
        """
        P = self._network.logits(rows_of(self, X), probabilities=True, theta=self._present())
        return P[:, 0] if self.widths[-1] == 1 else P

    def iter_proba(self, X: Features | Stream) -> Iterator[np.ndarray]:
        """`predict_proba` of consecutive parts of X, for streams of more rows than memory holds."""
        for P in self._network.predicted(rows_of(self, X), probabilities=True, theta=self._present()):
            yield P[:, 0] if self.widths[-1] == 1 else P

    def predict(self, X: Features | Stream) -> np.ndarray:
        """0 or 1 for each row: array (n) of int64; 1 where P(y = 1) > 1/2. Or its class, (n), or its labels, (n, K)."""
        Z = self._network.logits(rows_of(self, X), theta=self._present())
        labels = np.asarray(Z.argmax(axis=1) if self.out_activation == "softmax" else (Z > 0).astype(np.int64))
        return labels[:, 0] if self.widths[-1] == 1 else labels

    def save(self, path: FilePath) -> None:
        """Write everything to a file, replacing it in one step: parameters, names, encoding, optimizer, history.

        Raises
        ------
        ValueError
            No file can hold the model: weights that are not finite, say, or two activations of one name.
        OSError
            The file cannot be written; an old one is as it was.
        """
        fit_lock.check_at_rest(self)
        save(self, path)

    @classmethod
    def load(
        cls, path: FilePath, *, activations: dict[str, Pair] | None = None, n_threads: int | None = None
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
        ValueError
            An activation that was given has other values than the one that the model was saved with.
        OSError
            It cannot be read.
        """
        model: Model = load(cls, path, activations or {}, n_threads)
        return model

    def _present(self) -> np.ndarray:
        """The parameters to compute with now: a copy, as a fit in another thread may begin meanwhile."""
        return fit_lock.present(self, lambda: aligned_copy(self._parameters))

    def __copy__(self) -> "Model":
        """An independent model, as from `copy.deepcopy`: a fit of one changes nothing of the other."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        fit_lock.check_at_rest(self)
        hidden = {"_network", "_views"}
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
