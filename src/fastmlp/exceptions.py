"""Errors of fastmlp's own; everything else is a ValueError, a TypeError or an OSError."""


class DivergenceError(ValueError):
    """The loss or a parameter stopped being finite during training; the model keeps its last finite weights."""


class ModelFormatError(ValueError):
    """A file is not a model that this version can read."""
