"""Columns that files store in several types: the type that holds all of their values."""

from typing import Any

from .columns import TEXT, first_line, is_dictionary, value_type, without_views


def common_type(one: Any, other: Any) -> Any:
    """Return the Arrow type that holds the values of both, or None where they are of two kinds.

    A kind is numbers of any type (True counts as 1), text, or categories of either; categories of text count as text,
    too. Integers become int64, uint64 where none has a sign, and float64 together with other numbers.
    """
    import pyarrow
    import pyarrow.types as types

    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if is_dictionary(one) and is_dictionary(other):
        values = common_type(one.value_type, other.value_type)
        return None if values is None else pyarrow.dictionary(pyarrow.int64(), values)
    if all(str(value_type(kind)) in TEXT for kind in (one, other)):
        return pyarrow.large_string()
    for each, joined in (
        ([types.is_boolean, types.is_unsigned_integer], pyarrow.uint64()),
        ([types.is_boolean, types.is_integer], pyarrow.int64()),
        ([types.is_boolean, types.is_integer, types.is_floating, types.is_decimal], pyarrow.float64()),
    ):
        if all(any(is_kind(kind) for is_kind in each) for kind in (one, other)):
            return joined
    return None


def as_type(name: str, values: Any, kind: Any) -> Any:
    """Return a column in the common type; ValueError for values that this type cannot hold."""
    import pyarrow

    if values.type == kind:
        return values
    if pyarrow.types.is_null(values.type):
        return pyarrow.nulls(len(values), kind)
    if is_dictionary(kind):
        entries = as_type(name, values.dictionary, kind.value_type)
        return pyarrow.DictionaryArray.from_arrays(values.indices.cast(kind.index_type), entries)
    values = values.dictionary_decode() if is_dictionary(values.type) else values
    try:
        return without_views(values).cast(kind)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(
            f"column {name!r} is {values.type} here and of another type elsewhere, and not all of its values are "
            f"{kind} ({first_line(error)}); store it in one type"
        ) from None
