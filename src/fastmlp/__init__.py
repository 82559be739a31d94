"""fastmlp: multilayer perceptrons for classification and regression, trained fast by a gradient derived by hand."""

import importlib
import importlib.util
from typing import TYPE_CHECKING

from . import rows
from .exceptions import (
    ActivationError,
    ColumnWarning,
    DivergenceError,
    ModelFormatError,
    RowError,
    UnsupportedCPUError,
)
from .model import Gradient, Model
from .optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from .version import __version__

if TYPE_CHECKING:
    from . import dask as dask
    from . import onnx as onnx
    from . import plot as plot
    from .cpu import cpu_features
    from .reporting import Report, report
    from .sklearn.classifier import MLPClassifier
    from .sklearn.regressor import MLPRegressor
    from .tables.table_encoder import TableEncoder
    from .tabular.classifier import TabularClassifier
    from .tabular.regressor import TabularRegressor

__all__ = [
    "SGD",
    "ActivationError",
    "Adam",
    "AdamW",
    "ColumnWarning",
    "DivergenceError",
    "Gradient",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "ModelFormatError",
    "Momentum",
    "Nesterov",
    "Report",
    "RowError",
    "TableEncoder",
    "TabularClassifier",
    "TabularRegressor",
    "UnsupportedCPUError",
    "__version__",
    "cpu_features",
    "report",
    "rows",
]
LAZY = {  # names, and the modules that define them
    "MLPClassifier": ".sklearn.classifier",
    "MLPRegressor": ".sklearn.regressor",
    "Report": ".reporting",
    "TableEncoder": ".tables.table_encoder",
    "TabularClassifier": ".tabular.classifier",
    "TabularRegressor": ".tabular.regressor",
    "cpu_features": ".cpu",
    "report": ".reporting",
}
EXTRAS = {"dask": "distributed", "onnx": "skl2onnx", "plot": "matplotlib"}  # modules, and what they need


def __getattr__(name: str) -> object:
    """Import estimators and optional modules when they are first asked for: scikit-learn alone takes a second."""
    if name in LAZY:
        found = getattr(importlib.import_module(LAZY[name], __name__), name)
        globals()[name] = found
        return found
    if name in EXTRAS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'fastmlp' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return all public names, those of optional modules where their packages are installed."""
    return sorted([*__all__, "typing", *(name for name, needed in EXTRAS.items() if importlib.util.find_spec(needed))])
