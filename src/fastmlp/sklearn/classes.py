"""y of a classifier: classes or labels as users have them, and as kernels take them."""

from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from ..losses import Loss, loss_of_link
from ..network.network import Network
from ..rows.array import ArrayRows
from ..rows.labels import Labels
from ..rows.order import Pass
from ..rows.ragged import as_array
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..rows.survey import Survey, classes_of
from ..rows.targets import check_sum, refuse_masked, refuse_missing
from ..training.validation import one_class, warn_of_one_class


class ClassTarget:
    """What fits learn of a classifier's y, and make of it; `NumberTarget` has the same methods.

    Parameters
    ----------
    estimator : MLPClassifier, or a view of one; what is learned are its attributes
    """

    scaling = None  # of numbers only
    checks: ClassVar[dict[str, Any]] = {}  # of scikit-learn, beside those of every y
    score_name = "accuracy"

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def known(self) -> bool:
        """Whether the classes are known, by a fit or by the first `partial_fit`."""
        return hasattr(self.estimator, "classes_")

    @property
    def labels(self) -> bool:
        """Whether a row has several labels, each of which it has or has not."""
        return bool(self.estimator._label_binarizer.y_type_.startswith("multilabel"))

    @property
    def stratified(self) -> bool:
        """Whether rows for validation are drawn by class, as scikit-learn draws them."""
        return bool(self.estimator.n_outputs_ == 1)

    def check_parameters(self, incremental: bool) -> None:
        """Raise ValueError for parameters about y that this fit cannot have."""
        if incremental and self.estimator.class_weight == "balanced":
            raise ValueError("class_weight='balanced' needs all rows at once; give partial_fit the weights as a dict")

    def loss(self) -> Loss:
        """Return the loss of the net."""
        return loss_of_link(self.estimator.out_activation_)

    def check(self, name: str, y: Any) -> None:
        """Raise TypeError or ValueError for labels that have no order, or are missing."""
        check_one_kind(name, y)

    def learn(self, y: np.ndarray, new: bool) -> None:
        """Set the classes by y (new), or compare y with them; set the number of outputs."""
        estimator = self.estimator
        if new:
            estimator._label_binarizer = LabelBinarizer().fit(y)
            estimator.classes_ = estimator._label_binarizer.classes_
        else:
            classes = unique_labels(y)
            if estimator.warm_start and set(classes) != set(estimator.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {estimator.classes_}, `y` has {classes}"
                )
            self.compare("y", y)
        kind = estimator._label_binarizer.y_type_
        estimator.n_outputs_ = 1 if kind == "binary" else len(estimator.classes_)
        estimator.out_activation_ = "softmax" if kind == "multiclass" else "logistic"

    def learn_stream(self, stream: Stream, new: bool) -> None:
        """Do what `learn` does, by the values of a stream's target."""
        self.learn(np.array(classes_of(stream)), new)

    def compare(self, name: str, y: np.ndarray) -> None:
        """Raise ValueError unless all classes of y are known."""
        classes, known = unique_labels(y), self.estimator.classes_
        if len(np.setdiff1d(classes, known, assume_unique=True)):
            raise ValueError(
                f"`{name}` has classes not in `self.classes_`. `self.classes_` has {known}. '{name}' has {classes}."
            )

    def encoded(self, y: np.ndarray) -> np.ndarray:
        """Return y as kernels take it."""
        return targets(y, self.estimator._label_binarizer)

    def weighted(self, y: np.ndarray, w: np.ndarray | None) -> np.ndarray | None:
        """Return weights of rows times weights of classes."""
        estimator = self.estimator
        if estimator.class_weight is None:
            return w
        by_class = weights_by_class(estimator.class_weight, y, estimator._label_binarizer)
        refuse_weightless(estimator.class_weight, by_class)
        with np.errstate(over="ignore"):  # what becomes inf is refused where rows are made
            return by_class if w is None else by_class * w

    def measure(
        self, network: Network, rows: ArrayRows, y: np.ndarray, w: np.ndarray | None, index: np.ndarray
    ) -> None:
        """Do nothing: classes have no scale."""

    def measure_stream(self, network: Network, rows: StreamedRows, order: Pass, name: str) -> None:
        """Do nothing, as `measure`."""

    def check_split(self, Y: np.ndarray | None, index: np.ndarray) -> None:
        """Warn where the rows drawn for validation, of all targets Y, are of one class."""
        assert Y is not None
        if Y.ndim == 1 and one_class(Y[index]) and not one_class(Y):
            warn_of_one_class(self.estimator.validation_fraction, len(index), "X_val and y_val")

    def score(self, y: Any, predicted: np.ndarray, w: Any) -> float:
        """Return the accuracy of what `predict` gives."""
        refuse_missing("y", y)
        return float(accuracy_score(y, predicted, sample_weight=w))

    def reader(self, network: Network, name: str, others: bool = False) -> Labels:
        """Return what makes targets of a stream's y, as `encoded` does; others: also of classes that are not known."""
        plan = network.plan
        return Labels(plan.widths[-1], plan.loss, self.estimator.classes_.tolist(), name, others)

    def weigh_stream(self, rows: StreamedRows) -> None:
        """Multiply the weights of a stream's rows by those of classes."""
        weights = self.weights_of_stream(rows)
        if weights is None:
            return
        refuse_weightless(self.estimator.class_weight, weights)
        rows.class_weights = np.concatenate([weights, np.ones(rows.survey().by_class.size - weights.size)])
        with np.errstate(over="ignore"):
            check_sum(float(rows.class_weights @ rows.survey().by_class))

    def weights_of_stream(self, rows: StreamedRows) -> np.ndarray | None:
        """Return the weight of each class in the order of `classes_`, or None where all are the same."""
        given, classes = self.estimator.class_weight, self.estimator.classes_
        if given is None:
            return None
        if isinstance(given, dict):
            return class_weights(given, classes)
        if given != "balanced":
            raise ValueError(f"class_weight={given!r}: with a stream, give a dict, 'balanced' or None")
        counts = rows.survey().all[: len(classes)]
        return np.asarray(counts.sum() / (len(classes) * np.maximum(counts, 1)))

    def check_stream_split(self, found: Survey) -> None:
        """Warn where a stream's rows drawn for validation are of one class."""
        if np.count_nonzero(found.kept) < 2 <= len(self.estimator.classes_):
            warn_of_one_class(self.estimator.validation_fraction, found.n_validation, "X_val")

    def score_of_stream(self, network: Network, rows: StreamedRows, theta: np.ndarray) -> float:
        """Return the accuracy, by weight, of what `predict` would give; rows: with `others`."""
        if self.labels:
            raise ValueError("X is a stream, whose rows have one class each, but the classifier was fitted to labels")
        right = weight = 0.0
        for P, window, first in network.outputs(rows, rows.order(), links=True, theta=theta):
            y, w = window.labels(first, first + len(P))
            exclusive, several = network.plan.loss.exclusive, len(self.estimator.classes_) > 1
            predicted = P.argmax(axis=1) if exclusive else (P[:, 0] > 0.5) & several
            v = np.ones(len(P)) if w is None else w
            right, weight = right + float(v[predicted == y].sum()), weight + float(v.sum())
        return right / weight


def check_one_kind(name: str, y: Any) -> None:
    """Raise TypeError or ValueError unless labels are all numbers or all strings, without missing ones, but for NaN.

    scikit-learn itself raises ValueError for NaN.
    """
    refuse_masked(name, y)
    refuse_missing(name, y)
    values = y
    if isinstance(y, (list, tuple)):
        as_array(name, y, "labels")
    if not isinstance(y, (list, tuple)):
        array = np.asarray(y)
        if array.dtype != object or array.ndim not in (1, 2):
            return
        values = array.ravel()
    kinds = {type(value) for value in values}
    text = {kind for kind in kinds if issubclass(kind, str)}
    if text and kinds != text and not any(value != value for value in values if isinstance(value, float)):
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(
            f"{name} holds labels of several types ({found}), which have no order; make all of them strings"
        )


def targets(y: np.ndarray, binarizer: LabelBinarizer) -> np.ndarray:
    """Return 0 and 1 (n) for two classes, class numbers (n) for more, 0 and 1 (n, K) for K labels."""
    classes = binarizer.classes_
    if binarizer.y_type_.startswith("multilabel"):
        return np.asarray(binarizer.transform(y))
    if binarizer.y_type_ == "multiclass":
        return np.asarray(np.searchsorted(classes, y))
    return np.asarray(y == classes[1]) if len(classes) == 2 else np.zeros(len(y), bool)  # else there is a single one


def class_weights(given: Any, classes: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Return the weight of each class by `class_weight`; y (n) is needed for "balanced" only."""
    weights = np.asarray(compute_class_weight(given, classes=classes, y=classes if y is None else y), np.float64)
    if not np.all((weights >= 0) & (weights < np.inf)):
        raise ValueError(f"class_weight={given!r}: weights must be finite and not negative")
    return weights


def refuse_weightless(given: Any, weights: np.ndarray) -> None:
    """Raise ValueError where `class_weight` makes the weights of all rows, or of all classes, 0."""
    if not weights.any():
        raise ValueError(f"class_weight={given!r} leaves no row with a weight above 0; give a class of y one above 0")


def weights_by_class(given: Any, y: np.ndarray, binarizer: LabelBinarizer) -> np.ndarray:
    """Return the weight of each row by `class_weight`: the product over labels, where a row has several."""
    if not binarizer.y_type_.startswith("multilabel"):
        return class_weights(given, binarizer.classes_, y)[targets(y, binarizer).astype(np.intp)]
    dicts = isinstance(given, list) and all(isinstance(each, dict) for each in given)
    if not dicts or not isinstance(y, np.ndarray) or len(given) != y.shape[1]:
        return np.asarray(compute_sample_weight(given, y))
    factors = [class_weights(each, np.arange(2))[column] for each, column in zip(given, y.T, strict=True)]
    return np.asarray(np.prod(factors, axis=0))
