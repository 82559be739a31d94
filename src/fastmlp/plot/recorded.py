"""What models recorded while they were trained, as arguments of `LossCurveDisplay`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..model import Model
from ..typing import Record

FIGURES = ("loss", "validation_loss", "learning_rate")  # of epochs or rounds, that are drawn


def recorded(estimator: Any) -> dict[str, Any]:
    """Return an estimator's curves as arguments of the display."""
    from sklearn.exceptions import NotFittedError
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import check_is_fitted

    if isinstance(estimator, Model):
        if not estimator.history:
            raise NotFittedError("This Model is not fitted yet: its history is empty. Call fit first.")
        return of_history(estimator.history)
    if isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    check_is_fitted(estimator)
    if hasattr(estimator, "models_"):
        return of_history(mean_history(estimator.models_, estimator.recipe_.epochs))
    lbfgs = getattr(estimator, "solver", None) == "lbfgs"  # a loss_curve_ would be left over from another solver
    if lbfgs or not hasattr(estimator, "loss_curve_"):
        kind = type(estimator).__name__ + (" with solver='lbfgs'" if lbfgs else "")
        raise ValueError(f"{kind} has no loss_curve_; fit an estimator with solver='adam' or 'sgd'")
    return {
        "loss": estimator.loss_curve_,
        "validation_loss": getattr(estimator, "validation_loss_curve_", None),
        "validation_scores": getattr(estimator, "validation_scores_", None),
        "learning_rate": getattr(estimator, "learning_rate_curve_", None),
    }


def of_history(history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a Model's curves as arguments of `LossCurveDisplay`.

    Parameters
    ----------
    history : list of dict
        As `Model.history`.

    Returns
    -------
    dict

    Examples
    --------
    >>> from fastmlp.plot import LossCurveDisplay, of_history
    >>> history = [{"epoch": 1, "loss": 0.7, "learning_rate": 0.1}, {"epoch": 2, "loss": 0.5, "learning_rate": 0.1}]
    >>> display = LossCurveDisplay(**of_history(history)).plot()
    """
    curves = {name: [record.get(name) for record in history] for name in FIGURES}
    return {"epochs": [record["epoch"] for record in history], **curves}


def mean_history(models: Sequence[Model], epochs: float) -> list[Record]:
    """Return the means over nets of the figures of each round that all have done; epochs: that the longest took."""
    epoch = epochs / max(len(model.history) for model in models)  # or a part of one, that a round is
    return [
        {"epoch": round((k + 1) * epoch, 2)} | {name: float(np.mean([each[name] for each in nets])) for name in FIGURES}
        for k, nets in enumerate(zip(*(model.history for model in models), strict=False))
    ]
