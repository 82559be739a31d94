"""Errors of fastmlp's own; everything else is a ValueError, a TypeError or an OSError."""


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite during training; the model keeps its last finite weights."""


class ModelFormatError(ValueError):
    """A file is not a model that this version can read."""


class RowError(ValueError):
    """Rows cannot be used: a number of X, a label or a weight is wrong, or the rows are not those of the pass before.

    A fit that finds one takes back all that it has learned.
    """


class RowTypeError(RowError, TypeError):
    """Rows cannot be used, as they are of a wrong type."""
