"""Parts as dicts of names and numbers, as files have them."""

from dataclasses import fields
from typing import Any

from .codes import OneHot, Values
from .numbers import Bins, Clipped, Missing, Number, Waves
from .part import FeaturePart

KINDS: dict[str, type[FeaturePart]] = {
    part.kind: part for part in (Number, Clipped, Missing, Waves, Values, Bins, OneHot)
}


def as_description(part: FeaturePart) -> dict[str, Any]:
    """Return a part as a file has it."""
    return {"kind": part.kind, **{field.name: as_lists(getattr(part, field.name)) for field in fields(part)}}


def as_lists(value: Any) -> Any:
    """Return tuples as lists."""
    return [as_lists(one) for one in value] if isinstance(value, tuple) else value


def part_of(data: dict[str, Any]) -> FeaturePart:
    """Return the part of a description in a file that may be damaged."""
    values = dict(data)
    kind = KINDS[values.pop("kind")]
    if not all(map(is_numbers, values.values())):
        raise TypeError(f"{kind.kind}: there is something else than numbers")
    return kind(**values)


def is_numbers(value: Any) -> bool:
    """Return whether a value of JSON is a number, or lists of them; NumPy makes long arrays of a long text in one."""
    return all(map(is_numbers, value)) if type(value) is list else type(value) in (int, float)
