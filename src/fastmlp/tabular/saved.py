"""Load a tabular estimator from a file, whichever of them it holds."""

import os

from ..exceptions import ModelFormatError
from ..model import Model
from ..saving import container
from ..saving.model import kind_of
from .classifier import TabularClassifier
from .model_file import loaded
from .regressor import TabularRegressor

KINDS: dict[str, type[TabularClassifier] | type[TabularRegressor]] = {
    "TabularClassifier": TabularClassifier, "TabularRegressor": TabularRegressor,
}  # fmt: skip


def load_any(path: str | os.PathLike, n_threads: int | None = None) -> Model | TabularClassifier | TabularRegressor:
    """Return what a file holds, a `Model` or an estimator; n_threads: its parameter; errors as of `load`."""
    if kind_of(path, container.read(path)[0]) in KINDS:
        return load(path, n_threads)
    return Model.load(path, n_threads=n_threads)


def load(path: str | os.PathLike, n_threads: int | None = None) -> TabularClassifier | TabularRegressor:
    """Return the estimator that a file holds; n_threads: its parameter.

    Raises
    ------
    ModelFormatError : the file holds a `Model`, or none, or is damaged
    """
    description, tensors = container.read(path)
    name = kind_of(path, description)
    if name not in KINDS:
        raise ModelFormatError(f"{os.fspath(path)}: holds a {name}; load it by fastmlp.{name}.load")
    estimator: TabularClassifier | TabularRegressor = loaded(KINDS[name], path, description, tensors, n_threads)
    return estimator
