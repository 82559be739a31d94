"""What `MLPClassifier` and `MLPRegressor` have in common: fits, the net, copies and pickles."""

import copy
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ..activations import resolve_all
from ..arguments import checked_dropout
from ..convertible import Convertible
from ..network.network import Network
from ..network.plan import Plan
from ..precision import on_this_cpu
from ..rows.streams.stream import Stream
from ..sklearn_private import _fit_context
from ..system import fit_lock
from ..training.checkpoint import CheckpointFile
from ..training.split import given_validation
from ..typing import FilePath, MatrixLike
from . import view
from .classes import ClassTarget
from .coefficients import Coefficients, widths_of
from .data import data_of
from .fit import fit
from .numbers import NumberTarget


class MLPEstimator(Convertible, BaseEstimator, ABC):  # type: ignore[misc]
    """A multilayer perceptron with scikit-learn's conventions; what is about y is a matter of `_target`."""

    loss_curve_: list[float]
    learning_rate_curve_: list[float]
    best_loss_: float | None
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    _coefficients: Coefficients
    _mixed = False  # whether the net was made with dtype="mixed_bfloat16"

    @abstractmethod
    def _target(self) -> ClassTarget | NumberTarget:
        """Return what fits learn of y, and make of it."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: MatrixLike | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, *,
        X_val: MatrixLike | Stream | None = None, y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None, checkpoint: FilePath | None = None,
        checkpoint_every: float = 60.0, resume: bool = False,
    ) -> Self:  # fmt: skip
        """Train.

        Parameters
        ----------
        X : array-like or sparse matrix (n, p), or a stream of `fastmlp.rows`
            float32 and float64 are read in place; a sparse matrix is made dense a window of rows at a time. A stream
            brings y and the weights with it, and may have more rows than memory holds; then dtype="auto" means
            float32, and rows for validation are drawn one by one.
        y : array-like (n) of classes, or (n, K) of 0 and 1 for K labels; of a regressor (n) or (n, K) of numbers
        sample_weight : array-like (n) or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate on after each epoch. With early_stopping they replace the part of X.
        checkpoint, checkpoint_every, resume : as for `Model.fit`
            A fit that goes on ends with the bits of one that was never interrupted, also with random_state=None. Not
            for lbfgs.

        Returns
        -------
        self
        """
        file = CheckpointFile.checked(checkpoint, checkpoint_every, resume)
        fit(self, X, y, sample_weight, False, given_validation(X_val, y_val, sample_weight_val), file)
        return self

    def _network(self) -> Network:
        """Return the net of what `coefs_` and `intercepts_` hold now."""
        dtype = np.dtype(np.float32 if np.asarray(self.coefs_[0]).dtype == np.float32 else np.float64)
        widths = widths_of(self.coefs_)
        layers = resolve_all(self.activation, len(widths) - 2, dtype)
        dropout = checked_dropout(self.dropout, len(layers))
        mixed = self._mixed and dtype == np.float32
        plan = on_this_cpu(Plan(widths, layers, True, dtype, self._target().loss(), dropout, mixed=mixed))
        known: Coefficients | None = vars(self).get("_coefficients")
        if known is None or known.network.plan != plan or not known.are(self.coefs_, self.intercepts_):
            self._coefficients = Coefficients(plan, self.n_threads)
            self._coefficients.set(self.coefs_, self.intercepts_)
        self._coefficients.network.n_threads = self.n_threads
        return self._coefficients.network

    def _outputs(self, X: MatrixLike | Stream, network: Network, theta: np.ndarray, links: bool = True) -> np.ndarray:
        """Return A[L], or Z[L]: array (n, K), or (n) of a single output."""
        A = network.logits(data_of(self, X).rows(network), links=links, theta=theta)
        return A if self.n_outputs_ > 1 else A[:, 0]

    def __copy__(self) -> Self:
        """Return an independent estimator: parameters are shared, what fits have made is copied."""
        fit_lock.check_at_rest(self)
        other: Self = view.view(self)
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
        return tags
