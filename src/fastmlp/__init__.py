"""fastmlp: multilayer perceptrons for classification, trained fast on the CPU by a gradient derived by hand."""

import importlib
from typing import TYPE_CHECKING

from . import rows
from .exceptions import ActivationError, ColumnWarning, DivergenceError, ModelFormatError, RowError
from .model import Gradient, Model
from .optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from .version import __version__

if TYPE_CHECKING:
    from .sklearn.classifier import MLPClassifier
    from .tables.encoder import TableEncoder

__all__ = [
    "SGD",
    "ActivationError",
    "Adam",
    "AdamW",
    "ColumnWarning",
    "DivergenceError",
    "Gradient",
    "MLPClassifier",
    "Model",
    "ModelFormatError",
    "Momentum",
    "Nesterov",
    "RowError",
    "TableEncoder",
    "__version__",
    "rows",
]
ESTIMATORS = {"MLPClassifier": ".sklearn.classifier", "TableEncoder": ".tables.encoder"}


def __getattr__(name: str) -> object:
    """`MLPClassifier`, `TableEncoder` and `plot` are imported when first asked for: scikit-learn takes a second."""
    if name in ESTIMATORS:
        found = getattr(importlib.import_module(ESTIMATORS[name], __name__), name)
        globals()[name] = found
        return found
    if name == "plot":
        return importlib.import_module(".plot", __name__)
    raise AttributeError(f"module 'fastmlp' has no attribute {name!r}")
