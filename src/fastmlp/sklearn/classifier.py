"""`MLPClassifier`: scikit-learn's estimator over this library's kernels."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from ..activations import resolve_all
from ..convertible import Convertible
from ..losses import loss_of_link
from ..network.network import Network
from ..network.plan import Plan
from ..optimizers import Optimizer
from ..rows.streams.stream import Stream
from ..sklearn_private import _check_partial_fit_first_call, _fit_context
from ..system import fit_lock
from ..training.split import given_validation
from ..typing import Activations, Callbacks, Features, OptimizerName, Verbose
from . import view
from .coefficients import Coefficients, widths_of
from .data import data_of
from .fit import fit
from .parameters import CONSTRAINTS


def trains_by_epochs(estimator: "MLPClassifier") -> bool:
    """Is there a partial_fit?"""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


class MLPClassifier(Convertible, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multilayer perceptron for classification: a drop-in for scikit-learn's, with its parameters and attributes.

    The same `random_state` gives the same model as `sklearn.neural_network.MLPClassifier`, up to rounding.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Widths of the hidden layers.
    activation : str, pair of functions, or list with one of them for each hidden layer, default="relu"
        identity, logistic, tanh, relu as in scikit-learn; leaky_relu, elu, selu, softplus, gelu, silu, or scalar
        functions (g, g') of z that Numba can compile.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
    alpha : float, default=0.0001
        Adds alpha/2 ‖W‖² to the sum of losses of each batch.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is min(200, n).
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For sgd: constant; learning_rate_init / (t + 1)^power_t after each epoch; or divided by 5 when
        `n_iter_no_change` epochs did not improve. For every optimizer also "cosine", falling to 0 over max_iter
        epochs, and "one_cycle", rising from 1/25 for three tenths of them and then falling.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        Epochs at most, or iterations of L-BFGS.
    shuffle : bool, default=True
    random_state : int, RandomState or None, default=None
        For starting weights, the validation split and the order of rows.
    tol : float, default=1e-4
        By less than this, the loss or the score has not improved.
    verbose : bool, int or "bar", default=False
        Print the loss of each epoch, or show a progress bar over all rows.
    warm_start : bool, default=False
        Start `fit` from the weights of the last one.
    momentum : float, default=0.9
        For sgd.
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        Keep a part of the rows for validation, and stop when its accuracy does not improve.
    validation_fraction : float, default=0.1
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Adam's.
    n_iter_no_change : int, default=10
    max_fun : int, default=15000
        Evaluations of the gradient by lbfgs at most.
    dtype : {"auto", "float32", "float64"}, default="auto"
        What is computed in; "auto": float32 for X of float32, else float64. lbfgs always computes in float64.
    class_weight : dict, "balanced", list of dict (for labels) or None, default=None
        Weights of classes, beside those of rows; "balanced": n / (K × the class's number of rows). They weigh the
        training, not the validation score.
    scoring : str, callable or None, default=None
        scikit-learn's name of a scorer, or one, in place of the accuracy over the validation rows, which it gets as
        they were given: a frame of a frame.
    dropout : float, or list with one for each hidden layer, default=0.0
        The part of a layer's units that each step of adam or sgd leaves out, at random by `random_state`.
    optimizer : str, Optimizer or None, default=None
        sgd, momentum, nesterov, adam or adamw, with learning_rate_init, or an object such as
        ``AdamW(1e-3, weight_decay=0.1)``, in place of the solver's.
    callbacks : callable, list of them, or None, default=None
        Each is called as callback(classifier, record) after each epoch, record with epoch, loss, learning_rate,
        seconds, validation_loss and validation_score; one that returns True ends the training.
    n_threads : int or None, default=None
        At most so many threads; None: one per available core. It changes no bit of the result.

    Attributes
    ----------
    classes_ : array (K), or list of them
    coefs_, intercepts_ : list of arrays (p[l-1], p[l]) and (p[l])
        What stands in these lists is what predicts, and what trains next.
    loss_ : float
        Of the last epoch: mean over its batches, with the L2 term.
    loss_curve_ : list of float
    best_loss_ : float or None
    learning_rate_curve_ : list of float
        After each epoch.
    validation_scores_, validation_loss_curve_ : list of float or None
        Score and mean log loss over the validation rows, where there are any.
    best_validation_score_ : float or None
    n_iter_ : int
    t_ : int
        Rows trained on so far.
    n_layers_, n_outputs_ : int
    out_activation_ : {"logistic", "softmax"}
    n_features_in_ : int
    feature_names_in_ : array of str
        Only where X has names.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from fastmlp import MLPClassifier
    >>> X, y = make_moons(1000, noise=0.1, random_state=0)
    >>> classifier = MLPClassifier((50, 50), random_state=1).fit(X, y)
    >>> bool(classifier.score(X, y) > 0.99)
    True
    """

    _parameter_constraints: dict = CONSTRAINTS

    loss_curve_: list[float]
    learning_rate_curve_: list[float]
    best_loss_: float | None
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    _coefficients: Coefficients

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: Activations = "relu", *,
        solver: Literal["adam", "sgd", "lbfgs"] = "adam", alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal["constant", "invscaling", "adaptive", "cosine", "one_cycle"] = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None, tol: float = 1e-4, verbose: Verbose = False,
        warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000,
        dtype: Literal["auto", "float32", "float64"] = "auto",
        class_weight: dict | list[dict] | Literal["balanced"] | None = None,
        scoring: str | Callable[..., float] | None = None, dropout: float | list[float] | tuple[float, ...] = 0.0,
        optimizer: OptimizerName | Optimizer | None = None, callbacks: Callbacks["MLPClassifier"] = None,
        n_threads: int | None = None,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dtype = dtype
        self.class_weight = class_weight
        self.scoring = scoring
        self.dropout = dropout
        self.optimizer = optimizer
        self.callbacks = callbacks
        self.n_threads = n_threads

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Features | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, *,
        X_val: Features | Stream | None = None, y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> "MLPClassifier":  # fmt: skip
        """Train.

        Parameters
        ----------
        X : array-like or sparse matrix (n, p), or a stream of `fastmlp.rows`
            float32 and float64 are read in place; of a sparse matrix, a window of rows is made dense at a time. A
            stream brings y and the weights with it, and may have more rows than memory holds; dtype="auto" is
            float32 then, and rows for validation are drawn one by one.
        y : array-like (n) of classes, or (n, K) of 0 and 1 for K labels
        sample_weight : array-like (n) or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate on after each epoch; with early_stopping, in place of a part of X.

        Returns
        -------
        self
        """
        given = given_validation(X_val, y_val, sample_weight_val)
        fit(self, X, y, sample_weight, incremental=False, given=given)
        return self

    @available_if(trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Features | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> "MLPClassifier":  # fmt: skip
        """Train for one epoch, from the weights and the moments of the last call on.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`
        classes : array-like (K) or None
            All classes; required in the first call.

        Returns
        -------
        self
        """
        if _check_partial_fit_first_call(self, classes):
            multilabel = y is not None and np.ndim(y) == 2 and type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)
        fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Features | Stream) -> np.ndarray:
        """The class of each row, array (n), or 0 and 1 for each label, array (n, K)."""
        now, network, theta = view.present(self)
        classes: np.ndarray = now._label_binarizer.inverse_transform(now._outputs(X, network, theta))
        return classes

    def predict_proba(self, X: Features | Stream) -> np.ndarray:
        """Probabilities of the classes in the order of `classes_`: array (n, K)."""
        now, network, theta = view.present(self)
        P = now._outputs(X, network, theta)
        return P if now.n_outputs_ > 1 else np.stack([1 - P, P], axis=1)

    def score(self, X: Features | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """The part of the rows, by weight, whose class `predict` has right.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`
            A class that was not there in `fit` is never right.
        """
        return data_of(self, X, y, sample_weight).score()

    def predict_log_proba(self, X: Features | Stream) -> np.ndarray:
        """Logarithms of `predict_proba`, finite also where a probability is rounded to 0."""
        now, network, theta = view.present(self)
        Z = now._outputs(X, network, theta, probabilities=False)
        if now.out_activation_ == "softmax":
            Z -= Z.max(axis=1, keepdims=True)
            return np.asarray(Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)))
        if now.n_outputs_ == 1:
            return np.asarray(-np.logaddexp(0, np.stack([Z, -Z], axis=1)))
        P = now._outputs(X, network, theta)  # labels of equal probability have equal logarithms, as of 1
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(P > 0, np.log(P), -np.logaddexp(0, -Z)))

    # --- the net, and the rows it sees ----------------------------------------------------------------

    def _network(self) -> Network:
        """The net of what stands in `coefs_` and `intercepts_` now."""
        dtype = np.dtype(np.float32 if np.asarray(self.coefs_[0]).dtype == np.float32 else np.float64)
        widths = widths_of(self.coefs_)
        layers = resolve_all(self.activation, len(widths) - 2, dtype)
        plan = Plan(widths, layers, True, dtype, loss_of_link(self.out_activation_), self._dropouts(len(layers)))
        known: Coefficients | None = vars(self).get("_coefficients")
        if known is not None and known.network.plan == plan and known.are(self.coefs_, self.intercepts_):
            known.network.n_threads = self.n_threads
            return known.network
        self._coefficients = Coefficients(plan, self.n_threads)
        self._coefficients.set(self.coefs_, self.intercepts_)
        return self._coefficients.network

    def _dropouts(self, n_hidden: int) -> tuple[float, ...]:
        """p of each hidden layer."""
        given = list(self.dropout) if isinstance(self.dropout, (list, tuple)) else [self.dropout] * n_hidden
        if len(given) != n_hidden or not all(0 <= p < 1 for p in given):
            raise ValueError(
                f"dropout={self.dropout!r}: give a number from 0 to below 1, or {n_hidden} of them, one a hidden layer"
            )
        return tuple(float(p) for p in given)

    def _outputs(
        self, X: Features | Stream, network: Network, theta: np.ndarray, probabilities: bool = True
    ) -> np.ndarray:
        """P of each output, or its logit: (n, K), or (n) of a single output."""
        rows = data_of(self, X).rows(network)
        Z = network.logits(rows, probabilities=probabilities, theta=theta)
        return Z if self.n_outputs_ > 1 else Z[:, 0]

    def __copy__(self) -> "MLPClassifier":
        """An independent estimator: it shares the parameters, and has its own of all that fits have made."""
        fit_lock.check_at_rest(self)
        other: MLPClassifier = view.view(self)
        state = other.__dict__
        state.pop("_coefficients", None)
        state.update({name: copy.deepcopy(state[name]) for name in state.keys() - self.get_params(deep=False).keys()})
        return other

    def __getstate__(self) -> dict[str, Any]:
        fit_lock.check_at_rest(self)
        state = dict(super().__getstate__())
        state.pop("_coefficients", None)  # made again from coefs_ and intercepts_
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags
