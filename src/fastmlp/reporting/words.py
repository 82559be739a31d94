"""Numbers and names as the page writes them."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from ..training.scores import significant

MOST_OF_NAME = 60  # characters of a name in text and tables
MOST_OF_LABEL = 18  # in a picture
CONTEXT = 3  # characters before those by which names differ


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
    """Return shortened names that still differ where the values do: where they begin alike, by what follows."""
    names = [name_of(value, most) for value in values]
    alike = Counter(names)
    for name in [name for name, n in alike.items() if n > 1]:
        places = [k for k, each in enumerate(names) if each == name]
        texts = [str(values[k]) for k in places]
        alike_at = takewhile(lambda characters: len({*characters}) == 1, zip(*texts, strict=False))
        begin = max(0, sum(1 for _ in alike_at) - CONTEXT)
        for k, text in zip(places, texts, strict=True):
            names[k] = ("…" if begin else "") + text[begin:][: most - 1]
    alike = Counter(names)
    return [f"{name} ({k + 1})" if alike[name] > 1 else name for k, name in enumerate(names)]


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
