"""fastmlp: multilayer perceptrons for classification, trained fast on the CPU by a gradient derived by hand."""

from .exceptions import DivergenceError, ModelFormatError
from .model import Gradient, Model
from .optimizers import SGD, Adam, AdamW, Momentum, Nesterov
from .version import __version__

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "DivergenceError",
    "Gradient",
    "Model",
    "ModelFormatError",
    "Momentum",
    "Nesterov",
    "__version__",
]
