"""Errors and warnings of fastmlp; other errors are plain ValueError, TypeError or OSError."""

import contextlib
from collections.abc import Iterator


class DivergenceError(ValueError):
    """The loss or a parameter is no longer finite; the model keeps the weights of the last epoch where both were."""


class ModelFormatError(ValueError):
    """A file does not hold a model that this version can read."""


class RowError(ValueError):
    """Rows cannot be used: a number of X, a label or a weight is wrong, or rows have changed since the last pass.

    A fit that meets one leaves the model as it was before.

    Attributes
    ----------
    of_user : bool
        Whether the user's code raised it within a fit, by another model for example; it concerns no row of the fit.
    """

    of_user = False


class RowTypeError(RowError, TypeError):
    """Rows cannot be used, because they have a wrong type."""


class UnsupportedCPUError(RuntimeError):
    """The CPU, or the operating system, lacks the instructions that an argument asks for."""


class ColumnWarning(UserWarning):
    """A column of a table may have been misread, such as dates as categories, or was left out or simplified."""


class ActivationError(RowError):
    """A user's activation raised an exception at a number that the rows lead to."""


@contextlib.contextmanager
def user_code() -> Iterator[None]:
    """Mark a RowError from the block, which calls the user's code, as the user's."""
    try:
        yield
    except RowError as error:
        error.of_user = True
        raise


def is_bad_row(failure: BaseException) -> bool:
    """Return whether an exception concerns a row of the fit that it ends."""
    return isinstance(failure, RowError) and not failure.of_user
