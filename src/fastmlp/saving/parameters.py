"""Parameters of an estimator, and settings that are plain data, as JSON has them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from inspect import signature
from typing import Any

import numpy as np

from .checks import is_list_of, need

NOT_KEPT = ("n_threads",)  # a matter of the machine
SIMPLE = (bool, int, float, str, type(None))


def parameters_of(estimator: Any) -> dict[str, Any]:
    """Return the parameters that a file can hold: numbers, text, lists and dicts of them, and no random states."""
    found = {name: as_json(value) for name, value in estimator.get_params(deep=False).items() if name not in NOT_KEPT}
    return {name: value for name, value in found.items() if holds(value)}


def as_json(value: Any) -> Any:
    """Return a parameter as a file has it; a dict becomes a list of pairs, as its keys may be numbers."""
    if isinstance(value, Mapping):
        return {"pairs": [[plain(key), plain(one)] for key, one in value.items()]}
    return plain(value)


def holds(value: Any) -> bool:
    """Return whether a file can hold a value that `as_json` returned."""
    if type(value) is dict:
        return all(is_simple(one) for pair in value["pairs"] for one in pair)
    return is_simple(value) or (type(value) is list and all(map(is_simple, value)))


def is_simple(value: Any) -> bool:
    """Return whether a value is a finite number, text, a truth value or None."""
    return type(value) in SIMPLE and (type(value) is not float or math.isfinite(value))


def checked_parameters(data: Any, kind: Any) -> dict[str, Any]:
    """Return arguments for the constructor of an estimator's class, with the types that a file can hold."""
    need(type(data) is dict, f"the parameters are {str(data)[:80]}")
    unknown = data.keys() - set(kind._get_param_names()) | data.keys() & set(NOT_KEPT)
    need(not unknown, f"there are parameters that {kind.__name__} does not have: {sorted(unknown)[:3]}")
    found = {name: checked_value(name, value) for name, value in data.items()}
    tuples = {name for name, each in signature(kind).parameters.items() if type(each.default) is tuple}
    return {name: tuple(value) if type(value) is list and name in tuples else value for name, value in found.items()}


def checked_value(name: str, value: Any) -> Any:
    """Return the value of a parameter, with pairs as a dict."""
    if type(value) is not dict:
        need(holds(value), f"the parameter {name} is {str(value)[:80]}")
        return value
    pairs: Any = value.get("pairs")
    fits = len(value) == 1 and is_list_of(list, pairs) and all(len(pair) == 2 for pair in pairs)
    need(fits and holds(value), f"the parameter {name} is {str(value)[:80]}")
    return dict(pairs)


def plain(value: Any) -> Any:
    """Convert NumPy's scalars and arrays, and sequences of them, to what JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def settings_as_dict(settings: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON has them."""
    return {name: plain(value) for name, value in asdict(settings).items()}


def checked_settings(data: Any, kind: Any) -> Any:
    """Return an object of a dataclass all of whose fields have a default; fields that it does not have are left out."""
    need(type(data) is dict, f"the {kind.__name__} is {str(data)[:80]}")
    known: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in data:
            value, default = data[field.name], field.default
            wrong = f"{field.name} of the {kind.__name__} is {str(value)[:80]}"
            need(holds(value) and type(value) is not dict, wrong)
            number = type(default) in (int, float)
            kinds = (int, float) if number else (list if type(default) is tuple else type(default),)
            need(type(value) in kinds, wrong)
            known[field.name] = tuple(value) if type(value) is list else value
    return kind(**known)
