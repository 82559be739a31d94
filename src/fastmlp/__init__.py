"""fastmlp: multilayer perceptrons for classification, trained fast on the CPU by a gradient derived by hand."""

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
    """`MLPClassifier` is imported when it is first asked for: scikit-learn takes a second to import."""
    if name == "MLPClassifier":
        from .classifier import MLPClassifier

        globals()[name] = MLPClassifier
        return MLPClassifier
    raise AttributeError(f"module 'fastmlp' has no attribute {name!r}")
