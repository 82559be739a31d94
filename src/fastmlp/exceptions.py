"""Errors and warnings of fastmlp's own; everything else is a ValueError, a TypeError or an OSError."""

import contextlib
from collections.abc import Iterator


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite during training; the model keeps its last finite weights."""


class ModelFormatError(ValueError):
    """A file is not a model that this version can read."""


class RowError(ValueError):
    """Rows cannot be used: a number of X, a label or a weight is wrong, or the rows are not those of the pass before.

    A fit that finds one takes back all that it has learned.

    Attributes
    ----------
    of_user : bool
        Was it raised by the user's code within a fit, which may use a model, too? It is no row of the fit then.
    """

    of_user = False


class RowTypeError(RowError, TypeError):
    """Rows cannot be used, as they are of a wrong type."""


class ColumnWarning(UserWarning):
    """`TableEncoder` may have taken a column for what it is not."""


class ActivationError(RowError):
    """An activation of the user's own raised an exception at a number that these rows lead to."""


@contextlib.contextmanager
def user_code() -> Iterator[None]:
    """Let a RowError from the block, a callback or a scorer, say whose it is."""
    try:
        yield
    except RowError as error:
        error.of_user = True
        raise


def is_bad_row(failure: BaseException) -> bool:
    """Tell whether it is about a row of the fit that it ends."""
    return isinstance(failure, RowError) and not failure.of_user
