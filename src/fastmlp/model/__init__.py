"""`Model`: what it holds (`state`), and training, predictions and files over it (`model`)."""

from .model import Model
from .state import Gradient

__all__ = ["Gradient", "Model"]
