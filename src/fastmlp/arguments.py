"""Arguments that users give, checked: the errors name the argument, the value and the remedy."""

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np

from .typing import Verbose


def checked_int(name: str, value: SupportsIndex, least: int) -> int:
    """An integer that is at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r}: must be an integer") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name}={value!r}: must be an integer and at least {least}")
    return number


def checked_float(name: str, value: SupportsFloat, least: float) -> float:
    """A finite number that is at least `least`."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r}: must be a number") from None
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number >= least):
        raise ValueError(f"{name}={value!r}: must be finite and at least {least:g}")
    return number


def checked_fraction(name: str, value: SupportsFloat) -> float:
    """A part of the rows: at least 0 and less than 1."""
    fraction = checked_float(name, value, 0)
    if fraction >= 1:
        raise ValueError(f"{name}={value}: must be at least 0 and less than 1")
    return fraction


def checked_callbacks(value: Any) -> list[Callable[..., Any]]:
    """Return the functions to call after each epoch, given as one, as a list, or as None."""
    callbacks = value if isinstance(value, list) else [] if value is None else [value]
    if not all(callable(callback) for callback in callbacks):
        raise TypeError(f"callbacks={value!r}: must be callable, a list of callables, or None")
    return list(callbacks)


def checked_verbose(value: Verbose) -> int | str:
    """Return 0 (silent), an integer above (a line for each epoch), or "bar"."""
    if isinstance(value, str) and value == "bar":
        return value
    try:
        return checked_int("verbose", int(value) if isinstance(value, (bool, np.bool_)) else value, 0)
    except (TypeError, ValueError) as error:
        raise type(error)(f'verbose={value!r}: must be 0, 1 or "bar"') from None


def checked_widths(widths: Iterable[SupportsIndex]) -> tuple[int, ...]:
    """p[0], …, p[L] as integers."""
    try:
        checked = tuple(checked_int("widths", width, 1) for width in widths)
    except TypeError:
        raise TypeError(f"widths={widths!r}: must be a sequence of integers, such as [54, 256, 1]") from None
    if len(checked) < 2:
        raise ValueError(f"widths={widths!r}: at least the numbers of features and of outputs are required")
    return checked
