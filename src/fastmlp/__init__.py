"""fastmlp: multilayer perceptrons for classification, trained fast on the CPU by a gradient derived by hand."""

import importlib
from typing import TYPE_CHECKING

from .exceptions import DivergenceError, ModelFormatError
from .model import Gradient, Model
from .optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from .version import __version__

if TYPE_CHECKING:
    from .classifier import MLPClassifier

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "DivergenceError",
    "Gradient",
    "MLPClassifier",
    "Model",
    "ModelFormatError",
    "Momentum",
    "Nesterov",
    "__version__",
]


def __getattr__(name: str) -> object:
    """`MLPClassifier` and `plot` are imported when they are first asked for: scikit-learn takes a second to import."""
    if name == "MLPClassifier":
        from .classifier import MLPClassifier

        globals()[name] = MLPClassifier
        return MLPClassifier
    if name == "plot":
        return importlib.import_module(".plot", __name__)
    raise AttributeError(f"module 'fastmlp' has no attribute {name!r}")
