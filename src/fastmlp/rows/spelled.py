"""Numbers that are spelled as text."""

from typing import Any

from .columns import TEXT, is_dictionary

PLAIN = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"


def spelled_numbers(values: Any) -> Any:
    """An Arrow array of numbers, text or a dictionary as one of numbers; text that spells none is null.

    Digits, with a sign, a decimal point and an exponent or without, and blanks around them, spell a number.
    """
    import pyarrow
    import pyarrow.compute as pc
    import pyarrow.types as types

    if is_dictionary(values.type):
        if len(values.dictionary) <= len(values):
            return spelled_numbers(values.dictionary).take(values.indices)
        return spelled_numbers(values.dictionary.take(values.indices))
    if not (str(values.type) in TEXT or types.is_temporal(values.type)):
        return values
    text = pc.utf8_trim_whitespace(values.cast("large_string"))
    plain = pc.match_substring_regex(text, PLAIN)
    return pc.if_else(plain, text, pyarrow.scalar(None, text.type)).cast("float64")
