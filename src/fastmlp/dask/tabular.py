"""`DaskTabularClassifier` and `DaskTabularRegressor`: members trained by the workers of a cluster."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ..rows.offers import offers
from ..sklearn.parameters import set_parameters
from ..tabular.classifier import TabularClassifier
from ..tabular.estimator import TabularEstimator
from ..tabular.given import there
from ..tabular.members.fit import Runner
from ..tabular.regressor import TabularRegressor
from ..training.checkpoint import CheckpointFile
from ..typing import DaskCollection, Table, Verbose
from .cluster import Cluster
from .estimator import WithClient
from .members import PartitionedTable, Workers

if TYPE_CHECKING:
    from distributed import Client

OWN = ("client", "timeout")  # parameters that the local estimators do not have


class DaskTabular(WithClient, TabularEstimator):
    """What both have in common: tables of Dask, tasks of a cluster, lazy predictions."""

    client: "Client | None"
    timeout: float
    _cluster: Cluster

    def fit(  # type: ignore[override]
        self, X: Table | DaskCollection, y: Any = None, sample_weight: Any = None, *, X_val: Any = None,
        y_val: Any = None, sample_weight_val: Any = None,
    ) -> Self:  # fmt: skip
        """Train members on the workers of the cluster, at the same time.

        Of a Dask dataframe, columns are learned on the client, a partition at a time, and workers encode it. The
        numbers that it becomes are sent to each worker once, and each member is a task of one thread. Where a worker
        dies, its members are trained elsewhere. The result is that of a fit on one machine, bit for bit.

        Parameters
        ----------
        X : table as of the local estimator, or Dask dataframe or array
        y : array-like or Dask collection (n), or the name of a column of X
        sample_weight : array-like or Dask collection (n), the name of a column of X, or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate all members on, in place of those that each keeps from its training.

        Returns
        -------
        self
        """
        X, y, w = self._taken(X, y, sample_weight)
        held = self._taken(X_val, y_val, sample_weight_val)
        super().fit(X, y, w, X_val=held[0], y_val=held[1], sample_weight_val=held[2])
        return self

    def _taken(self, X: Any, y: Any, w: Any, here: bool = True) -> tuple[Any, Any, Any]:
        """Return X without the columns that y and weights name, and these in memory; so are arrays of Dask, if here."""
        columns = list(X.columns) if is_frame(X) or hasattr(X, "iloc") else []
        for name, given in (("y", y), ("sample_weight", w)):
            if isinstance(given, str) and given not in columns:
                raise ValueError(f"{name}={given!r}: X is no dataframe of Dask or pandas with a column of this name")
        named = [given for given in (y, w) if isinstance(given, str)]
        y, w = (X[given] if isinstance(given, str) else given for given in (y, w))
        X = X.drop(columns=named) if named else X
        X = X if is_frame(X) or not here else self._here(X)
        return X, self._here(y), self._here(w)

    def _here(self, values: Any) -> Any:
        """Return a Dask collection in memory, and anything else as it is."""
        return values.compute(scheduler=self.client) if is_collection(values) else values

    def _fit(self, X: Any, y: Any, w: Any, held: tuple | None, file: CheckpointFile | None = None) -> None:
        with Cluster(self.client, self.timeout) as cluster:
            self._cluster = cluster
            X = table_of(cluster, X, "y", y)
            if held is not None:
                held = (table_of(cluster, held[0], "y_val", held[1]), *held[1:])
            try:
                super()._fit(X, y, w, held, file)
            finally:
                del self._cluster

    def _matrix(self, X: Any, stacklevel: int = 5) -> np.ndarray:
        if isinstance(X, PartitionedTable):
            return X.matrix(self.reading_)
        return super()._matrix(X, stacklevel)

    def _runner(self) -> Runner:
        return Workers(self._cluster)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return what the local `score` does; of Dask's collections, workers predict.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`; no target may be missing

        Returns
        -------
        float
        """
        X, y, w = self._taken(X, y, sample_weight, here=False)
        if not is_collection(X):
            return float(super().score(X, y, w))
        found, local = self._here(self.predict(X)), self._local()
        local.predict = lambda X: found
        return float(local.score(X, y, w))

    def _local(self) -> Any:
        """Return the local estimator of this fit, on one thread: workers run several tasks at a time."""
        kind = next(base for base in type(self).__mro__ if base in (TabularClassifier, TabularRegressor))
        local = object.__new__(kind)
        local.__dict__.update({name: value for name, value in vars(self).items() if name not in OWN})
        local.n_threads = 1
        return local

    def _lazy(self, X: Any, method: str, meta: np.ndarray) -> Any:
        """Return what a method returns for each partition of X, as a Dask array that is not yet computed."""
        if is_frame(X):
            return X.map_partitions(called, self._local(), method, meta, meta=meta)
        if len(X.chunks[1]) > 1:
            X = X.rechunk({1: -1})
        shape: dict[str, Any] = {"drop_axis": 1} if meta.ndim == 1 else {"chunks": (X.chunks[0], meta.shape[1:])}
        return X.map_blocks(called, self._local(), method, meta, dtype=meta.dtype, meta=meta, **shape)


class DaskTabularClassifier(DaskTabular, TabularClassifier):
    """`TabularClassifier` whose nets are trained by the workers of a Dask cluster, at the same time.

    Parameters and attributes are those of `TabularClassifier`, and two more. Of Dask's collections, predictions are
    lazy; of tables in memory, and in files, a fitted one is a `TabularClassifier`.

    Parameters
    ----------
    n_members, categories, numbers, class_weight, time_limit, random_state, verbose : as for `TabularClassifier`
    n_threads : int or None, default=None
        Of predictions for tables in memory.
    client : distributed.Client or None, default=None
        None: the default one.
    timeout : float, default=600
        Seconds that an answer of the cluster may take. A member may take longer, as long as there is a worker.

    Attributes
    ----------
    classes_, reading_, models_, weights_, recipe_, validation_scores_ : as for `TabularClassifier`

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> from distributed import Client
    >>> from fastmlp.dask import DaskTabularClassifier
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")   # or the address of a cluster
    >>> people = pd.DataFrame({"age": [20.0, 40, None, 60] * 50, "job": ["clerk", "smith", "clerk", "cook"] * 50})
    >>> people["buys"] = ["no", "yes"] * 100
    >>> table = dd.from_pandas(people, npartitions=2)
    >>> model = DaskTabularClassifier(n_members=1, random_state=0).fit(table, "buys")
    >>> model.predict(table.drop(columns="buys")).compute().shape
    (200,)
    >>> client.close()
    """

    def __init__(
        self, *, n_members: int | None = None, categories: Sequence[str] = (), numbers: Sequence[str] = (),
        class_weight: dict | Literal["balanced"] | None = None, time_limit: float | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None, verbose: Verbose = 0,
        client: "Client | None" = None, timeout: float = 600.0,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or a Dask array that is not yet computed where X is a Dask collection
        """
        if is_collection(X):
            return self._lazy(X, "predict", self.classes_[:0])
        return super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n, K), or a Dask array that is not yet computed where X is a Dask collection
            Columns in the order of `classes_`.
        """
        if is_collection(X):
            return self._lazy(X, "predict_proba", np.empty((0, len(self.classes_))))
        return super().predict_proba(X)


class DaskTabularRegressor(DaskTabular, TabularRegressor):
    """`TabularRegressor` whose nets are trained by the workers of a Dask cluster, at the same time.

    Parameters and attributes are those of `TabularRegressor`, and two more; see `DaskTabularClassifier`.

    Parameters
    ----------
    loss, quantile, delta, n_members, categories, numbers, time_limit, random_state, verbose : as for `TabularRegressor`
    n_threads, client, timeout : as for `DaskTabularClassifier`

    Attributes
    ----------
    reading_, models_, weights_, recipe_, validation_scores_ : as for `TabularRegressor`

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> from distributed import Client
    >>> from fastmlp.dask import DaskTabularRegressor
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")   # or the address of a cluster
    >>> people = pd.DataFrame({"age": [20.0, 40, None, 60] * 50, "job": ["clerk", "smith", "clerk", "cook"] * 50})
    >>> people["wage"] = [30.0, 50, 45, 70] * 50
    >>> table = dd.from_pandas(people, npartitions=2)
    >>> model = DaskTabularRegressor(n_members=1, random_state=0).fit(table, "wage")
    >>> model.predict(table.drop(columns="wage")).compute().shape
    (200,)
    >>> client.close()
    """

    _classifier = "DaskTabularClassifier"

    def __init__(
        self, *, loss: Literal["squared_error", "poisson", "quantile", "huber"] = "squared_error",
        quantile: float | Sequence[float] = 0.5, delta: float = 1.0, n_members: int | None = None,
        categories: Sequence[str] = (), numbers: Sequence[str] = (), time_limit: float | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None, verbose: Verbose = 0,
        client: "Client | None" = None, timeout: float = 600.0,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    def predict(self, X: Any) -> Any:
        """Return the predicted target of each row, in the units of y.

        Parameters
        ----------
        X : as for `fit`

        Returns
        -------
        array (n), or (n, K) for K quantiles; a Dask array that is not yet computed where X is a Dask collection
        """
        if is_collection(X):
            K = self._outputs()
            return self._lazy(X, "predict", np.empty((0,) if K == 1 else (0, K)))
        return super().predict(X)


def table_of(cluster: Cluster, X: Any, name: str, y: Any) -> Any:
    """Return a Dask dataframe as a table that can be read, and anything else as it is; name: of its target y."""
    if not is_frame(X):
        return X
    missing = int(np.sum(~there(np.asarray(y))))
    if missing:
        raise ValueError(f"{name} is missing in {missing:,} rows; drop them first, by dropna(subset=…)")
    return PartitionedTable(cluster, X)


def is_collection(values: Any) -> bool:
    """Return whether values are a Dask array, dataframe or series."""
    return offers(values, "to_delayed", "compute")


def is_frame(values: Any) -> bool:
    """Return whether values are a Dask dataframe."""
    return is_collection(values) and hasattr(values, "columns")


def called(part: Any, local: Any, method: str, nothing: np.ndarray) -> np.ndarray:
    """Return what a method of the local estimator returns for a partition, which may have no rows."""
    return np.asarray(getattr(local, method)(part)) if len(part) else nothing
