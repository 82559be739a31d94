"""More machines than one: training and prediction over Dask's arrays and dataframes (extra ``dask``)."""

from typing import TYPE_CHECKING, Any

from .fit import fit
from .predict import predict, predict_proba

if TYPE_CHECKING:
    from .classifier import DaskMLPClassifier

__all__ = ["DaskMLPClassifier", "fit", "predict", "predict_proba"]


def __getattr__(name: str) -> Any:
    """The estimator, when it is first asked for: workers import this package, and scikit-learn takes a second."""
    if name != "DaskMLPClassifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .classifier import DaskMLPClassifier

    return DaskMLPClassifier
