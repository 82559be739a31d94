"""More machines than one: training and prediction over Dask's arrays and dataframes (extra ``dask``)."""

from typing import TYPE_CHECKING

from .fit import fit
from .predict import predict, predict_proba

if TYPE_CHECKING:
    from .classifier import DaskMLPClassifier
    from .regressor import DaskMLPRegressor
    from .tabular import DaskTabularClassifier, DaskTabularRegressor

__all__ = [
    "DaskMLPClassifier", "DaskMLPRegressor", "DaskTabularClassifier", "DaskTabularRegressor", "fit", "predict",
    "predict_proba",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Import an estimator when it is first asked for: workers do without it, and scikit-learn takes a second."""
    if name == "DaskMLPClassifier":
        from .classifier import DaskMLPClassifier

        return DaskMLPClassifier
    if name == "DaskMLPRegressor":
        from .regressor import DaskMLPRegressor

        return DaskMLPRegressor
    if name in ("DaskTabularClassifier", "DaskTabularRegressor"):
        from . import tabular

        return getattr(tabular, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
