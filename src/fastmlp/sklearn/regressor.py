"""`MLPRegressor`: scikit-learn's estimator, computed by this library's kernels."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ..optimizers import Optimizer
from ..rows.streams.stream import Stream
from ..sklearn_private import _fit_context
from ..typing import Activations, Callbacks, MatrixLike, OptimizerName, Verbose
from . import view
from .data import data_of
from .estimator import MLPEstimator
from .fit import fit
from .numbers import NumberTarget
from .parameters import OF_NUMBERS, set_parameters, trains_by_epochs


class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]
    """Multilayer perceptron for regression, a drop-in for `sklearn.neural_network.MLPRegressor`.

    It has scikit-learn's parameters and attributes, and the same `random_state` gives the same model up to rounding.
    Parameters of the same name as those of `MLPClassifier` have the same meaning and the same default.

    Parameters
    ----------
    loss : {"squared_error", "poisson", "quantile", "huber"}, default="squared_error"
        What is minimised: half the squared error; half the Poisson deviance of counts or rates, predicted by e^z; the
        pinball loss of one or several quantiles; or half the squared error that goes on linearly beyond `delta`.
    hidden_layer_sizes, activation, solver, alpha, batch_size : as for `MLPClassifier`
    learning_rate, learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose : as for `MLPClassifier`
    warm_start, momentum, nesterovs_momentum : as for `MLPClassifier`
    early_stopping : bool, default=False
        Keep a part of the rows for validation, and stop when the `score` over it does not improve.
    validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, dtype : as for `MLPClassifier`
    scoring : str, callable or None, default=None
        scikit-learn's name of a scorer, or a scorer, in place of `score` over the validation rows.
    dropout, optimizer, callbacks, n_threads : as for `MLPClassifier`
    quantile : float, or ascending list of them, default=0.5
        For loss="quantile": levels between 0 and 1. A list predicts a column for each, in ascending order; y is one
        column then.
    delta : float, default=1.0
        For loss="huber": up to here, the error counts squared; in units of the target or, with standardize_target, of
        its standard deviation.
    standardize_target : bool, default=False
        Train on (y - mean) / standard deviation of the training rows, weighted; predictions have the units of y. A warm
        start and `partial_fit` keep both. Losses, those of `loss_curve_` included, are of the standardised target. Not
        for loss="poisson".

    Attributes
    ----------
    coefs_, intercepts_, n_iter_, t_, n_layers_, n_outputs_, n_features_in_ : as for `MLPClassifier`
    loss_, loss_curve_, learning_rate_curve_, best_loss_ : as for `MLPClassifier`
        Losses of several outputs are sums over them; squared errors are means, as in scikit-learn, though not in their
        gradient, nor with lbfgs.
    validation_loss_curve_, validation_scores_, best_validation_score_ : as for `MLPClassifier`
        Losses as the training loss, without the L2 term. Scores are R² or, of one quantile or several, the mean of
        their pinball losses, negative, with standardize_target of the standardised target.
    out_activation_ : {"identity", "exp"}
    target_mean_, target_scale_ : float or array (K)
        Only with standardize_target. The scale of a constant target is 1.
    feature_names_in_ : as for `MLPClassifier`

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from fastmlp import MLPRegressor
    >>> X, y = make_friedman1(1000, random_state=0)
    >>> regressor = MLPRegressor(standardize_target=True, random_state=1, max_iter=500).fit(X, y)
    >>> bool(regressor.score(X, y) > 0.9)
    True
    """

    _parameter_constraints: dict = OF_NUMBERS

    def __init__(
        self, loss: Literal["squared_error", "poisson", "quantile", "huber"] = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,), activation: Activations = "relu", *,
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
        scoring: str | Callable[..., float] | None = None, dropout: float | list[float] | tuple[float, ...] = 0.0,
        optimizer: OptimizerName | Optimizer | None = None, callbacks: Callbacks["MLPRegressor"] = None,
        n_threads: int | None = None, quantile: float | Sequence[float] = 0.5, delta: float = 1.0,
        standardize_target: bool = False,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    @available_if(trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the weights and the moments of the last call.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`

        Returns
        -------
        self
        """
        fit(self, X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: MatrixLike | Stream) -> np.ndarray:
        """Return the predicted target of each row, in the units of y.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or (n, K) for K outputs
            Quantiles ascend in each row.

        Raises
        ------
        RowError
            A row has numbers that are not finite; the `ValueError` names it.
        """
        now, network, theta = view.present(self)
        target: NumberTarget = now._target()
        return target.decoded(now._outputs(X, network, theta))

    def score(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return R², the mean over columns of y, or of several quantiles the mean pinball loss, negative.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`

        Returns
        -------
        float
        """
        return data_of(self, X, y, sample_weight).score()

    def _target(self) -> NumberTarget:
        return NumberTarget(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
