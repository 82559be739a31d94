"""The kinds of inputs that a net makes of one column of X, and how files describe them."""

from .codes import OneHot, Values
from .description import as_description, part_of
from .numbers import Bins, Clipped, Missing, Number, Waves
from .part import FeaturePart

__all__ = [
    "Bins", "Clipped", "FeaturePart", "Missing", "Number", "OneHot", "Values", "Waves", "as_description", "part_of",
]  # fmt: skip
