"""What a page says of predictions: figures, and sections with pictures."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .html import Section
from .words import figure


class FigureRow(NamedTuple):
    """A figure in the table of all of them.

    Attributes
    ----------
    name : as it is written
    value : of Python or NumPy; NaN where it is undefined
    meaning : what it tells, and which values are good
    write : returns the value as text; `figure`, or `number` where it has a unit
    """

    name: str
    value: float | np.floating
    meaning: str
    write: Callable[[Any], str] = figure

    @property
    def text(self) -> str:
        """The value as the page writes it."""
        return self.write(self.value)


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
