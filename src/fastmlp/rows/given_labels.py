"""Labels as users give them, in arrays of NumPy or Arrow: checked, and their distinct values."""

import math
from typing import Any

import numpy as np

from ..messages import shown
from .columns import TEXT, is_dictionary, value_type, without_views
from .ragged import as_array
from .record_batches import is_missing
from .targets import refuse_masked

KINDS = "biufOSUT"  # of NumPy's types, for booleans, numbers, objects and text


def is_arrow_array(values: Any) -> bool:
    """Return whether values are a pyarrow.Array or ChunkedArray."""
    return type(values).__module__.startswith("pyarrow")


def checked_labels(values: Any, name: str) -> Any:
    """Return a target's Arrow array: booleans, numbers, strings, or a dictionary of these; raise where others come."""
    import pyarrow.types as types

    kind = value_type(values.type) if is_dictionary(values.type) else values.type
    values = without_views(values)
    known = (types.is_boolean, types.is_integer, types.is_floating)
    if not any(is_kind(kind) for is_kind in known) and str(kind) not in (*TEXT, "null"):
        raise TypeError(f"target {name!r} is of type {kind}; convert it to numbers or strings first")
    count = values.null_count
    if hasattr(values, "dictionary") and values.dictionary.null_count:
        count = sum(value is None for value in values.to_pylist())
    if types.is_floating(kind):
        values = values.dictionary_decode() if hasattr(values, "dictionary") else values
        values = values.cast("float64")  # Arrow has few functions for float16
        numbers = values.drop_null().to_numpy()
        count += int(np.isnan(numbers).sum())
        if np.isinf(numbers).any():
            raise infinite_label(name)
    if count or str(kind) == "null":
        raise missing(name, count or len(values))
    return values


def missing(name: str, count: int, where: str = "") -> ValueError:
    """Return the error for missing values of a target."""
    return ValueError(f"target {name!r} has {count} missing value{'s' if count > 1 else ''}{where}; drop these rows")


def distinct(values: Any, name: str) -> set:
    """Return the distinct values of a block's y, an array or a pyarrow.Array."""
    if values is None:
        raise ValueError("a block has no y; labels are required, as in (X, y)")
    if is_arrow_array(values):
        return set(checked_labels(values, name).unique().to_pylist())
    refuse_masked("y", values)
    values = array_of_labels(values, name)
    if values.dtype == object:
        try:
            found = set(values.ravel().tolist())
        except TypeError:
            raise no_labels(values, name) from None
        if not any(map(is_no_class, found)):
            return found
    refuse_no_classes(values, name)
    return set(np.unique(values).tolist())


def array_of_labels(values: Any, name: str) -> np.ndarray:
    """Return labels as an array; TypeError for dates and other types that are no labels."""
    labels = as_array("y", values, "labels")
    if labels.dtype.kind not in KINDS:
        raise TypeError(f"target {name!r} is of type {labels.dtype}; convert it to numbers or strings first")
    return labels


def is_no_class(value: Any) -> bool:
    """Return whether an object among labels is missing or infinite."""
    return is_missing(value) or (isinstance(value, (float, np.floating)) and math.isinf(value))


def refuse_no_classes(values: np.ndarray, name: str) -> None:
    """Raise ValueError for missing and infinite values among labels."""
    if values.dtype == object:
        absent, infinite = sum(map(is_missing, values.flat)), any(map(is_no_class, values.flat))
    elif values.dtype.kind == "f":
        absent, infinite = int(np.isnan(values).sum()), bool(np.isinf(values).any())
    else:
        return
    if absent:
        raise missing(name, absent)
    if infinite:
        raise infinite_label(name)


def no_labels(values: np.ndarray, name: str) -> TypeError:
    """Return the error for objects among labels that cannot be compared, such as lists."""
    wrong = next(value for value in values.flat if not is_hashable(value))
    return TypeError(
        f"target {name!r} contains {shown(wrong)}, of type {type(wrong).__name__}; convert it to numbers or strings "
        "first, one for each row"
    )


def is_hashable(value: Any) -> bool:
    """Return whether a value can be looked up."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def infinite_label(name: str) -> ValueError:
    """Return the error for labels that are infinite."""
    return ValueError(f"target {name!r} contains inf, which is not a class; drop these rows")


def ascending(values: set, name: str) -> list[Any]:
    """Return the values of a target in ascending order."""
    try:
        return sorted(values)
    except TypeError:
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise TypeError(
            f"target {name!r} holds labels of several types ({kinds}), which have no order; make all of them strings"
        ) from None
