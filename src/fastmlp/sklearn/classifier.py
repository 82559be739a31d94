"""`MLPClassifier`: scikit-learn's estimator, computed by this library's kernels."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from ..optimizers import Optimizer
from ..rows.ragged import as_array
from ..rows.streams.stream import Stream
from ..sklearn_private import _check_partial_fit_first_call, _fit_context
from ..typing import Activations, Callbacks, MatrixLike, OptimizerName, Verbose
from . import view
from .classes import ClassTarget
from .data import data_of
from .estimator import MLPEstimator
from .fit import fit
from .parameters import OF_CLASSES, set_parameters, trains_by_epochs


class MLPClassifier(ClassifierMixin, MLPEstimator):  # type: ignore[misc]
    """Multilayer perceptron for classification, a drop-in for `sklearn.neural_network.MLPClassifier`.

    It has scikit-learn's parameters and attributes, and the same `random_state` gives the same model up to rounding.

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
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="constant"
        For sgd: "constant"; "invscaling", learning_rate_init / (t + 1)^power_t after each epoch; or "adaptive",
        divided by 5 when `n_iter_no_change` epochs did not improve. For every optimizer also "cosine", which falls to 0
        over max_iter epochs, and "one_cycle", which rises from 1/25 during the first three tenths and then falls.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        The largest number of epochs, or of iterations of L-BFGS.
    shuffle : bool, default=True
    random_state : int, RandomState or None, default=None
        For the first weights, the validation split and the order of rows.
    tol : float, default=1e-4
        The loss or the score has improved if it changed by more than this.
    verbose : bool, int or "bar", default=False
        Print the loss of each epoch, or show a progress bar over all rows.
    warm_start : bool, default=False
        Start `fit` from the weights of the last one.
    momentum : float, default=0.9
        For sgd.
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        Keep a part of the rows for validation, and stop when the accuracy over it does not improve.
    validation_fraction : float, default=0.1
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        For adam.
    n_iter_no_change : int, default=10
    max_fun : int, default=15000
        For lbfgs: the largest number of evaluations of the gradient.
    dtype : {"auto", "float32", "float64", "mixed_bfloat16"}, default="auto"
        The type of parameters and products. "auto": float32 for X of float32, else float64. lbfgs always computes in
        float64. "mixed_bfloat16": as for `Model`, not for lbfgs; `fit` raises `UnsupportedCPUError` where the CPU has
        no instructions for it.
    class_weight : dict, "balanced", list of dict (for labels) or None, default=None
        Weights of classes, by which those of rows are multiplied; "balanced": n / (K × the class's number of rows).
        They apply to training, not to the validation score.
    scoring : str, callable or None, default=None
        scikit-learn's name of a scorer, or a scorer, in place of the accuracy over the validation rows. It gets them as
        they were given: rows of a frame as a frame.
    dropout : float, or list with one for each hidden layer, default=0.0
        The fraction of a layer's units that each step of adam or sgd leaves out, drawn by `random_state`.
    optimizer : str, Optimizer or None, default=None
        sgd, momentum, nesterov, adam or adamw, with learning_rate_init, or an object such as
        ``AdamW(1e-3, weight_decay=0.1)``, in place of the solver's.
    callbacks : callable, list of them, or None, default=None
        Each is called as callback(classifier, record) after each epoch; the record holds epoch, loss, learning_rate,
        seconds, validation_loss and validation_score. One that returns True ends the training.
    n_threads : int or None, default=None
        The largest number of threads. None: one per available core. The result is the same, bit for bit, for any.

    Attributes
    ----------
    classes_ : array (K), or list of them
    coefs_, intercepts_ : list of arrays (p[l-1], p[l]) and (p[l])
        The parameters with which `predict` computes and the next fit starts, also after you write into them.
    loss_ : float
        The loss of the last epoch: mean over its batches, with the L2 term.
    loss_curve_, learning_rate_curve_ : list of float
        The loss of each epoch, and the learning rate after it.
    best_loss_, best_validation_score_ : float or None
    validation_scores_, validation_loss_curve_ : list of float or None
        Score and mean log loss over the validation rows, if there are any.
    n_iter_, t_ : int
        The numbers of epochs of the last fit, and of rows trained on so far.
    n_layers_, n_outputs_, n_features_in_ : int
    out_activation_ : {"logistic", "softmax"}
    feature_names_in_ : array of str
        Only if X has names.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from fastmlp import MLPClassifier
    >>> X, y = make_moons(1000, noise=0.1, random_state=0)
    >>> classifier = MLPClassifier((50, 50), random_state=1).fit(X, y)
    >>> bool(classifier.score(X, y) > 0.99)
    True
    """

    _parameter_constraints: dict = OF_CLASSES

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
        dtype: Literal["auto", "float32", "float64", "mixed_bfloat16"] = "auto",
        class_weight: dict | list[dict] | Literal["balanced"] | None = None,
        scoring: str | Callable[..., float] | None = None, dropout: float | list[float] | tuple[float, ...] = 0.0,
        optimizer: OptimizerName | Optimizer | None = None, callbacks: Callbacks["MLPClassifier"] = None,
        n_threads: int | None = None,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    @available_if(trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> "MLPClassifier":  # fmt: skip
        """Train for one epoch, starting from the weights and the moments of the last call.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`
        classes : array-like (K) or None
            All classes; required in the first call.

        Returns
        -------
        self
        """

        def set_classes() -> None:
            if _check_partial_fit_first_call(self, classes):
                dimensions = 0 if y is None else np.ndim(y if hasattr(y, "ndim") else as_array("y", y, "labels"))
                multilabel = dimensions == 2 and type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)

        fit(self, X, y, sample_weight, incremental=True, begin=set_classes)
        return self

    def predict(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return the class of each row, or its labels.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or (n, K) of 0 and 1 for K labels

        Raises
        ------
        RowError
            A row has numbers that are not finite; the `ValueError` names it.
        """
        now, network, theta = view.present(self)
        classes: np.ndarray = now._label_binarizer.inverse_transform(now._outputs(X, network, theta))
        return classes

    def predict_proba(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n, K)
            Columns in the order of `classes_`; of labels, the probability of each.
        """
        now, network, theta = view.present(self)
        P = now._outputs(X, network, theta)
        return P if now.n_outputs_ > 1 else np.stack([1 - P, P], axis=1)

    def score(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy: the fraction of the rows, by weight, whose class `predict` finds.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`
            A row of a class that `fit` has not seen counts as wrong.

        Returns
        -------
        float
        """
        return data_of(self, X, y, sample_weight).score()

    def predict_log_proba(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return logarithms of `predict_proba`, which are finite also where a probability is rounded to 0.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n, K)
        """
        now, network, theta = view.present(self)
        Z = now._outputs(X, network, theta, links=False)
        if now.out_activation_ == "softmax":
            Z -= Z.max(axis=1, keepdims=True)
            return np.asarray(Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)))
        if now.n_outputs_ == 1:
            return np.asarray(-np.logaddexp(0, np.stack([Z, -Z], axis=1)))
        P = now._outputs(X, network, theta)  # the logarithm of P, so that equal probabilities have equal logarithms
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(P > 0, np.log(P), -np.logaddexp(0, -Z)))

    def _target(self) -> ClassTarget:
        return ClassTarget(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
