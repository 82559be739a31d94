"""What options of the command line may be: text to numbers, checked before any file is read."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable

from ..network.plan import checked_size

MOST = 1e30  # of a number: a larger one may be infinite where it is computed with in float32
LEAST_RATE = 1e-30  # steps of a lower learning rate would be 0 in float32


def integer(least: int) -> Callable[[str], int]:
    """The type of options that are integers from `least` on."""

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
    """The type of options that are numbers from `least` to `most`, or to just below it."""
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


def widths(text: str) -> list[int]:
    """Comma-separated widths of hidden layers; an empty text is logistic regression."""
    try:
        found = [integer(1)(width) for width in text.split(",") if width.strip()]
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{text!r} is not a list of integers of at least 1, such as 256,256") from None
    try:
        checked_size(repr(text), [1, *found, 1])
    except ValueError as error:
        raise ArgumentTypeError(f"{error}; give smaller widths") from None
    return found
