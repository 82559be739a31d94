"""`Model`: its constructor, training, predictions and files, over the packages that do the work."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ..optimizers import Optimizer
from ..precision import check_trains
from ..rows.streams.stream import Stream
from ..saving.model import load, save
from ..system import fit_lock
from ..training.fit import fit, settings_of
from ..training.inputs import rows_of
from ..training.split import BATCH_ROWS, given_validation
from ..typing import Callbacks, FilePath, MatrixLike, OptimizerName, Pair, Verbose
from .state import Gradient, ModelState


class Model(ModelState):
    """Multilayer perceptron for two classes, K classes or K labels, or for numbers.

    Parameters
    ----------
    widths : sequence of int
        p[0], …, p[L]: the number of inputs, the widths of the hidden layers, and 1 output for two classes or a
        number, or K outputs for K classes, labels, numbers or quantiles. The inputs are the features in X, or what
        `features` make of them. ``[p, 1]`` is logistic or linear regression.
    activation : str, pair of functions, or list with one of them for each hidden layer, default="relu"
        identity, logistic, tanh, relu, leaky_relu, elu, selu, softplus, gelu, silu, or a pair (g, g') of scalar
        functions of z that Numba can compile: Python's or NumPy's, partials of them, methods and callable objects that
        read numbers of their object. Division by zero gives inf or NaN; an exception that they raise becomes an
        `ActivationError`.
    bias : bool, default=True
        Whether layers have a bias. Without it, `biases` is empty.
    dtype : {"float32", "float64", "mixed_bfloat16"}, default="float32"
        The type of the parameters, of all products and of predictions. "mixed_bfloat16" is float32, but for the
        operands of products, which are rounded to bfloat16, with 8 bits in place of 24; their sums, θ, the moments,
        biases, activations, losses and steps stay in float32. It is for wide nets, on Intel Xeons from 2023 on (AMX)
        and AMD from Zen 4 on. On other CPUs training is refused, and predictions are computed in float32, with a
        warning; `fastmlp.cpu_features` tells what this CPU has. Not with `features` that are looked up: bins and
        categories.
    seed : int, default=0
        For the first weights, the validation split, the order of rows and dropout.
    n_threads : int or None, default=None
        The largest number of threads; small work takes fewer. None: one per available core. The result is the same,
        bit for bit, for any number.
    out_activation : {"logistic", "softmax"} or None, default=None
        For log_loss. "softmax": a row has one of K classes, and y holds 0 … K-1. "logistic": a row has any of K labels,
        and y (n, K) holds 0 and 1. None: logistic for one output, else softmax.
    loss : {"log_loss", "squared_error", "poisson", "quantile", "huber"}, default="log_loss"
        log_loss for classes and labels, the others for targets that are numbers, y (n), or (n, K) for K outputs.
        "squared_error": half of (prediction - y)². "poisson": half the Poisson deviance of counts or rates, at least 0,
        with e^z as prediction. "quantile": the pinball loss. "huber": squared up to an error of `delta`, then linear.
    quantile : float or ascending sequence of float, default=0.5
        For "quantile", ignored otherwise: the level of each output, above 0 and below 1. All outputs have the same
        target, y (n).
    delta : float, default=1.0
        For "huber", ignored otherwise; in the units of y or, with `target_scaling`, of the scaled y.
    dropout : float, or list with one for each hidden layer, default=0.0
        The fraction of a layer's units, at least 0 and below 1, that each step of `fit` leaves out, drawn by the seed.
        Predictions, losses and gradients are those of all units.
    features : Features or None, default=None
        What makes the p[0] inputs of the q numbers of a row of X (`fastmlp.features`), when it is read: bins,
        categories, waves, and more. NaN in X is a missing number then. None: X (n, p[0]) holds the inputs.

    Attributes
    ----------
    parameters : array (``|θ|``)
        All W, row by row, then all b. `weights` and `biases` are views on it; write into them to set weights.
    weights : tuple of arrays (p[l-1], p[l])
    biases : tuple of arrays (p[l])
    dtype : numpy.dtype
        Of the parameters and of predictions: float32 for "mixed_bfloat16".
    mixed : bool
        Whether `dtype` was "mixed_bfloat16".
    loss_name, quantile, delta, out_activation, features : as the arguments
        Of a model of numbers, out_activation is "identity" or "exp".
    dropout : tuple of float, one for each hidden layer
    history : list of dict
        For each epoch: epoch, loss (mean while training), loss_with_l2, learning_rate, seconds, rows_per_second, and
        with rows to validate on validation_loss and validation_accuracy, or, for numbers but not for quantiles,
        validation_r2.
    optimizer : Optimizer or None
        The optimizer of the last `fit`, with its moments; give it to `fit` again to continue.
    scaling : (shift, factor) or None
        Arrays (p[0]). If set, every method reads X as (X - shift) factor, without a copy of X. Not with `features`.
    target_scaling : (shift, factor) or None
        Arrays of one number for each column of y. If set, every method reads y as (y - shift) factor, the losses are
        those of these numbers, and predictions have the units of y. Not for log_loss and poisson.
    encoding : TableEncoding or None
        If set, X is a table, or a stream of one (`fastmlp.rows`), and the encoding turns each of its rows into the
        numbers of a row of X. Set it to a fitted `TableEncoder`.
    feature_names : list of str or None
        Names of the columns of X, learned from a frame or a table.
    target_name : str or None
        The target's column in a table.
    classes : list or None
        The values in the target's column that 0, 1, … stand for.

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

    def loss(self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Return J, the loss summed over rows and outputs.

        Parameters
        ----------
        X : array-like (n, p[0]), or (n, q) with `features`
        y : array-like (n) of 0 and 1, or as `out_activation` and `loss` have it
        sample_weight : array-like (n), finite and not negative, or None

        Returns
        -------
        float
            J. Divide it by the sum of the weights, or by n, for the mean.

        Raises
        ------
        RowError
            A row cannot be used; the `ValueError` names it.
        """
        rows = rows_of(self, X, y, sample_weight, labelled=True)
        done, _ = self._network.gradient(rows, backward=False, theta=self._present())
        return done.J

    def loss_and_gradient(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> tuple[float, Gradient]:
        """Return J and its gradient, both summed over rows.

        Parameters
        ----------
        X, y, sample_weight : as for `loss`

        Returns
        -------
        J : float
        gradient : Gradient
            In the model's dtype, without an L2 term.

        Raises
        ------
        RowError
            A row cannot be used; the `ValueError` names it.
        UnsupportedCPUError
            The dtype is "mixed_bfloat16", and this CPU has no instructions for it.
        """
        check_trains(self.mixed)
        rows = rows_of(self, X, y, sample_weight, labelled=True)
        done, total = self._network.gradient(rows, theta=self._present())
        gradient = total.astype(self.dtype)
        return done.J, Gradient(gradient, *self._network.plan.views(gradient))

    def fit(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, *,
        X_val: MatrixLike | Stream | None = None, y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None, epochs: int = 10, batch_size: int | None = BATCH_ROWS,
        optimizer: OptimizerName | Optimizer = "adam", l2: float = 0.0, shuffle: bool = True,
        validation_fraction: float = 0.0, early_stopping: bool = False, n_iter_no_change: int = 10, tol: float = 1e-4,
        verbose: Verbose = 0, callbacks: Callbacks["Model"] = None, checkpoint: FilePath | None = None,
        checkpoint_every: float = 60.0, resume: bool = False,
    ) -> "Model":  # fmt: skip
        """Train, starting from the present weights.

        Parameters
        ----------
        X : array-like, frame or sparse matrix (n, p[0]), or a stream of `fastmlp.rows`
            float32 and float64 of any strides are read in place; other types are cast in blocks of rows. A stream
            brings y and the weights with it, and may have more rows than memory holds.
        y : array-like (n) of 0 and 1, of both classes, or as `out_activation` and `loss` have it
        sample_weight : array-like (n), finite and not negative, or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate on after each epoch. X_val may be a stream, too.
        epochs : int, default=10
            The number of passes over the rows, fewer with early_stopping.
        batch_size : int or None, default=1024
            Rows per step. None: all rows (full-batch gradient descent). More than n are clipped to n, with a warning.
        optimizer : str or Optimizer, default="adam"
            sgd, momentum, nesterov, adam, adamw, or an object such as ``Adam(learning_rate=1e-3)``. The same
            object in a second `fit` continues with its moments.
        l2 : float, default=0.0
            Adds l2/2 ‖W‖² to the mean loss; biases are not penalized.
        shuffle : bool, default=True
            Whether each epoch has its own order of rows, a function of the seed and the epoch's number. Of a stream,
            blocks are shuffled where their sizes are known beforehand, and rows within windows.
        validation_fraction : float, default=0.0
            In place of X_val: the fraction of the rows that is kept from training for validation, drawn by the seed,
            the same fraction of each class, which takes 8 bytes per row. Of a stream, rows are drawn one by one, with
            at least one of each class that has two.
        early_stopping : bool, default=False
            Stop when the validation loss has not fallen by more than `tol` for `n_iter_no_change` epochs, and
            go back to the weights with the lowest.
        n_iter_no_change : int, default=10
        tol : float, default=1e-4
        verbose : bool, int or "bar", default=0
            Print the loss of each epoch, or show a progress bar over all rows.
        callbacks : callable, list of them, or None, default=None
            Each is called as callback(model, record) after each epoch, with its record of `history`. One that returns
            True ends the training.
        checkpoint : str, path or None, default=None
            A file that is replaced, in one step, at the start, each `checkpoint_every` seconds, at Ctrl-C and at the
            end. `Model.load` reads it.
        checkpoint_every : float, default=60
            Seconds.
        resume : bool, default=False
            Continue where the checkpoint left a fit of the same rows and arguments: the weights become those of a fit
            that was never interrupted, bit for bit. If there is no file, start. If that fit had ended, take its model.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            An argument is wrong; the message names it. The weights are as before.
        RowError
            A row cannot be used; the `ValueError` names it. The model is as before, whatever epochs had ended.
        MemoryError
            Training needs more memory than is left; raised before it begins.
        ActivationError
            A user's activation raised an exception; it is named. The weights are as before.
        DivergenceError
            The loss is no longer finite. The weights are those of the last epoch whose loss was finite.
        KeyboardInterrupt
            Ctrl-C, within a second. The weights are those after the last completed step.
        OSError
            The checkpoint cannot be written, or holds another fit that has not ended.
        RuntimeError
            The model is being fitted in another thread. Predictions of other threads meanwhile see the weights from
            before, or those after the last epoch.
        UnsupportedCPUError
            The dtype is "mixed_bfloat16", and this CPU has no instructions for it. It is a `RuntimeError`, too.
        """
        settings = settings_of(self, epochs, batch_size, l2, shuffle, early_stopping, n_iter_no_change, tol, verbose)
        fit(
            self, X, y, sample_weight, settings, optimizer, given_validation(X_val, y_val, sample_weight_val),
            validation_fraction, callbacks, checkpoint, checkpoint_every, resume,
        )  # fmt: skip
        return self

    def predict_proba(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return P(y = 1) of each row, or the probabilities of K classes or K labels.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or (n, K)
            In the model's dtype.

        Raises
        ------
        RowError
            A row has numbers that are not finite, or so large that a layer overflows; the `ValueError` names it.
        AttributeError
            The model predicts numbers.
        """
        self._check_classes("predict_proba")
        P = self._network.logits(rows_of(self, X), links=True, theta=self._present())
        return P[:, 0] if self.widths[-1] == 1 else P

    def iter_proba(self, X: MatrixLike | Stream) -> Iterator[np.ndarray]:
        """Yield `predict_proba` of consecutive parts of X, for streams of more rows than memory holds.

        Parameters
        ----------
        X : as for `fit`

        Yields
        ------
        array, as of `predict_proba`
        """
        self._check_classes("iter_proba")
        for P in self._network.predicted(rows_of(self, X), links=True, theta=self._present()):
            yield P[:, 0] if self.widths[-1] == 1 else P

    def predict(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return the class of each row, its labels or, of a model of numbers, its predicted numbers.

        A row is of class 1, or has a label, where its probability is greater than 1/2.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or (n, K)
            Classes 0, 1, … as int64; of K labels, 0 and 1 for each. Numbers are in the units of y and in the model's
            dtype, with `target_scaling` in float64; quantiles ascend in each row.

        Raises
        ------
        RowError
            As from `predict_proba`.
        """
        numeric = self._network.plan.loss.numeric
        return self._predictions(self._network.logits(rows_of(self, X), links=numeric, theta=self._present()))

    def iter_predict(self, X: MatrixLike | Stream) -> Iterator[np.ndarray]:
        """Yield `predict` of consecutive parts of X, for streams of more rows than memory holds.

        Parameters
        ----------
        X : as for `fit`

        Yields
        ------
        array, as of `predict`
        """
        numeric = self._network.plan.loss.numeric
        first = 0
        for Z in self._network.predicted(rows_of(self, X), links=numeric, theta=self._present()):
            yield self._predictions(Z, first)
            first += len(Z)

    def _predictions(self, Z: np.ndarray, first_row: int = 0) -> np.ndarray:
        """Return predictions from Z[L], or, of numbers, from A[L]; first_row: as in `Loss.predictions`."""
        loss = self._network.plan.loss
        if loss.numeric:
            return loss.predictions(Z, self.target_scaling, first_row)
        labels = np.asarray(Z.argmax(axis=1) if loss.exclusive else (Z > 0).astype(np.int64))
        return labels[:, 0] if self.widths[-1] == 1 else labels

    def _check_classes(self, method: str) -> None:
        """Raise AttributeError where the model has no classes, and so no probabilities of them."""
        if self._network.plan.loss.numeric:
            raise AttributeError(f"{method}: a model with loss={self.loss_name!r} predicts numbers; call predict")

    def save(self, path: FilePath) -> None:
        """Write the model to a file, which is replaced in one step: parameters, names, encoding, optimizer, history.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        ValueError
            A file cannot hold the model: weights are not finite, for example, or two activations have the same name.
        OSError
            The file cannot be written; an old one is as before.
        """
        fit_lock.check_at_rest(self)
        save(self, path)

    @classmethod
    def load(
        cls, path: FilePath, *, activations: dict[str, Pair] | None = None, n_threads: int | None = None
    ) -> "Model":
        """Return the model that `save` wrote.

        Parameters
        ----------
        path : str or path
        activations : dict of name: (g, g')
            The functions of a model with the user's own activations, which a file cannot hold.
        n_threads : int or None
            As for the constructor.

        Returns
        -------
        Model

        Raises
        ------
        ModelFormatError
            The file is not a model, is damaged, is of a newer version, or needs an activation that was not given.
        ValueError
            An activation that was given has other values than the one the model was saved with.
        OSError
            The file cannot be read.
        """
        model: Model = load(cls, path, activations or {}, n_threads)
        return model
