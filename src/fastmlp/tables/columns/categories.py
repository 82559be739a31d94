"""Categories as plain data: their types, and the place of each value among them."""

import math
from typing import Any

import numpy as np

from ...rows.columns import as_categories, is_dictionary

PYTHON_TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "float": float}
ARROW_TYPES = {"string": "large_string", "boolean": "bool", "integer": "int64", "float": "double"}
VALUE_TYPES = {arrow: value_type for value_type, arrow in ARROW_TYPES.items()}


def check_categories(name: Any, value_type: Any, categories: Any) -> None:
    """Raise ValueError or KeyError for what is no column of categories."""
    kind = PYTHON_TYPES[value_type]
    if not (type(name) is str and type(categories) is tuple and all(type(value) is kind for value in categories)):
        raise ValueError(f"not a column of categories: {name!r}, {value_type!r}, {str(categories)[:200]}")
    if kind is float and not all(map(math.isfinite, categories)):
        raise ValueError(f"column {name!r}: a category is not finite")
    if len(set(categories)) < len(categories):
        raise ValueError(f"column {name!r}: a category occurs twice")


def arrow_categories(value_type: str, categories: tuple[Any, ...]) -> Any:
    """Return categories as an Arrow array."""
    import pyarrow

    return pyarrow.array(categories, ARROW_TYPES[value_type])


def places(name: str, values: Any, known: Any, other: int, missing: int) -> np.ndarray:
    """Return the place of each value of a column in `known`, or `other` if it is not there, or `missing`.

    Numbers are found among categories of text by how they are written.
    """
    import pyarrow.compute as pc

    if is_dictionary(values.type) and len(values.dictionary) <= len(values):
        of_entries = np.append(places(name, values.dictionary, known, other, missing), missing)
        entries: np.ndarray = values.indices.cast("int64").fill_null(len(of_entries) - 1).to_numpy()
        return np.take(of_entries, entries)
    values = as_categories(name, values)
    if known.type == "large_string":
        values = written(values, known)
    types = {VALUE_TYPES[str(known.type)], VALUE_TYPES[str(values.type)]}
    common = ARROW_TYPES[types.pop() if len(types) == 1 else "float" if "float" in types else "integer"]
    found = pc.index_in(values.cast(common, safe=False), known.cast(common, safe=False))
    at: np.ndarray = found.fill_null(other).to_numpy()
    return np.where(values.is_null(), missing, at) if values.null_count else at


def written(values: Any, known: Any) -> Any:
    """Return values as text, as Python writes them; a whole float as the integer unless it is known with a point."""
    import pyarrow

    if values.type == "bool":
        coded = values.cast("int8").dictionary_encode()
        texts = [str(value == 1) for value in coded.dictionary.to_pylist()]
    elif values.type == "double":
        coded, floats = values.dictionary_encode(), set(known.to_pylist())
        numbers = coded.dictionary.to_pylist()
        texts = [str(int(x)) if x.is_integer() and str(x) not in floats else str(x) for x in numbers]
    else:
        return values.cast("large_string")
    return pyarrow.array(texts, "large_string").take(coded.indices)
