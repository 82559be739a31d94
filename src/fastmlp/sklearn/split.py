"""Draw rows to train on and rows for validation as scikit-learn does; no row of X is copied."""

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ..sklearn_private import _approximate_mode

FEW_ROWS = 10_000  # up to here, scikit-learn's own functions cost little; they make a Python object for each row


def validation_rows(
    n: int, fraction: float, random: np.random.RandomState, y: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows to train on, rows for validation), of n rows; y (n) of 0 and 1 has the same shares in both."""
    if y is None:
        training, validation = scikit_learn_rows(n, fraction, random)
    elif n <= FEW_ROWS or min(np.bincount(y, minlength=2)) < 2:
        training, validation = scikit_learn_rows(n, fraction, random, stratify=np.where(y, "True", "False"))
    else:
        training, validation = stratified_rows(y, int(np.ceil(n * fraction)), random)
    if len(validation) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return training, validation


def scikit_learn_rows(
    n: int, fraction: float, random: np.random.RandomState, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Draw by scikit-learn's own function; its errors get the name of the parameter."""
    try:
        training, validation = train_test_split(np.arange(n), random_state=random, test_size=fraction, **options)
    except ValueError as error:
        raise ValueError(f"validation_fraction={fraction}: {error}") from None
    return training, validation


def stratified_rows(y: np.ndarray, n_validation: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Make the draws of StratifiedShuffleSplit in arrays, for many rows."""
    counts = np.bincount(y, minlength=2)
    to_train = _approximate_mode(counts, len(y) - n_validation, random)
    to_validate = _approximate_mode(counts - to_train, n_validation, random)
    training, validation = [], []
    for label in range(2):
        drawn = np.flatnonzero(y == label)[random.permutation(counts[label])]
        training.append(drawn[: to_train[label]])
        validation.append(drawn[to_train[label] : to_train[label] + to_validate[label]])
    return random.permutation(np.concatenate(training)), random.permutation(np.concatenate(validation))
