"""Check what a model file says of a model; nothing is built from it before all of it fits together."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import MIXED, checked_dtype
from ..features import Features
from ..losses import Loss
from ..optimizers import MOST_STEPS, OPTIMIZERS, Optimizer
from ..tables.encoding import TableEncoding
from . import history as histories
from .checks import Tensors, all_in_blocks, is_list_of, need, of_type, translated
from .net import (
    checked_activation_values,
    checked_activations,
    checked_dropout,
    checked_loss,
    checked_theta,
    checked_widths,
)

KNOWN_DTYPES = ("float32", "float64", MIXED)


@dataclass(frozen=True)
class Described:
    """A model as a file has it.

    Attributes
    ----------
    dtype : the argument of `Model`, "mixed_bfloat16" for example
    activations : (name, whether it is the user's own function) of each hidden layer; None: the file does not tell
    history : the arguments of `history.from_arrays`, or a list of records
    activation_values : by the names of own activations, values z, and g and g' there (None: not finite)
    """

    widths: list[int]
    activations: list[tuple[str, bool | None]]
    bias: bool
    dtype: str
    seed: int
    loss: Loss
    dropout: list[float]
    parameters: np.ndarray
    feature_names: list[str] | None
    target_name: str | None
    classes: list[Any] | None
    scaling: tuple[np.ndarray, np.ndarray] | None
    target_scaling: tuple[np.ndarray, np.ndarray] | None
    optimizer: Optimizer | None
    history: tuple[Any, ...]
    encoding: TableEncoding | None
    features: Features | None
    activation_values: dict[str, dict[str, list[Any]]]

    def records(self) -> list[dict[str, Any]]:
        """Return the history, a dict for each epoch."""
        return histories.from_arrays(*self.history) if len(self.history) == 3 else list(self.history[0])


def checked(description: dict[str, Any], tensors: Tensors) -> Described:
    """Check type and range of every field, and that the fields fit each other; else raise ModelFormatError.

    Keys and tensors that a model does not have, such as a checkpoint's, are left to those who wrote them.
    """
    with translated():
        return checked_fields(description, tensors)


def checked_fields(description: dict[str, Any], tensors: Tensors) -> Described:
    """Check every field; a damaged one can raise any error, which the caller translates."""
    widths, bias = checked_widths(description["widths"]), of_type("bias", description["bias"], bool)
    dtype, seed = of_type("dtype", description["dtype"], str), of_type("seed", description["seed"], int)
    need(dtype in KNOWN_DTYPES, f"dtype is {dtype[:80]!r}, not one of {', '.join(KNOWN_DTYPES)}")
    of_theta, mixed = checked_dtype(dtype)
    need(seed >= 0, "the seed is negative")
    theta = checked_theta(tensors["parameters"], widths, bias, of_theta)
    loss = checked_loss(description, widths[-1])
    features = checked_features(description.get("features"), widths, of_theta)
    if mixed and features is not None:
        features.check_mixed()
    n_columns = widths[0] if features is None else features.n_columns
    names = description["feature_names"]
    need(names is None or is_list_of(str, names), "feature_names are not a list of strings")
    target_name = description.get("target_name")
    need(target_name is None or type(target_name) is str, "target_name is not a string")
    return Described(
        widths, checked_activations(description["activations"], len(widths) - 2), bias, dtype, seed, loss,
        checked_dropout(description.get("dropout", [0.0] * (len(widths) - 2)), len(widths) - 2),
        theta, names, target_name, checked_classes(description["classes"], loss, widths[-1]),
        checked_input_scaling(tensors, features, n_columns),
        checked_target_scaling(tensors, loss, widths[-1]), checked_optimizer(description["optimizer"], tensors, theta),
        checked_history(description["history"], tensors), checked_encoding(description.get("encoding"), n_columns),
        features, checked_activation_values(description.get("activation_values", {})),
    )  # fmt: skip


def checked_classes(classes: Any, loss: Loss, outputs: int) -> list[Any] | None:
    """Return what 0, 1, … stand for: values of one type, as many as classes, or None."""
    if classes is None:
        return None
    number = outputs if loss.exclusive else 2
    need(not loss.numeric, f"the net predicts numbers, but there are the classes {str(classes)[:80]}")
    one_type = any(is_list_of(kind, classes) for kind in (str, bool, int, float))
    need(one_type and len(classes) == number, f"the classes {str(classes)[:80]} are not {number} values of one type")
    need(all(type(c) is not float or math.isfinite(c) for c in classes), "a class is not finite")
    need(len(set(classes)) == number, f"the classes {str(classes)[:80]} are not all different")
    return list(classes)


def checked_encoding(data: Any, n_features: int) -> TableEncoding | None:
    """Return how the columns of a table become numbers, or None."""
    if data is None:
        return None
    columns = data.get("columns") if type(data) is dict else None
    need(is_list_of(dict, columns), f"the encoding is {str(data)[:80]}")
    n = sum(least_width(column) for column in data["columns"])
    need(n <= n_features, f"the encoding has {n} numbers and categories, but the net reads {n_features}")
    encoding = TableEncoding.from_dict(data)
    n = encoding.n_features_out
    need(n == n_features, f"the encoding gives {n} numbers a row, but the net reads {n_features}")
    return encoding


def least_width(column: dict[str, Any]) -> int:
    """Return the least number of outputs that a column's description may have."""
    one_hot = column.get("kind") == "categories" and type(column.get("categories")) is list
    return len(column["categories"]) if one_hot else 1


def checked_features(data: Any, widths: list[int], dtype: np.dtype) -> Features | None:
    """Return what makes the inputs of a net of the numbers of a row, or None, as before version 5.

    data : its description, or what a description of several nets has already been read to
    """
    if data is None:
        return None
    features = data if isinstance(data, Features) else Features.from_dict(data)
    n = features.n_inputs
    need(n == widths[0], f"the features give {n} inputs, but the net has {widths[0]}")
    features.check_dtype(dtype)
    return features


def checked_input_scaling(tensors: Tensors, features: Features | None, n: int) -> Any:
    """Return (shift, factor) of the n columns of X, or None."""
    pair = checked_scaling(tensors, ("shift", "factor"), n)
    need(pair is None or features is None, "there is a scaling beside features")
    return pair


def checked_scaling(tensors: Tensors, names: tuple[str, str], n: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (shift, factor) of n columns by the names of their tensors, or None."""
    if not any(name in tensors for name in names):
        return None
    pair = tensors[names[0]], tensors[names[1]]
    for name, part in zip(names, pair, strict=True):
        need(part.shape == (n,) and part.dtype == np.float64, f"{name} does not fit {n} columns")
        need(all_in_blocks(np.isfinite, part), f"{name} is not finite")
    return pair


def checked_target_scaling(tensors: Tensors, loss: Loss, outputs: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (shift, factor) of the targets, or None."""
    pair = checked_scaling(tensors, ("target_shift", "target_factor"), loss.targets(outputs))
    need(pair is None or loss.link == "identity", f"targets of loss {loss.name!r} are not scaled, but have a scaling")
    need(pair is None or bool((pair[1] > 0).all()), "a target_factor is not above 0")
    return pair


def checked_optimizer(data: Any, tensors: Tensors, theta: np.ndarray) -> Optimizer | None:
    """Return the optimizer with its steps and moments, or None."""
    moments = tensors.get("moments")
    if data is None:
        need(moments is None, "there are moments, but no optimizer")
        return None
    need(type(data) is dict, f"the optimizer is {str(data)[:80]}")
    settings = dict(data)
    name, t = settings.pop("name"), settings.pop("t")
    need(type(name) is str and name in OPTIMIZERS, f"the optimizer is {str(name)[:80]!r}, not {', '.join(OPTIMIZERS)}")
    need(type(t) is int and 0 <= t <= MOST_STEPS, f"the optimizer has made {str(t)[:80]} steps")
    for key, value in settings.items():
        need(key == "schedule" or type(value) in (int, float), f"the optimizer's {key} is {str(value)[:80]}")
    optimizer = OPTIMIZERS[name](**settings)
    if moments is not None:
        need(all_in_blocks(lambda part: ~np.isnan(part), moments.reshape(-1)), "the moments are not all numbers")
        optimizer.moments = moments
        optimizer.prepare(theta.size, theta.dtype)
    optimizer.t = t
    return optimizer


def checked_history(data: Any, tensors: Tensors) -> tuple[Any, ...]:
    """Return the names of the figures with two tensors, or, as before version 3, a list of records."""
    numbers, kinds = tensors.get("history.numbers"), tensors.get("history.kinds")
    if is_list_of(dict, data) and numbers is None and kinds is None:
        histories.check_records(data)
        return (data,)
    histories.check_arrays(data, numbers, kinds)
    return data, numbers, kinds
