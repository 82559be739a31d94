"""Types of options: text to numbers, checked before any file is read."""

import math
from argparse import Action, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from ..losses import checked_levels
from ..network.plan import checked_size

MOST = 1e30  # largest number; larger ones may become infinite in float32
LEAST_RATE = 1e-30  # smallest learning rate; steps of a smaller one would be 0 in float32


class OfNetwork(Action):
    """An option that only the bare network has; `of_network` lists those that are given."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)
        namespace.of_network = [*namespace.of_network, self.option_strings[0]]


def integer(least: int) -> Callable[[str], int]:
    """Return the type of options that are integers of at least `least`."""

    def option(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ArgumentTypeError(f"{text!r} is not an integer of at least {least}")
        return number

    return option


def real(least: float, most: float = MOST, *, without_most: bool = False) -> Callable[[str], float]:
    """Return the type of options that are numbers from `least` to `most`; `without_most` excludes `most`."""
    end = "less than" if without_most else "at most"

    def option(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most or (without_most and number == most):
            raise ArgumentTypeError(f"{text!r} is not a number of at least {least:g} and {end} {most:g}")
        return number

    return option


def levels(text: str) -> list[float]:
    """Return the levels of quantiles, ascending within (0, 1), which commas separate."""
    try:
        return list(checked_levels([float(level) for level in text.split(",")]))
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not an ascending list of numbers between 0 and 1, such as 0.1,0.5,0.9"
        ) from None


def widths(text: str) -> list[int]:
    """Return the widths of hidden layers, which commas separate; an empty text means logistic regression."""
    try:
        found = [integer(1)(width) for width in text.split(",") if width.strip()]
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{text!r} is not a list of integers of at least 1, such as 256,256") from None
    try:
        checked_size(repr(text), [1, *found, 1])
    except ValueError as error:
        raise ArgumentTypeError(f"{error}; give smaller widths") from None
    return found
