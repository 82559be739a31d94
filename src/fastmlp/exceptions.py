"""Errors and warnings of fastmlp; other errors are plain ValueError, TypeError or OSError."""

import contextlib
from collections.abc import Iterator


class DivergenceError(ValueError):
    """The loss or a parameter is no longer finite; the model keeps the weights of the last epoch where both were.

    Examples
    --------
    >>> import numpy as np
    >>> import fastmlp
    >>> X = np.random.default_rng(0).standard_normal((1000, 3))
    >>> model = fastmlp.Model([3, 8, 1], loss="squared_error")
    >>> try:
    ...     model.fit(X, 1e3 * X[:, 0], batch_size=100, optimizer=fastmlp.SGD(1e6))
    ... except fastmlp.DivergenceError:
    ...     print("choose a smaller learning rate")
    choose a smaller learning rate
    """


class ModelFormatError(ValueError):
    """A file does not hold a model that this version can read.

    Examples
    --------
    >>> import fastmlp, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
    >>> _ = path.write_text("no model")
    >>> try:
    ...     fastmlp.Model.load(path)
    ... except fastmlp.ModelFormatError:
    ...     print("no model file")
    no model file
    """


class RowError(ValueError):
    """Rows cannot be used: a number of X, a label or a weight is wrong, or rows have changed since the last pass.

    A fit that meets one leaves the model as it was before.

    Attributes
    ----------
    of_user : bool
        Whether the user's code raised it within a fit, by another model for example; it concerns no row of the fit.

    Examples
    --------
    >>> import fastmlp
    >>> model = fastmlp.Model([1, 1])
    >>> model.fit([[1.0], [float("nan")]], [0, 1])
    Traceback (most recent call last):
        ...
    fastmlp.exceptions.RowError: X contains NaN in row 1, column 0; impute or drop such rows
    """

    of_user = False


class RowTypeError(RowError, TypeError):
    """Rows cannot be used, because they have a wrong type."""


class UnsupportedCPUError(RuntimeError):
    """The CPU, or the operating system, lacks the instructions that an argument asks for.

    Examples
    --------
    >>> import fastmlp
    >>> dtype = "mixed_bfloat16" if fastmlp.cpu_features().mixed_bfloat16 else "float32"
    >>> model = fastmlp.Model([2, 8, 1], dtype=dtype).fit([[0, 1], [1, 0]], [0, 1])   # raises none
    """


class ColumnWarning(UserWarning):
    """A column of a table may have been misread, such as dates as categories, or was left out or simplified.

    Examples
    --------
    Make it an error while you look into a table, so that no column passes unnoticed:

    >>> import warnings
    >>> import fastmlp
    >>> warnings.simplefilter("error", fastmlp.ColumnWarning)
    """


class ActivationError(RowError):
    """A user's activation raised an exception at a number that the rows lead to.

    Examples
    --------
    >>> import fastmlp
    >>> def root(z):
    ...     if z < 0:
    ...         raise ValueError("the root of a negative number")
    ...     return z**0.5
    >>> def slope(z):
    ...     return 0.5 / z**0.5
    >>> try:
    ...     fastmlp.Model([1, 8, 1], (root, slope)).loss([[-1.0], [1.0]], [0, 1])
    ... except fastmlp.ActivationError:
    ...     print("the activation is not defined for all numbers")
    the activation is not defined for all numbers
    """


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
