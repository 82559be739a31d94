"""What a file keeps of a Model, and a Model from it."""

import os
from typing import Any

import numpy as np

from . import model_file
from .description import Described, checked
from .exceptions import ModelFormatError
from .history import as_arrays

Contents = tuple[dict[str, Any], dict[str, np.ndarray]]


def save(model: Any, path: str | os.PathLike) -> None:
    """Write everything to a file, replacing it in one step; what `load` would refuse is a ValueError before that."""
    model_file.write(path, *described(model))


def described(model: Any) -> Contents:
    """Description and tensors of a model, for `model_file.write`; a ValueError if no file can hold it."""
    try:
        description, tensors = contents(model)
        checked(description, tensors)
    except ModelFormatError as error:
        raise ValueError(f"the model cannot be saved: {error}") from None
    return description, tensors


def contents(model: Any) -> Contents:
    """The same, without checks."""
    tensors, optimizer = {"parameters": model.parameters}, model.optimizer
    figures, numbers, kinds = as_arrays(model.history)
    if figures:
        tensors["history.numbers"], tensors["history.kinds"] = numbers, kinds
    description: dict[str, Any] = {
        "widths": list(model.widths), "bias": model.bias, "dtype": str(model.dtype), "seed": model.seed,
        "out_activation": model.out_activation,
        "activations": [{"own": one.name} if one.own else one.name for one in model.network.plan.activations],
        "feature_names": plain(model.feature_names), "target_name": plain(model.target_name),
        "classes": plain(model.classes),
        "encoding": None if model.encoding is None else model.encoding.to_dict(),
        "history": figures, "optimizer": None,
    }  # fmt: skip
    if model.scaling is not None:
        tensors["shift"], tensors["factor"] = model.scaling
    if optimizer is not None:
        settings = {name: plain(value) for name, value in optimizer.settings().items()}
        description["optimizer"] = {"name": optimizer.name, "t": optimizer.t, **settings}
        if optimizer.moments is not None:
            tensors["moments"] = optimizer.moments
    return description, tensors


def plain(value: Any) -> Any:
    """NumPy's scalars and arrays, and sequences of them, as what JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def load(kind: type, path: str | os.PathLike, given: dict[str, Any], n_threads: int | None) -> Any:
    """A model of class `kind` from a file that `save` wrote; given: the user's own activations by name."""
    description, tensors = model_file.read(path)
    try:
        found = checked(description, tensors)
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model, or damaged: {error}") from None
    activations = [given_activation(path, name, own, given) for name, own in found.activations]
    return restored(kind, found, activations, n_threads)


def restored(kind: type, found: Described, activations: list[Any], n_threads: int | None) -> Any:
    """A model that is as the file's was."""
    model = kind(found.widths, activations, found.bias, found.dtype, found.seed, n_threads, found.out_activation)
    take_over(model, found)
    return model


def take_over(model: Any, found: Described) -> None:
    """All that a file holds beside the shape."""
    model.parameters[:] = found.parameters
    model.scaling, model.encoding, model.optimizer = found.scaling, found.encoding, found.optimizer
    model.feature_names, model.target_name, model.classes = found.feature_names, found.target_name, found.classes
    model.history = found.records()


def given_activation(path: str | os.PathLike, name: str, own: bool | None, given: dict[str, Any]) -> Any:
    """An activation of a model file: the user's, or one of the library's by name."""
    if own is False:
        return name
    if name not in given:
        raise ModelFormatError(
            f"{os.fspath(path)}: the model has an activation of its own, {name!r}; "
            f"load it with activations={{{name!r}: (g, dg)}}"
        )
    return given[name]
