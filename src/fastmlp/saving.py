"""What a file keeps of a Model, and a Model from it."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import activations, model_file, optimizers
from .arguments import checked_int
from .exceptions import ModelFormatError
from .table_encoding import TableEncoding


def save(model: Any, path: str | os.PathLike) -> None:
    """Write everything to a file, replacing it in one step."""
    model_file.write(path, *contents(model))


def contents(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Description and tensors of all that a file keeps."""
    tensors = {"parameters": model.parameters}
    optimizer = model.optimizer
    description: dict[str, Any] = {
        "widths": list(model.widths), "bias": model.bias, "dtype": str(model.dtype), "seed": model.seed,
        "out_activation": model.out_activation, "activations": model.activation_names,
        "feature_names": model.feature_names, "target_name": model.target_name, "classes": model.classes,
        "encoding": None if model.encoding is None else model.encoding.to_dict(),
        "history": model.history, "optimizer": None,
    }  # fmt: skip
    if model.scaling is not None:
        tensors["shift"], tensors["factor"] = model.scaling
    if optimizer is not None:
        description["optimizer"] = {"name": optimizer.name, "t": optimizer.t, **optimizer.settings()}
        if optimizer.moments is not None:
            tensors["moments"] = optimizer.moments
    return description, tensors


def load(kind: type, path: str | os.PathLike, given: dict[str, Any], n_threads: int | None) -> Any:
    """A model of class `kind` from a file that `save` wrote; given: the user's own activations by name."""
    description, tensors = model_file.read(path)
    with damaged(path):
        model = kind(
            description["widths"], [given_activation(name, given) for name in description["activations"]],
            description["bias"], description["dtype"], description["seed"], n_threads,
            description.get("out_activation"),
        )  # fmt: skip
        restore(model, description, tensors)
    return model


@contextlib.contextmanager
def damaged(path: str | os.PathLike) -> Iterator[None]:
    """Errors while a file's contents are taken over, as ModelFormatError with its name."""
    try:
        yield
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFormatError(f"{os.fspath(path)}: damaged description or tensors ({error!r})") from None


def restore(model: Any, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Take over what a file holds beside the shape."""
    theta = tensors["parameters"]
    if theta.shape != model.parameters.shape or theta.dtype != model.dtype or not np.isfinite(theta).all():
        raise ModelFormatError("the parameters do not fit the widths, or are not finite")
    model.parameters[:] = theta
    model.feature_names, model.target_name = description["feature_names"], description["target_name"]
    model.classes, model.history = checked_classes(description["classes"], model.widths[-1]), description["history"]
    if description.get("encoding") is not None:
        model.encoding = TableEncoding.from_dict(description["encoding"])
    if "shift" in tensors:
        model.scaling = tensors["shift"], tensors["factor"]
    if description["optimizer"] is not None:
        settings = dict(description["optimizer"])
        name, t = settings.pop("name"), settings.pop("t")
        model.optimizer = optimizers.OPTIMIZERS[name](**settings)
        model.optimizer.t = checked_int("t", t, 0)
        model.optimizer.moments = tensors.get("moments")
        model.optimizer.prepare(model.parameters.size, model.dtype)


def checked_classes(classes: Any, outputs: int) -> list[Any] | None:
    """What 0, 1, … stand for: None, or as many values as there are classes."""
    if classes is not None and (not isinstance(classes, list) or len(classes) != max(2, outputs)):
        raise ModelFormatError(f"the classes {classes!r} do not fit the number of outputs")
    return classes


def given_activation(name: str, given: dict[str, Any]) -> Any:
    """An activation of a model file: the user's, or one of the library's by name."""
    if name in given:
        return given[name]
    if name not in activations.ACTIVATIONS:
        raise ModelFormatError(
            f"the model has an activation of its own, {name!r}; load it with activations={{{name!r}: (g, dg)}}"
        )
    return name
