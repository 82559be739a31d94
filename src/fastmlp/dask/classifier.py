"""`DaskMLPClassifier`: scikit-learn's conventions over Dask's collections."""

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..model import Model
from ..optimizers import OPTIMIZERS
from ..sklearn.parameters import CONSTRAINTS
from ..sklearn_private import StrOptions, _fit_context
from ..training.improvement import Improvement
from ..training.inputs import check_names
from ..training.progress import Settings
from ..typing import Activations, DaskCollection, OptimizerName, Record, Verbose
from .cluster import Cluster
from .fit import Rule, check, run
from .partitions import Partitions, aligned, feature_names
from .predict import lazy, lightened
from .worker import right

if TYPE_CHECKING:
    from distributed import Client

SHARED = (
    "hidden_layer_sizes", "activation", "alpha", "batch_size", "learning_rate_init", "max_iter", "early_stopping",
    "validation_fraction", "n_iter_no_change", "tol", "verbose", "dtype", "random_state",
)  # fmt: skip
AUTO_BATCH = 200  # rows, as in scikit-learn


class DaskMLPClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multilayer perceptron for two classes or more, trained by the workers of a Dask cluster.

    Parameters of the same name as those of `MLPClassifier` have the same meaning and the same default, except where
    this is told below. Weights start as those of a `Model`, rows for validation are drawn one by one, not by class, as
    no worker knows the labels of all rows, and y of a single class is refused.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, or int, default=(100,)
    activation : as for `Model`, default="relu"
    solver : {"adam", "sgd", "lbfgs", "momentum", "nesterov", "adamw"}, default="adam"
        lbfgs takes exact steps over all rows, on the client. The others step as batch_size tells; "sgd" is without
        momentum, as the `optimizer` of that name is, since there are no parameters `momentum` and
        `nesterovs_momentum`.
    alpha : float, default=0.0001
        Adds alpha/2 ‖W‖² to the sum of losses of each batch, or of all rows.
    batch_size : int, "auto" or None, default="auto"
        Rows are dealt to the workers, which take steps on batches of their own, and parameters are averaged after each
        epoch: to send each step's gradient through the network would take longer than the step. "auto": batches of 200
        rows. None: each epoch is one exact step over all rows. lbfgs does without.
    learning_rate_init : float, default=0.001
        Of one machine: workers that make steps on batches of their own multiply it by their number, 8 at most.
    max_iter : int, default=200
        Epochs, or iterations of L-BFGS.
    early_stopping : bool, default=False
        Keep a part of the rows for validation, stop when its accuracy does not improve, and go back to the weights
        with the highest. lbfgs does without.
    validation_fraction : float, default=0.1
        Of the rows, for early_stopping.
    n_iter_no_change : int, default=10
        Stop after more epochs than that which did not improve the loss, or the accuracy, by tol. Not for lbfgs.
    tol : float, default=1e-4
        For lbfgs: of the gradient.
    dtype : {"auto", "float32", "float64"}, default="auto"
        "auto": float32 for X of float32, else float64; with lbfgs float64. A dtype that is named holds for lbfgs, too,
        as each iteration sends numbers of this size through the network.
    random_state : int, RandomState or None, default=None
    verbose : bool, int or "bar", default=False
    client : distributed.Client or None, default=None
    timeout : float, default=600
        Seconds that an answer of the cluster may take.

    Attributes
    ----------
    classes_ : array (K)
    model_ : Model
        Which can be saved, and predicts arrays on one machine.
    coefs_, intercepts_ : lists of arrays
    n_features_in_, n_iter_ : int
    loss_ : float
    loss_curve_ : list of float
    best_loss_ : float or None
        None with early_stopping, as in scikit-learn. Not for lbfgs, as the next two.
    validation_scores_ : list of float or None
    best_validation_score_ : float or None
    feature_names_in_ : array of str
        Only where X has names.
    """

    _parameter_constraints: dict = {  # noqa: RUF012
        **{name: CONSTRAINTS[name] for name in SHARED},
        "solver": [StrOptions({"lbfgs", *OPTIMIZERS})],
        "batch_size": [*CONSTRAINTS["batch_size"], None],
    }

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: Activations = "relu", *,
        solver: OptimizerName | Literal["lbfgs"] = "adam", alpha: float = 0.0001,
        batch_size: int | Literal["auto"] | None = "auto", learning_rate_init: float = 0.001,
        max_iter: int = 200, early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: float = 10, tol: float = 1e-4,
        dtype: Literal["auto", "float32", "float64"] = "auto",
        random_state: int | np.random.RandomState | None = None, verbose: Verbose = False,
        client: "Client | None" = None, timeout: float = 600.0,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose
        self.client = client
        self.timeout = timeout

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: DaskCollection, y: DaskCollection | str, sample_weight: DaskCollection | str | None = None
    ) -> "DaskMLPClassifier":
        """Train on Dask's arrays or dataframes; y and sample_weight may be names of columns of X."""
        lbfgs = self.solver == "lbfgs"
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
            """Compare the epoch by its accuracy, if there are rows for validation, or else by its loss."""
            if held_part:
                improvement.count(record["validation_accuracy"], model.parameters.copy)
            else:
                improvement.count(-record["loss_with_l2"], lambda: None)
            return improvement.exhausted

        with Cluster(self.client, self.timeout) as cluster:
            partitions = Partitions(cluster, X, y, sample_weight, numeric=False)
            model = self.new_model(partitions, not lbfgs and is_float32(X, y, sample_weight))
            l2 = self.alpha / partitions.weight if lbfgs else self.alpha  # which is shared by each batch
            settings = Settings(self.max_iter, batch_size, l2, True, model.seed, False, 1, self.tol, self.verbose)
            check(model, settings, held_part, optimizer)
            run(model, partitions, partitions.classes, settings, held_part, optimizer, [] if lbfgs else [stops])
        if improvement.kept is not None:
            model.parameters[:] = improvement.kept
        model.optimizer = None  # what it takes for l2 is not what `Model.fit` does
        self.learned(model, partitions, X, None if lbfgs else improvement)
        if self.n_iter_ == self.max_iter and not improvement.exhausted:
            warnings.warn(
                f"max_iter={self.max_iter} iterations were made, and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def new_model(self, partitions: Partitions, single: bool) -> Model:
        """Return the model to train, in float32 if single where dtype is "auto"."""
        K, seed, dtype = len(partitions.classes), self.random_state, self.dtype
        widths = [partitions.n_features, *np.atleast_1d(self.hidden_layer_sizes).tolist(), 1 if K <= 2 else K]
        if dtype == "auto":
            dtype = "float32" if single else "float64"
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31)
        return Model(widths, self.activation, dtype=dtype, seed=seed)

    def learned(self, model: Model, partitions: Partitions, X: Any, improvement: Improvement | None) -> None:
        """Set the attributes that a fit leaves."""
        model.classes = partitions.classes
        self.model_, self.classes_, self.n_features_in_ = model, np.array(partitions.classes), partitions.n_features
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
            scores = [record["validation_accuracy"] for record in model.history] if by_score else None
            self.validation_scores_ = scores

    def __sklearn_clone__(self) -> "DaskMLPClassifier":
        """Return a clone with the same client, which cannot be copied."""
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        return type(self)(**{name: clone(value, safe=False) for name, value in parameters.items()}, client=client)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the client, which belongs to this process."""
        return {**super().__getstate__(), "client": None}

    @property
    def coefs_(self) -> list[np.ndarray]:
        return list(self.model_.weights)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        return list(self.model_.biases)

    def predict_proba(self, X: DaskCollection) -> Any:
        """Return probabilities in the order of `classes_`, a Dask array (n, K) that is not yet computed."""
        check_is_fitted(self, "model_")
        P = lazy(self.model_, X, "predict_proba", self.model_.dtype)
        return P if P.ndim == 2 else P.map_blocks(of_two, dtype=P.dtype, new_axis=1, chunks=(P.chunks[0], (2,)))

    def predict(self, X: DaskCollection) -> Any:
        """Return the class of each row, a Dask array (n) that is not yet computed."""
        check_is_fitted(self, "model_")
        numbers = lazy(self.model_, X, "predict", np.dtype(np.int64))
        return numbers.map_blocks(self.classes_.take, dtype=self.classes_.dtype)

    def score(
        self, X: DaskCollection, y: DaskCollection | str, sample_weight: DaskCollection | str | None = None
    ) -> float:
        """Return the accuracy, computed where the rows lie; y and sample_weight may be names of columns of X."""
        check_is_fitted(self, "model_")
        import dask

        parts = aligned(X, y, sample_weight)
        names = feature_names(X, y, sample_weight)
        check_names(self.model_, names)
        model, count = dask.delayed(lightened(self.model_)), dask.delayed(right, pure=False)
        found = dask.compute(*(count(*part, model, self.classes_) for part in parts), scheduler=self.client)
        hits, weight = np.sum(found, axis=0)
        if weight == 0:
            raise ValueError("X has no rows with a weight above 0")
        return float(hits / weight)


def is_float32(X: Any, y: Any, sample_weight: Any) -> bool:
    """Return whether all features are float32; y and sample_weight may be names of columns of X."""
    if not hasattr(X, "columns"):
        return bool(X.dtype == np.float32)
    named = [name for name in (y, sample_weight) if isinstance(name, str)]
    return all(dtype == np.float32 for name, dtype in X.dtypes.items() if name not in named)


def of_two(P: np.ndarray) -> np.ndarray:
    """Return probabilities (n, 2) of both classes, from those of the second."""
    return np.stack([1 - P, P], axis=1)
