"""Figures of an estimator's predictions for one partition: tasks of `score`."""

from typing import Any

import numpy as np

from ..losses import SQUARED_ERROR, Loss
from ..model import Model
from ..rows.labels import TargetNumbers
from ..rows.targets import as_weights
from ..training.figures import Figures
from .worker import dense, summary


def of_classes(X: Any, y: Any, w: Any, number: int, model: Model, classes: np.ndarray) -> Figures:
    """Return Σ w, and that of the rows of which the model predicts the class in y."""
    n = checked(X, y, w, model)
    if n == 0:
        return Figures()
    hits = classes[model.predict(dense(X, model.dtype))] == np.asarray(y).reshape(n)
    weights = weights_of(w, n)
    return Figures(weight=float(weights.sum()), right=float(weights @ hits))


def of_numbers(X: Any, y: Any, w: Any, number: int, model: Model) -> Figures:
    """Return the figures of predictions, in units of y; number: of the partition, for messages."""
    n, found, loss = checked(X, y, w, model), Figures(), model.network.plan.loss
    if n:
        target = TargetNumbers(model.widths[-1], loss, np.dtype(np.float64), name=f"y of partition {number}")
        Y = target.encode(np.asarray(y), n)
        found.add(judged_by(loss), model.predict(dense(X, model.dtype)).reshape(n, -1), Y, weights_of(w, n))
    return found


def judged_by(loss: Loss) -> Loss:
    """Return the loss by whose figures predictions are judged: pinball losses of several quantiles, else R²."""
    return loss if loss.of_several_levels else SQUARED_ERROR


def checked(X: Any, y: Any, w: Any, model: Model) -> int:
    """Return the number of rows of a partition, once it is known to fit the model."""
    found = summary((X, y, w), numeric=model.network.plan.loss.numeric)
    if found.rows and found.columns != model.n_columns:
        raise ValueError(f"X has {found.columns} features, but the model was made for {model.n_columns}")
    return found.rows


def weights_of(w: Any, n: int) -> np.ndarray:
    """Return the weights of n rows in float64."""
    return np.ones(n) if w is None else as_weights(np.asarray(w), n, some=False).astype(np.float64)
