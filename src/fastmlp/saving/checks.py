"""How the checks of a file's description fail: what is wrong is a `ModelFormatError`, whatever raised it."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..exceptions import ModelFormatError

BLOCK = 2**16
Tensors = dict[str, np.ndarray]


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise ModelFormatError for any error of the block, in which a damaged field can raise any."""
    try:
        yield
    except ModelFormatError:
        raise
    except KeyError as error:
        raise ModelFormatError(f"{error} is missing") from None
    except RecursionError:
        raise ModelFormatError("its description is nested too deeply") from None
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ModelFormatError(str(error)[:500]) from None


def need(condition: bool, problem: str) -> None:
    """Raise ModelFormatError unless the condition holds."""
    if not condition:
        raise ModelFormatError(problem)


def of_type(name: str, value: Any, kind: type) -> Any:
    """Return the value if its type is `kind`, and no subclass of it."""
    need(type(value) is kind, f"{name} is {str(value)[:80]}, not of type {kind.__name__}")
    return value


def is_list_of(kind: type, value: Any) -> bool:
    return type(value) is list and all(type(one) is kind for one in value)


def all_in_blocks(test: Any, array: np.ndarray) -> bool:
    """Return whether a test holds for all numbers, without an array of booleans as long as they are."""
    return all(bool(test(array[first : first + BLOCK]).all()) for first in range(0, len(array), BLOCK))
