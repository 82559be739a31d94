"""Save a `Model` to a file, and load it from there."""

import os
from typing import Any

import numpy as np

from ..arguments import MIXED, dtype_name
from ..exceptions import ModelFormatError
from ..own_activations import Own
from . import container
from .description import Described, checked
from .history import as_arrays
from .parameters import plain

# Own activations are recognised by their values at these z, which float32 holds exactly.
VALUES_AT = [-30.0, -6.5, -2.75, -1.125, -0.375, -0.0625, 0.0, 0.1875, 0.625, 1.75, 4.5, 21.0]
VALUE_TOLERANCE = {"float32": 1e-4, MIXED: 1e-4, "float64": 1e-8}  # between machines, relative to values beyond 1
TABULAR = ("TabularClassifier", "TabularRegressor")  # what a file can hold beside a `Model`
Contents = tuple[dict[str, Any], dict[str, np.ndarray]]


def save(model: Any, path: str | os.PathLike) -> None:
    """Replace a file in one step; raise ValueError, before anything is written, for what `load` would refuse."""
    container.write(path, *described(model))


def described(model: Any) -> Contents:
    """Return description and tensors of a model for `container.write`; raise ValueError if no file can hold it."""
    try:
        description, tensors = contents(model)
        checked(description, tensors)
    except ModelFormatError as error:
        raise ValueError(f"the model cannot be saved: {error}") from None
    return description, tensors


def contents(model: Any) -> Contents:
    """Return description and tensors of a model, unchecked."""
    tensors, optimizer, plan = {"parameters": model.parameters}, model.optimizer, model.network.plan
    figures, numbers, kinds = as_arrays(model.history)
    if figures:
        tensors["history.numbers"], tensors["history.kinds"] = numbers, kinds
    description: dict[str, Any] = {
        "widths": list(model.widths), "bias": model.bias, "seed": model.seed,
        "dtype": dtype_name(model.dtype, model.mixed),
        "out_activation": plan.loss.link, "loss": plan.loss.name, "loss_parameters": list(plan.loss.parameters),
        "dropout": list(plan.dropout),
        "activations": [{"own": one.name} if one.own else one.name for one in plan.activations],
        "feature_names": plain(model.feature_names), "target_name": plain(model.target_name),
        "classes": plain(model.classes),
        "encoding": None if model.encoding is None else model.encoding.to_dict(),
        "features": None if plan.features is None else plan.features.to_dict(),
        "history": figures, "optimizer": None,
    }  # fmt: skip
    values = {name: {"z": VALUES_AT, **own.values(VALUES_AT)} for name, own in own_by_name(model).items()}
    if values:
        description["activation_values"] = values
    if model.scaling is not None:
        tensors["shift"], tensors["factor"] = model.scaling
    if model.target_scaling is not None:
        tensors["target_shift"], tensors["target_factor"] = model.target_scaling
    if optimizer is not None:
        settings = {name: plain(value) for name, value in optimizer.settings().items()}
        description["optimizer"] = {"name": optimizer.name, "t": optimizer.t, **settings}
        if optimizer.moments is not None:
            tensors["moments"] = optimizer.moments
    return description, tensors


def own_by_name(model: Any) -> dict[str, Own]:
    """Return the activations that are the user's own functions, by name."""
    found: dict[str, Own] = {}
    for one in model.network.plan.activations:
        if one.own and found.setdefault(one.name, one.own) != one.own:
            raise ModelFormatError(f"two different activations have the name {one.name!r}; rename one of the functions")
    return found


def load(kind: type, path: str | os.PathLike, given: dict[str, Any], n_threads: int | None) -> Any:
    """Return a model of class `kind` from a file; `given` has the user's own activations by name."""
    description, tensors = container.read(path)
    check_kind(path, description)
    try:
        found = checked(description, tensors)
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model, or damaged: {error}") from None
    activations = [given_activation(path, name, own, given) for name, own in found.activations]
    return restored(kind, path, found, activations, n_threads)


def check_kind(path: str | os.PathLike, description: dict[str, Any], kind: str = "Model") -> None:
    """Raise ModelFormatError that says how to load a file, unless it holds an object of the class of this name."""
    held = kind_of(path, description)
    if held != kind:
        raise ModelFormatError(f"{os.fspath(path)}: holds a {held}; load it by fastmlp.{held}.load")


def kind_of(path: str | os.PathLike, description: dict[str, Any]) -> str:
    """Return the name of the class of what a file holds; raise ModelFormatError for several nets in training."""
    names = [part.get("of") if type(part) is dict else None for part in map(description.get, ("tabular", "fit"))]
    if "tabular" not in description and names[1] in TABULAR:
        raise ModelFormatError(
            f"{os.fspath(path)}: holds a fit of a {names[1]}, and no model; go on with it by fit(…, checkpoint=, "
            "resume=True), and save what it gives"
        )
    return names[0] if names[0] in TABULAR else "Model"


def restored(
    kind: type, path: str | os.PathLike, found: Described, activations: list[Any], n_threads: int | None
) -> Any:
    """Build the model that a file describes."""
    made_from = found.widths, activations, found.bias, found.dtype, found.seed, n_threads
    others = {"dropout": found.dropout, "features": found.features}
    model = kind(*made_from, **found.loss.arguments(), **others)
    take_over(model, path, found)
    return model


def take_over(model: Any, path: str | os.PathLike, found: Described) -> None:
    """Set all else that a file holds beside the shape: parameters, optimizer, history and the like."""
    check_activations(model, path, found)
    model.parameters[:] = found.parameters
    model.scaling, model.encoding, model.optimizer = found.scaling, found.encoding, found.optimizer
    model.target_scaling = found.target_scaling
    model.feature_names, model.target_name, model.classes = found.feature_names, found.target_name, found.classes
    model.history = found.records()


def check_activations(model: Any, path: str | os.PathLike, found: Described) -> None:
    """Raise ValueError where an own activation is another function than in the file, though it has the same name."""
    tolerance = VALUE_TOLERANCE[found.dtype]
    for (name, own), one in zip(found.activations, model.network.plan.activations, strict=True):
        if own is not None and own != (one.own is not None):
            whose = "a function of the user's own" if own else "the library's"
            raise ValueError(f"{os.fspath(path)}: activation {name!r} is {whose} in the saved model; give the same")
        kept = found.activation_values.get(name)
        if one.own is None or kept is None:
            continue
        given = one.own.values(kept["z"])
        for f in ("g", "dg"):
            ours, theirs = (np.array(values[f], np.float64) for values in (given, kept))
            differ = ~np.isclose(ours, theirs, tolerance, tolerance, equal_nan=True)
            if differ.any():
                at = int(differ.argmax())
                raise ValueError(
                    f"{os.fspath(path)}: activation {name!r} is another function than when the model was saved: "
                    f"{f}({kept['z'][at]}) is {ours[at]}, and was {theirs[at]}; give the function of that time"
                )


def given_activation(path: str | os.PathLike, name: str, own: bool | None, given: dict[str, Any]) -> Any:
    """Return an activation for `Model`: the user's functions, or the name of one of the library's."""
    if own is False:
        return name
    if name not in given:
        raise ModelFormatError(
            f"{os.fspath(path)}: the model has an activation of the user's own, {name!r}; "
            f"load it with activations={{{name!r}: (g, dg)}}"
        )
    if isinstance(given[name], str):
        raise TypeError(f"activations={{{name!r}: {given[name]!r}}}: give the functions (g, dg)")
    return given[name]
