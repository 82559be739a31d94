"""What `DaskMLPClassifier` and `DaskMLPRegressor` have in common: fits, what they leave, clones and pickles."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from ..arguments import MIXED
from ..model import Model
from ..optimizers import OPTIMIZERS
from ..precision import check_smooth
from ..sklearn.parameters import CONSTRAINTS
from ..sklearn_private import StrOptions, _fit_context
from ..training.figures import Figures
from ..training.improvement import Improvement
from ..training.inputs import check_names
from ..training.progress import Settings
from ..typing import DaskCollection, Record
from .cluster import Cluster
from .fit import Rule, check, run
from .partitions import Partitions, aligned, feature_names, names_in
from .predict import lightened

SHARED = (
    "hidden_layer_sizes", "activation", "alpha", "batch_size", "learning_rate_init", "max_iter", "early_stopping",
    "validation_fraction", "n_iter_no_change", "tol", "verbose", "dtype", "random_state",
)  # fmt: skip
AUTO_BATCH = 200  # rows, as in scikit-learn


class WithClient:
    """An estimator whose parameter `client` is a connection: clones share it, pickles leave it out."""

    client: Any

    def __sklearn_clone__(self: Any) -> Any:
        """Return a clone with the same client, which cannot be copied."""
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        return type(self)(**{name: clone(value, safe=False) for name, value in parameters.items()}, client=client)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the client, which belongs to this process."""
        return {**super().__getstate__(), "client": None}  # type: ignore[dict-item]


class DaskMLPEstimator(WithClient, BaseEstimator, ABC):  # type: ignore[misc]
    """A multilayer perceptron with scikit-learn's conventions over Dask's collections."""

    _parameter_constraints: dict = {  # noqa: RUF012
        **{name: CONSTRAINTS[name] for name in SHARED},
        "solver": [StrOptions({"lbfgs", *OPTIMIZERS})],
        "batch_size": [*CONSTRAINTS["batch_size"], None],
    }
    _numeric: ClassVar[bool]  # whether y holds numbers

    @abstractmethod
    def _net(self, partitions: Partitions) -> tuple[int, dict[str, Any]]:
        """Return the number of outputs, and the arguments with which `Model` has the loss."""

    @abstractmethod
    def _score_of(self, model: Model, record: Record) -> float:
        """Return the figure of an epoch by which early stopping compares it."""

    @abstractmethod
    def _learn(self, model: Model, partitions: Partitions) -> None:
        """Set the attributes that a fit learns of y."""

    def _check_parameters(self) -> None:
        """Raise ValueError for parameters that no fit can have; scikit-learn's constraints look at one at a time."""

    def _measure(self, model: Model, partitions: Partitions, held_part: float) -> None:
        """Give the model what it needs to know of the rows that are trained on."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: DaskCollection, y: DaskCollection | str | list[str], sample_weight: DaskCollection | str | None = None
    ) -> Self:
        """Train on Dask's arrays or dataframes.

        Parameters
        ----------
        X : Dask array (n, p) or dataframe
        y : Dask array, series or dataframe, (n) or (n, K), or the name of a column of X, or a list of names
        sample_weight : Dask array or series (n), the name of a column of X, or None

        Returns
        -------
        self

        Raises
        ------
        Exception
            As from `fastmlp.dask.fit`.
        """
        self._check_parameters()
        lbfgs = self.solver == "lbfgs"
        if lbfgs:
            check_smooth(self.dtype == MIXED, "solver='lbfgs'", "solver='adam'")
        held_part = self.validation_fraction if self.early_stopping and not lbfgs else 0.0
        if self.early_stopping and not lbfgs and not held_part:
            raise ValueError(f"early_stopping needs validation_fraction > 0, got {self.validation_fraction}")
        batch_size = None if lbfgs else AUTO_BATCH if self.batch_size == "auto" else self.batch_size
        optimizer: Rule = "lbfgs"
        if not lbfgs:
            optimizer = OPTIMIZERS[self.solver](self.learning_rate_init)
            optimizer.like_scikit_learn = True
        improvement = Improvement(self.tol, self.n_iter_no_change + 1, ties=True)  # as in scikit-learn

        def stops(model: Model, record: Record) -> bool:
            """Compare the epoch by its score, if there are rows for validation, or else by its loss."""
            if held_part:
                improvement.count(self._score_of(model, record), model.parameters.copy)
            else:
                improvement.count(-record["loss_with_l2"], lambda: None)
            return improvement.exhausted

        with Cluster(self.client, self.timeout) as cluster:
            partitions = Partitions(cluster, X, y, sample_weight, self._numeric)
            model = self._new_model(partitions, not lbfgs and is_float32(X, y, sample_weight))
            self._measure(model, partitions, held_part)
            l2 = self.alpha / partitions.weight if lbfgs else self.alpha  # which is shared by each batch
            settings = Settings(self.max_iter, batch_size, l2, True, model.seed, False, 1, self.tol, self.verbose)
            check(model, settings, held_part, optimizer)
            run(model, partitions, partitions.classes, settings, held_part, optimizer, [] if lbfgs else [stops])
        if improvement.kept is not None:
            model.parameters[:] = improvement.kept
        model.optimizer = None  # what it takes for l2 is not what `Model.fit` does
        self._learn(model, partitions)
        self._learn_course(model, partitions, X, None if lbfgs else improvement)
        if self.n_iter_ == self.max_iter and not improvement.exhausted:
            warnings.warn(
                f"max_iter={self.max_iter} iterations were made, and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _new_model(self, partitions: Partitions, single: bool) -> Model:
        """Return the model to train, in float32 if single where dtype is "auto"."""
        (outputs, loss), seed, dtype = self._net(partitions), self.random_state, self.dtype
        widths = [partitions.n_features, *np.atleast_1d(self.hidden_layer_sizes).tolist(), outputs]
        if dtype == "auto":
            dtype = "float32" if single else "float64"
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31)
        return Model(widths, self.activation, dtype=dtype, seed=seed, **loss)

    def _learn_course(self, model: Model, partitions: Partitions, X: Any, improvement: Improvement | None) -> None:
        """Set the attributes that tell of the course of a fit."""
        self.model_, self.n_features_in_ = model, partitions.n_features
        for name in ("feature_names_in_", "best_loss_", "validation_scores_", "best_validation_score_"):
            self.__dict__.pop(name, None)
        if partitions.names is not None and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.array(partitions.names, dtype=object)
        self.loss_curve_ = [record["loss_with_l2"] for record in model.history]
        self.n_iter_, self.loss_ = len(self.loss_curve_), self.loss_curve_[-1] if self.loss_curve_ else np.nan
        if improvement is not None:
            by_score = self.early_stopping
            self.best_loss_ = None if by_score else -improvement.best
            self.best_validation_score_ = improvement.best if by_score else None
            scores = [self._score_of(model, record) for record in model.history] if by_score else None
            self.validation_scores_ = scores

    def _judged(
        self, X: DaskCollection, y: Any, sample_weight: Any, judge: Callable[..., Figures], *arguments: Any
    ) -> Figures:
        """Return the sum, in their order, of judge(X, y, w, number, model, *arguments) of all partitions."""
        import dask

        parts = aligned(X, y, sample_weight)
        check_names(self.model_, feature_names(X, y, sample_weight))
        model, task, total = dask.delayed(lightened(self.model_)), dask.delayed(judge, pure=False), Figures()
        tasks = [task(*part, number, model, *arguments) for number, part in enumerate(parts)]
        for found in dask.compute(*tasks, scheduler=self.client):
            total += found
        if total.weight == 0:
            raise ValueError("X has no rows with a weight above 0")
        return total

    @property
    def coefs_(self) -> list[np.ndarray]:
        return list(self.model_.weights)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        return list(self.model_.biases)


def is_float32(X: Any, y: Any, sample_weight: Any) -> bool:
    """Return whether all features are float32; y and sample_weight may be names of columns of X."""
    if not hasattr(X, "columns"):
        return bool(X.dtype == np.float32)
    named = [*names_in(y), *names_in(sample_weight)]
    return all(dtype == np.float32 for name, dtype in X.dtypes.items() if name not in named)
