"""y of a classifier: classes or labels as users have them, and as kernels take them."""

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from ..rows.targets import refuse_masked, refuse_missing


def learn_classes(classifier: Any, y: np.ndarray, new_classes: bool) -> None:
    """Set the classifier's classes by y (new_classes), or compare y with them; set the number of outputs."""
    if new_classes:
        classifier._label_binarizer = LabelBinarizer().fit(y)
        classifier.classes_ = classifier._label_binarizer.classes_
    else:
        classes = unique_labels(y)
        if classifier.warm_start and set(classes) != set(classifier.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {classifier.classes_}, `y` has {classes}"
            )
        check_known("y", classes, classifier.classes_)
    many = classifier._label_binarizer.y_type_ != "binary"
    classifier.n_outputs_ = len(classifier.classes_) if many else 1


def check_one_kind(y: Any) -> None:
    """Raise TypeError or ValueError unless labels are all numbers or all strings, without missing ones, but for NaN.

    scikit-learn itself raises ValueError for NaN.
    """
    refuse_masked("y", y)
    refuse_missing("y", y)
    values = y
    if not isinstance(y, (list, tuple)):
        array = np.asarray(y)
        if array.dtype != object or array.ndim not in (1, 2):
            return
        values = array.ravel()
    kinds = {type(value) for value in values}
    text = {kind for kind in kinds if issubclass(kind, str)}
    if text and kinds != text and not any(value != value for value in values if isinstance(value, float)):
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(f"y holds labels of several types ({names}), which have no order; make all of them strings")


def check_known(name: str, classes: np.ndarray, known: np.ndarray) -> None:
    """Raise ValueError unless all classes of the argument `name` are known."""
    if len(np.setdiff1d(classes, known, assume_unique=True)):
        raise ValueError(
            f"`{name}` has classes not in `self.classes_`. `self.classes_` has {known}. '{name}' has {classes}."
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


def weights_by_class(given: Any, y: np.ndarray, binarizer: LabelBinarizer) -> np.ndarray:
    """Return the weight of each row by `class_weight`: the product over labels, where a row has several."""
    if not binarizer.y_type_.startswith("multilabel"):
        return class_weights(given, binarizer.classes_, y)[targets(y, binarizer).astype(np.intp)]
    dicts = isinstance(given, list) and all(isinstance(each, dict) for each in given)
    if not dicts or not isinstance(y, np.ndarray) or len(given) != y.shape[1]:
        return np.asarray(compute_sample_weight(given, y))
    factors = [class_weights(each, np.arange(2))[column] for each, column in zip(given, y.T, strict=True)]
    return np.asarray(np.prod(factors, axis=0))
