"""Show values of a user's table in messages: quoted, with control characters escaped, and shortened."""

from collections.abc import Collection
from itertools import islice
from typing import Any

import numpy as np

MOST_CHARACTERS, MOST_OF_NAME = 40, 80  # of a value; of a value in a list, such as the name of a column
MOST_NAMES = 60  # of columns in a list
MOST_VALUES = 5


def shown(value: Any, most: int = MOST_CHARACTERS) -> str:
    """Return a value on one line; NumPy's numbers and text look like Python's."""
    value = value.item() if isinstance(value, np.number | np.bool_ | np.str_ | np.bytes_) else value
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[:most] + "…")
    text = repr(value)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= most else text[:most] + "…"


def listed(values: Collection[Any], most: int = MOST_NAMES) -> str:
    """Return a list of the first `most` names of columns, or of other values, and their number if there are more."""
    few = ", ".join(shown(value, MOST_OF_NAME) for value in islice(values, most)) or "none"
    return few if len(values) <= most else f"{few}, … ({len(values):,} in all)"


def few(values: Collection[Any]) -> str:
    """Return a list of some of the values, as examples."""
    return listed(values, MOST_VALUES)


def difference(names: list[str], known: list[str]) -> str:
    """Return how the columns of a table differ from those that a model was trained with."""
    places = range(min(len(names), len(known)))
    first = next((k for k in places if names[k] != known[k]), None)
    place = "" if first is None else f" (column {first} is {shown(names[first])}, not {shown(known[first])})"
    return f"the columns {listed(names)}, but the model was trained with {listed(known)}{place}"


def not_numbers(values: Any, error: Exception) -> str:
    """Return why NumPy could not convert values to numbers, with the first text that is none."""
    for value in np.asarray(values, object).flat:
        if isinstance(value, str | bytes):
            try:
                float(value)
            except ValueError:
                return f"could not convert string to float: {shown(value)}"
    return str(error)
