"""`DaskMLPClassifier`: scikit-learn's conventions over Dask's collections."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..model import Model
from ..sklearn.parameters import set_parameters
from ..typing import Activations, DaskCollection, OptimizerName, Record, Verbose
from .estimator import DaskMLPEstimator
from .partitions import Partitions
from .predict import lazy
from .scores import of_classes

if TYPE_CHECKING:
    from distributed import Client


class DaskMLPClassifier(ClassifierMixin, DaskMLPEstimator):  # type: ignore[misc]
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
    dtype : {"auto", "float32", "float64", "mixed_bfloat16"}, default="auto"
        "auto": float32 for X of float32, else float64; with lbfgs float64. A dtype that is named holds for lbfgs, too,
        as each iteration sends numbers of this size through the network. "mixed_bfloat16": as for `Model`, on workers
        that all have the instructions for it, and not for lbfgs.
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

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from distributed import Client
    >>> from fastmlp.dask import DaskMLPClassifier
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")   # or the address of a cluster
    >>> X = da.from_array(np.random.default_rng(0).standard_normal((1000, 3)), chunks=(500, 3))
    >>> classifier = DaskMLPClassifier((16,), tol=0.01, random_state=0).fit(X, X[:, 0] > 0)
    >>> classifier.predict(X).compute().shape
    (1000,)
    >>> client.close()
    """

    _numeric = False

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: Activations = "relu", *,
        solver: OptimizerName | Literal["lbfgs"] = "adam", alpha: float = 0.0001,
        batch_size: int | Literal["auto"] | None = "auto", learning_rate_init: float = 0.001,
        max_iter: int = 200, early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: float = 10, tol: float = 1e-4,
        dtype: Literal["auto", "float32", "float64", "mixed_bfloat16"] = "auto",
        random_state: int | np.random.RandomState | None = None, verbose: Verbose = False,
        client: "Client | None" = None, timeout: float = 600.0,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    def _net(self, partitions: Partitions) -> tuple[int, dict[str, Any]]:
        K = len(partitions.classes)
        return 1 if K <= 2 else K, {}

    def _score_of(self, model: Model, record: Record) -> float:
        return record["validation_accuracy"]

    def _learn(self, model: Model, partitions: Partitions) -> None:
        model.classes, self.classes_ = partitions.classes, np.array(partitions.classes)

    def predict_proba(self, X: DaskCollection) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : Dask array (n, p) or dataframe

        Returns
        -------
        Dask array (n, K) that is not yet computed
            Columns in the order of `classes_`.
        """
        check_is_fitted(self, "model_")
        P = lazy(self.model_, X, "predict_proba", self.model_.dtype)
        return P if P.ndim == 2 else P.map_blocks(of_two, dtype=P.dtype, new_axis=1, chunks=(P.chunks[0], (2,)))

    def predict(self, X: DaskCollection) -> Any:
        """Return the class of each row.

        Parameters
        ----------
        X : Dask array (n, p) or dataframe

        Returns
        -------
        Dask array (n) that is not yet computed
        """
        check_is_fitted(self, "model_")
        numbers = lazy(self.model_, X, "predict", np.dtype(np.int64))
        return numbers.map_blocks(self.classes_.take, dtype=self.classes_.dtype)

    def score(
        self, X: DaskCollection, y: DaskCollection | str, sample_weight: DaskCollection | str | None = None
    ) -> float:
        """Return the accuracy, computed where the rows lie.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`

        Returns
        -------
        float
        """
        check_is_fitted(self, "model_")
        found = self._judged(X, y, sample_weight, of_classes, self.classes_)
        return found.right / found.weight


def of_two(P: np.ndarray) -> np.ndarray:
    """Return probabilities (n, 2) of both classes, from those of the second."""
    return np.stack([1 - P, P], axis=1)
