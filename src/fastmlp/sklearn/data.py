"""X and y of an estimator: `MemoryData` and `StreamData` (streams.py) have the same methods."""

from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from ..network.network import Network
from ..rows.array import ArrayRows, SparseRows
from ..rows.frame import without_surprises
from ..rows.offers import is_sparse
from ..rows.order import Order
from ..rows.ragged import as_array
from ..rows.streams.stream import Stream, located
from ..rows.targets import READ_IN_PLACE, refuse_masked, refuse_negative
from ..sklearn_private import _check_sample_weight, _safe_indexing
from ..training.validation import Validation
from ..typing import Scaling
from .classes import ClassTarget
from .numbers import NumberTarget
from .split import validation_rows
from .streams import StreamData

SPARSE = ["csr", "csc"]


class MemoryData:
    """Arrays, frames and sparse matrices, with y and weights.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor, whose `_target()` is asked for all that is about y
    X, y, w : as the user gave them
    suffix : of the arguments' names: "", or "_val" for rows to validate on
    """

    def __init__(self, estimator: Any, X: Any, y: Any = None, w: Any = None, suffix: str = "") -> None:
        if suffix and (X is None or y is None):
            raise ValueError(f"X{suffix} and y{suffix}: give both or neither")
        self.estimator, self.suffix = estimator, suffix
        self.target: ClassTarget | NumberTarget = estimator._target()
        self.given, self.X, self.y, self.w = X, X, y, w

    @property
    def dtype(self) -> np.dtype:
        """The dtype to compute in for dtype="auto"."""
        dtype: np.dtype = self.X.dtype
        return dtype

    def learn(self, reset: bool, new_target: bool) -> None:
        """Check X, y and weights; set the estimator's features (reset) and target (new_target), or compare them."""
        self.check(reset)
        self.target.learn(self.y, new_target)
        self.w = checked_weights(f"sample_weight{self.suffix}", self.w, self.X)

    def compare(self) -> None:
        """Check X, y and weights; raise ValueError unless features and target are like those that were learned."""
        self.check(reset=False)
        self.target.compare(f"y{self.suffix}", self.y)
        self.w = checked_weights(f"sample_weight{self.suffix}", self.w, self.X)

    def check(self, reset: bool) -> None:
        """Make X an array of float32 or float64, or sparse, and y an array."""
        self.target.check(f"y{self.suffix}", self.y)
        self.X, y = validate_data(
            self.estimator, without_surprises(self.X), self.y, accept_sparse=SPARSE, multi_output=True,
            dtype=(np.float64, np.float32), reset=reset, **self.target.checks,
        )  # fmt: skip
        self.y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def rows(self, network: Network) -> ArrayRows:
        """Return rows to predict."""
        return rows_of(network, predicted(self.estimator, self.X))

    def training_rows(self, network: Network) -> ArrayRows:
        """Return rows with targets, or without y where `measure` is to give it, and weights."""
        target = self.target
        return rows_of(network, self.X, target.encoded(self.y), target.weighted(self.y, self.w), target.scaling)

    def all_rows(self, network: Network, rows: ArrayRows) -> Order:
        """Return the order of all rows."""
        order = Order.of(np.arange(rows.n_rows))
        self.target.measure(network, rows, self.y, self.w, order.index)
        return order

    def split(self, network: Network, rows: ArrayRows) -> tuple[Order, Validation]:
        """Draw rows to train on and rows to validate on, as scikit-learn does."""
        estimator, target = self.estimator, self.target
        fraction, random = estimator.validation_fraction, estimator._random_state
        by_class = rows.y if target.stratified else None
        training, index = validation_rows(rows.n_rows, fraction, random, by_class)
        target.check_split(rows.y, index)
        order = Order.of(training)
        target.measure(network, rows, self.y, self.w, training)
        return order, self.evaluation(rows, index)

    def validation(self, network: Network) -> Validation:
        """Return what evaluates a network over all rows, after a check that they are like those of `learn`."""
        self.compare()
        with located("X_val, y_val"):
            rows = rows_of(network, self.X, self.target.encoded(self.y), scaling=self.target.scaling)
        return self.evaluation(rows, np.arange(rows.n_rows))

    def evaluation(self, rows: ArrayRows, index: np.ndarray) -> Validation:
        """Return what evaluates a network over some rows, by the default score or by the user's scorer."""
        estimator, w = self.estimator, None if self.w is None else self.w[index]
        if estimator.scoring is None:
            return Validation(rows, Order.of(index), w)
        scorer = check_scoring(estimator, estimator.scoring)
        checked, y_val = _safe_indexing(self.X, index), _safe_indexing(self.y, index)
        frame = hasattr(self.given, "columns") and not hasattr(self.given, "compute")
        X_val = _safe_indexing(self.given, index) if frame else checked
        weights = {} if w is None else {"sample_weight": w}

        def score() -> float:
            """Call the user's scorer with rows as the user gave them; `predicted` takes the checked ones instead."""
            vars(estimator)["_scored"] = X_val, checked
            try:
                return float(scorer(estimator, X_val, y_val, **weights))
            finally:
                del vars(estimator)["_scored"]

        return Validation(rows, Order.of(index), w, score)

    def score(self) -> float:
        """Return the score of what `predict` gives."""
        w = checked_weights("sample_weight", self.w, self.X)
        return self.target.score(self.y, self.estimator.predict(self.X), w)


Data = MemoryData | StreamData


def data_of(estimator: Any, X: Any, y: Any = None, w: Any = None, suffix: str = "") -> Data:
    """Return what a user gives as data of an estimator; parameters as for `MemoryData`."""
    return (StreamData if isinstance(X, Stream) else MemoryData)(estimator, X, y, w, suffix)


def held_out(data: Data, given: tuple | None) -> Data | None:
    """Return the user's (X_val, y_val, sample_weight_val) as data like those to train on."""
    if given is None:
        return None
    X, y, w = given
    found = data_of(data.estimator, X, y, w, "_val")
    if type(found) is not type(data):
        raise ValueError("of X and X_val, one is a stream; give both as streams, or both in memory")
    return found


def rows_of(
    network: Network, X: Any, y: Any = None, w: np.ndarray | None = None, scaling: Scaling | None = None
) -> ArrayRows:
    """Return rows as kernels read them; scaling: of y."""
    plan, kind = network.plan, SparseRows if is_sparse(X) else ArrayRows
    return kind(
        X, y, w, n_features=plan.widths[0], dtype=plan.dtype, outputs=plan.widths[-1], loss=plan.loss,
        target_scaling=scaling,
    )  # fmt: skip


def predicted(estimator: Any, X: Any) -> Any:
    """Return X to predict, checked; not for what is not finite, as kernels refuse that while they read X."""
    if needs_no_check(estimator, X):
        return X
    given, checked = vars(estimator).get("_scored", (None, None))
    if given is not None and X is given:
        return checked
    return validate_data(estimator, without_surprises(X), accept_sparse=SPARSE, reset=False, ensure_all_finite=False)


def needs_no_check(estimator: Any, X: Any) -> bool:
    """Return whether scikit-learn's checks can be skipped: they can cost more than predicting a few rows."""
    plain = type(X) is np.ndarray and X.dtype in READ_IN_PLACE and X.ndim == 2 and len(X) > 0
    named = hasattr(estimator, "feature_names_in_")
    return plain and not named and X.shape[1] == getattr(estimator, "n_features_in_", None)


def checked_weights(name: str, given: Any, X: Any) -> np.ndarray | None:
    """Return weights as scikit-learn checks them; its errors get the name of the argument."""
    refuse_masked(name, given)
    given = as_array(name, given, "weights") if isinstance(given, (list, tuple)) else given
    try:
        w: np.ndarray | None = None if given is None else _check_sample_weight(given, X)
    except (ValueError, TypeError) as error:
        raise type(error)(str(error) if name in str(error) else f"{name}: {error}") from None
    if w is not None:
        refuse_negative(name, w)
    return w
