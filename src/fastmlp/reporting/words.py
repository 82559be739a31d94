"""Numbers and names as the page writes them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..training.scores import significant

MOST_OF_NAME = 60  # characters of a name in text and tables
MOST_OF_LABEL = 18  # in a picture


def name_of(value: Any, most: int = MOST_OF_NAME) -> str:
    """Return a column's, a class's or a category's name, shortened in its middle."""
    if isinstance(value, np.generic):
        value = value.item()
    text = str(value)
    if not text.strip():
        return repr(text)  # which can be seen
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def names_of(values: Sequence[Any], most: int) -> list[str]:
    """Return shortened names that still differ where the values do."""
    names = [name_of(value, most) for value in values]
    return [f"{name} ({k + 1})" if names.count(name) > 1 else name for k, name in enumerate(names)]


def number(x: Any) -> str:
    """Return a figure that has a unit, with five digits."""
    x = float(x)
    if not math.isfinite(x):
        return "undefined" if math.isnan(x) else str(x)
    return "0" if x == 0 else significant(x)


def figure(x: Any) -> str:
    """Return a figure without a unit, such as an AUC, with four decimals."""
    return "undefined" if math.isnan(x) else f"{x:.4f}"


def share(x: Any) -> str:
    """Return a share in percent."""
    return "undefined" if math.isnan(x) else f"{100 * x:.1f} %"


def count(n: Any, what: str, plural: str | None = None) -> str:
    """Return a number of things: 1 row, 2 rows."""
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
