"""What a page says of predictions: figures, and sections with pictures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .html import Section


class FigureRow(NamedTuple):
    """A figure in the table of all of them.

    Attributes
    ----------
    name, value : as they are written
    meaning : what it tells, and which values are good
    """

    name: str
    value: str
    meaning: str


class Judged(NamedTuple):
    """How good predictions are.

    Attributes
    ----------
    figures : all of them
    headline : how many of the first ones stand at the top of the page
    sections : with pictures
    """

    figures: list[FigureRow]
    headline: int
    sections: list[Section]


def extremes(names: Sequence[str], values: np.ndarray) -> str:
    """Return which of several has the lowest and the highest value, in words."""
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    return f"lowest {values[low]:.4f} for {names[low]}, highest {values[high]:.4f} for {names[high]}"
