"""Arrays, frames and sparse matrices as X in an `MLPClassifier`: checked, and as rows to train and to validate on."""

from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import validate_data

from ..network.network import Network
from ..rows.array import ArrayRows
from ..rows.frame import without_surprises
from ..rows.order import Order
from ..rows.sparse import SparseRows
from ..rows.streams.stream import Stream
from ..rows.targets import READ_IN_PLACE, refuse_masked
from ..sklearn_private import _check_sample_weight, _safe_indexing
from ..training.validation import Validation
from .classes import check_known, check_one_kind, targets, weights_by_class
from .split import validation_rows

SPARSE = ["csr", "csc"]


def table(classifier: Any, X: Any) -> Any:
    """X of a fitted classifier. Kernels refuse what is not finite as they read it; a check would read X once more."""
    if passes(classifier, X):
        return X
    given, checked = vars(classifier).get("_scored", (None, None))
    if given is not None and X is given:
        return checked
    return validate_data(classifier, without_surprises(X), accept_sparse=SPARSE, reset=False, ensure_all_finite=False)


def passes(classifier: Any, X: Any) -> bool:
    """Would scikit-learn's checks return X as it is? They take longer than to predict a few rows."""
    plain = type(X) is np.ndarray and X.dtype in READ_IN_PLACE and X.ndim == 2 and len(X) > 0
    named = hasattr(classifier, "feature_names_in_")
    return plain and not named and X.shape[1] == getattr(classifier, "n_features_in_", None)


def table_and_y(classifier: Any, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
    """X in float32 or float64, or sparse, and y; reset: this X tells how many features there are."""
    check_one_kind(y)
    X, y = validate_data(
        classifier, without_surprises(X), y,
        accept_sparse=SPARSE, multi_output=True, dtype=(np.float64, np.float32), reset=reset,
    )  # fmt: skip
    return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def checked_weights(name: str, given: Any, X: Any) -> np.ndarray | None:
    """Weights as scikit-learn checks them; whatever is wrong, the message names the argument."""
    refuse_masked(name, given)
    try:
        w: np.ndarray | None = None if given is None else _check_sample_weight(given, X)
    except (ValueError, TypeError) as error:
        raise type(error)(str(error) if "weight" in str(error) else f"{name}: {error}") from None
    return w


def rows_of(network: Network, X: Any, y: Any = None, w: np.ndarray | None = None) -> ArrayRows:
    """Rows as kernels read them."""
    plan, kind = network.plan, SparseRows if hasattr(X, "tocsr") else ArrayRows
    return kind(
        X, y, w, n_features=plan.widths[0], dtype=plan.dtype, outputs=plan.widths[-1], softmax=plan.softmax
    )  # fmt: skip


def training_rows(classifier: Any, network: Network, X: Any, y: np.ndarray, w: np.ndarray | None) -> ArrayRows:
    """The rows of `fit`, with weights of rows and of classes multiplied."""
    if classifier.class_weight is not None:
        of_classes = weights_by_class(classifier.class_weight, y, classifier._label_binarizer)
        with np.errstate(over="ignore"):  # what becomes inf is refused below
            w = of_classes if w is None else of_classes * w
    return rows_of(network, X, targets(y, classifier._label_binarizer), w)


def split(
    classifier: Any, network: Network, rows: ArrayRows, X: Any, y: np.ndarray, w: np.ndarray | None,
    X_given: Any, given: tuple | None,
) -> tuple[np.ndarray, Validation | None]:  # fmt: skip
    """Rows to train on and to validate on (None: there are none).

    X_given : X as the user gave it; given : X, y and weights to validate on, or None
    """
    training = np.arange(X.shape[0])
    if given is not None:
        if isinstance(given[0], Stream):
            raise ValueError("X_val is a stream, but X is not; give both as streams, or both in memory")
        X_given = given[0]
        X, y = table_and_y(classifier, X_given, given[1], reset=False)
        check_known("y_val", unique_labels(y), classifier.classes_)
        w = checked_weights("sample_weight_val", given[2], X)
        rows, index = rows_of(network, X, targets(y, classifier._label_binarizer)), np.arange(X.shape[0])
    elif classifier.early_stopping:
        assert rows.y is not None
        stratified, random = classifier.n_outputs_ == 1, classifier._random_state
        training, index = validation_rows(rows.y, classifier.validation_fraction, stratified, random)
        w = None if w is None else w[index]
    else:
        return training, None
    if classifier.scoring is None:
        return training, Validation(rows, Order.of(index), w)
    scorer = check_scoring(classifier, classifier.scoring)
    checked, y_val = _safe_indexing(X, index), _safe_indexing(y, index)
    frame = hasattr(X_given, "columns") and not hasattr(X_given, "compute")
    X_val = _safe_indexing(X_given, index) if frame else checked
    weights = {} if w is None else {"sample_weight": w}

    def score() -> float:
        """The user's scorer, over rows that he gave; of these, `table` gets the checked ones."""
        vars(classifier)["_scored"] = X_val, checked
        try:
            return float(scorer(classifier, X_val, y_val, **weights))
        finally:
            del vars(classifier)["_scored"]

    return training, Validation(rows, Order.of(index), w, score)
