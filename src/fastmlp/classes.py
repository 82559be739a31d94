"""A classifier's y: classes or labels as users name them, and as kernels want them."""

import numpy as np
from sklearn.preprocessing import LabelBinarizer


def check_known(name: str, classes: np.ndarray, known: np.ndarray) -> None:
    """Raise ValueError unless all classes that argument `name` holds are known."""
    if len(np.setdiff1d(classes, known, assume_unique=True)):
        raise ValueError(
            f"`{name}` has classes not in `self.classes_`. `self.classes_` has {known}. '{name}' has {classes}."
        )


def targets(y: np.ndarray, binarizer: LabelBinarizer) -> np.ndarray:
    """0 and 1 (n) for two classes, numbers of classes (n) for more, 0 and 1 for each label (n, K)."""
    classes = binarizer.classes_
    if binarizer.y_type_.startswith("multilabel"):
        return np.asarray(binarizer.transform(y))
    if binarizer.y_type_ == "multiclass":
        return np.asarray(np.searchsorted(classes, y))
    return np.asarray(y == classes[1]) if len(classes) == 2 else np.zeros(len(y), bool)  # or there is a single one
