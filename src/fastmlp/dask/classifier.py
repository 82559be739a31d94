"""`DaskMLPClassifier`: scikit-learn's conventions over Dask's collections."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from .. import training
from ..model import Model
from ..optimizers import OPTIMIZERS
from .cluster import Cluster
from .fit import check, run
from .partitions import Partitions
from .predict import lazy


class DaskMLPClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multilayer perceptron for two classes or more, trained by the workers of a Dask cluster.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, or int, default=(100,)
    activation : as for `Model`, default="relu"
    solver : {"lbfgs", "adam", "sgd", "momentum", "nesterov", "adamw"}, default="lbfgs"
        lbfgs: exact steps over all rows, on the client. The others: batch_size tells.
    alpha : float, default=0.0001
        Adds alpha/(2n) ‖W‖² to the mean loss, as scikit-learn does.
    batch_size : int or None, default=None
        None: each epoch is one exact step over all rows. Else rows are dealt to the workers, who make steps on batches
        of their own, and parameters are averaged after each epoch.
    learning_rate_init : float, default=0.001
    max_iter : int, default=200
        Epochs, or iterations of L-BFGS.
    early_stopping : bool, default=False
    validation_fraction : float, default=0.1
        Of the rows, for early_stopping.
    n_iter_no_change : int, default=10
    tol : float, default=1e-4
    dtype : {"float32", "float64"}, default="float32"
    random_state : int, default=0
    verbose : int, default=0
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
    feature_names_in_ : array of str
        Only where X has names.
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, solver: str = "lbfgs",
        alpha: float = 0.0001, batch_size: int | None = None, learning_rate_init: float = 0.001, max_iter: int = 200,
        early_stopping: bool = False, validation_fraction: float = 0.1, n_iter_no_change: int = 10, tol: float = 1e-4,
        dtype: str = "float32", random_state: int = 0, verbose: int = 0, client: Any = None, timeout: float = 600.0,
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "DaskMLPClassifier":
        """Train on Dask's arrays or dataframes; y and sample_weight may be names of columns of X."""
        if self.solver != "lbfgs" and self.solver not in OPTIMIZERS:
            raise ValueError(f"solver={self.solver!r}: choose lbfgs, {', '.join(OPTIMIZERS)}")
        held_part = self.validation_fraction if self.early_stopping and self.solver != "lbfgs" else 0.0
        optimizer = "lbfgs" if self.solver == "lbfgs" else OPTIMIZERS[self.solver](self.learning_rate_init)
        batch_size = None if self.solver == "lbfgs" else self.batch_size
        with Cluster(self.client, self.timeout) as cluster:
            partitions = Partitions(cluster, X, y, sample_weight)
            K = len(partitions.classes)
            widths = [partitions.n_features, *np.atleast_1d(self.hidden_layer_sizes).tolist(), 1 if K <= 2 else K]
            model = Model(widths, self.activation, dtype=self.dtype, seed=self.random_state)
            settings = training.Settings(
                self.max_iter, batch_size, self.alpha / partitions.n_rows, True, self.random_state,
                bool(held_part), self.n_iter_no_change, self.tol, self.verbose,
            )  # fmt: skip
            check(model, settings, held_part, optimizer)
            run(model, partitions, partitions.classes, settings, held_part, optimizer, None)
        self.learned(model, partitions, X)
        return self

    def learned(self, model: Model, partitions: Partitions, X: Any) -> None:
        """Set the attributes that a fit leaves."""
        model.classes = partitions.classes
        self.model_, self.classes_, self.n_features_in_ = model, np.array(partitions.classes), partitions.n_features
        self.__dict__.pop("feature_names_in_", None)
        if partitions.names is not None and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.array(partitions.names, dtype=object)
        self.loss_curve_ = [record["loss_with_l2"] for record in model.history]
        self.n_iter_, self.loss_ = len(self.loss_curve_), self.loss_curve_[-1] if self.loss_curve_ else np.nan

    def __sklearn_clone__(self) -> "DaskMLPClassifier":
        """A client cannot be copied: clones share it."""
        parameters = self.get_params(deep=False)
        client = parameters.pop("client")
        return type(self)(**{name: clone(value, safe=False) for name, value in parameters.items()}, client=client)

    def __getstate__(self) -> dict[str, Any]:
        """Without the client, which belongs to this process."""
        return {**super().__getstate__(), "client": None}

    @property
    def coefs_(self) -> list[np.ndarray]:
        return list(self.model_.weights)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        return list(self.model_.biases)

    def predict_proba(self, X: Any) -> Any:
        """Probabilities in the order of `classes_`: a Dask array (n, K), not yet computed."""
        check_is_fitted(self, "model_")
        P = lazy(self.model_, X, "predict_proba", self.model_.dtype)
        if P.ndim == 2:
            return P
        import dask.array

        return dask.array.stack([1 - P, P], axis=1)

    def predict(self, X: Any) -> Any:
        """The class of each row: a Dask array (n), not yet computed."""
        check_is_fitted(self, "model_")
        numbers = lazy(self.model_, X, "predict", np.dtype(np.int64))
        return numbers.map_blocks(self.classes_.take, dtype=self.classes_.dtype)
