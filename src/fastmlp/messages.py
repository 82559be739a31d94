"""Values of a user's table in messages: quoted, control characters escaped, the beginning of what is long."""

from collections.abc import Collection
from itertools import islice
from typing import Any

import numpy as np

MOST_CHARACTERS, MOST_OF_NAME = 40, 80  # of a value; of one in a list, such as the name of a column
MOST_NAMES = 60  # of columns
MOST_VALUES = 5


def shown(value: Any, most: int = MOST_CHARACTERS) -> str:
    """A value, on one line; NumPy's numbers and text as Python's."""
    value = value.item() if isinstance(value, np.number | np.bool_ | np.str_ | np.bytes_) else value
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[:most] + "…")
    text = repr(value)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= most else text[:most] + "…"


def listed(values: Collection[Any], most: int = MOST_NAMES) -> str:
    """Names of columns, or other values, of which many may be left out."""
    few = ", ".join(shown(value, MOST_OF_NAME) for value in islice(values, most)) or "none"
    return few if len(values) <= most else f"{few}, … ({len(values):,} in all)"


def few(values: Collection[Any]) -> str:
    """Some of the values, as examples."""
    return listed(values, MOST_VALUES)


def difference(names: list[str], known: list[str]) -> str:
    """Two lists of columns that are not the same, and the first place where they differ."""
    places = range(min(len(names), len(known)))
    first = next((k for k in places if names[k] != known[k]), None)
    place = "" if first is None else f" (column {first} is {shown(names[first])}, not {shown(known[first])})"
    return f"the columns {listed(names)}, but the model was trained with {listed(known)}{place}"


def not_numbers(values: Any, error: Exception) -> str:
    """Why NumPy could not make numbers of values: what it says, but with the first bad text as other messages do."""
    for value in np.asarray(values, object).flat:
        if isinstance(value, str | bytes):
            try:
                float(value)
            except ValueError:
                return f"could not convert string to float: {shown(value)}"
    return str(error)
