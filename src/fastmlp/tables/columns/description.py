"""Columns of any kind, and their descriptions in files."""

from dataclasses import asdict
from typing import Any

import numpy as np

from .category_code import CategoryCode
from .category_column import CategoryColumn
from .date_parts import DateParts
from .number_column import NumberColumn
from .scaled_number import ScaledNumber

AnyColumn = NumberColumn | CategoryColumn | ScaledNumber | CategoryCode | DateParts

KINDS: dict[str, type[AnyColumn]] = {
    "numbers": NumberColumn, "categories": CategoryColumn,
    "scaled number": ScaledNumber, "category code": CategoryCode, "date parts": DateParts,
}  # fmt: skip


def as_dict(part: AnyColumn) -> dict[str, Any]:
    """Return the description of a column for a file."""
    values = {key: list(value) if type(value) is tuple else value for key, value in asdict(part).items()}
    if values.get("text") is False:  # files from before there was text do not have it
        del values["text"]
    return {"kind": part.kind, **values}


def part_from(data: Any) -> AnyColumn:
    """Return the column of a description in a file that may be damaged."""
    import pyarrow

    try:
        values: dict[str, Any] = {key: tuple(v) if type(v) is list else v for key, v in data.items()}
        part = KINDS[values.pop("kind")](**values)
        part.encode(pyarrow.nulls(0), np.empty((0, part.n_features_out)))  # raises if Arrow has no such categories
        return part
    except (AttributeError, KeyError, TypeError, OverflowError, UnicodeError):
        raise ValueError(f"not a description of a column: {str(data)[:200]}") from None
