"""Check what a file says of a net: shape, parameters, loss, activations."""

from typing import Any

import numpy as np

from ..activations import ACTIVATIONS
from ..losses import NAMES, Loss, loss_of
from ..network.plan import Plan
from .checks import all_in_blocks, is_list_of, need

MOST_VALUES = 100  # at which a file has an own activation


def checked_widths(widths: Any) -> list[int]:
    """Return the widths p[0], …, p[L]."""
    need(is_list_of(int, widths) and len(widths) >= 2 and min(widths) >= 1, f"widths are {str(widths)[:80]}")
    return list(widths)


def checked_theta(theta: np.ndarray, widths: list[int], bias: bool, dtype: np.dtype) -> np.ndarray:
    """Return θ, whose size must be that of the widths: a net is built only if the file has all its parameters."""
    size = Plan(tuple(widths), (), bias, dtype).n_parameters
    need(theta.shape == (size,), f"there are parameters {theta.shape}, but widths {str(widths)[:80]} need ({size},)")
    need(theta.dtype == dtype, f"the parameters are of dtype {theta.dtype}, not {dtype}")
    need(all_in_blocks(np.isfinite, theta), "the parameters are not finite")
    return theta


def checked_loss(description: dict[str, Any], outputs: int) -> Loss:
    """Return what the net is trained for; before version 4 that is log loss, and the first files have no activation."""
    name, parameters = description.get("loss", "log_loss"), description.get("loss_parameters", [])
    need(type(name) is str and name in NAMES, f"the loss is {str(name)[:80]}, not one of {', '.join(NAMES)}")
    need(is_list_of(float, parameters) and len(parameters) <= outputs, f"loss_parameters are {str(parameters)[:80]}")
    out = description.get("out_activation")
    need(out is None or type(out) is str, f"out_activation is {str(out)[:80]}")
    arguments = {"quantile": parameters} if name == "quantile" else {"delta": parameters[0]} if parameters else {}
    loss = loss_of(name, outputs, out if name == "log_loss" else None, **arguments)
    need(list(loss.parameters) == parameters, f"loss {name!r} does not have the loss_parameters {str(parameters)[:80]}")
    need(out is None or out == loss.link, f"out_activation is {str(out)[:80]}, with loss {name!r}")
    return loss


def checked_dropout(values: Any, n_hidden: int) -> list[float]:
    """Return the fraction of units that each hidden layer leaves out in training."""
    fits = is_list_of(float, values) and len(values) == n_hidden and all(0 <= p < 1 for p in values)
    need(fits, f"dropout is {str(values)[:80]}, with {n_hidden} hidden layers")
    return list(values)


def checked_activations(values: Any, n_hidden: int) -> list[tuple[str, bool | None]]:
    """Return (name, whether it is the user's own) of each hidden layer; None before version 3, where it is unknown."""
    fits = type(values) is list and len(values) == n_hidden
    need(fits, f"activations are {str(values)[:80]}, with {n_hidden} hidden layers")
    found: list[tuple[str, bool | None]] = []
    for value in values:
        own = type(value) is dict and list(value) == ["own"]
        name = value["own"] if own else value
        need(type(name) is str, f"an activation is {str(value)[:80]}")
        found.append((name, True if own else False if name in ACTIVATIONS else None))
    return found


def checked_activation_values(data: Any) -> dict[str, dict[str, list[Any]]]:
    """Return the values of own activations by name; older files have none."""
    fits = type(data) is dict and all(type(one) is dict and sorted(one) == ["dg", "g", "z"] for one in data.values())
    need(fits, f"the activation_values are {str(data)[:80]}")
    for name, one in data.items():
        n = len(one["z"]) if is_list_of(float, one["z"]) else MOST_VALUES + 1
        need(n <= MOST_VALUES, f"the activation_values of {name[:80]!r} are at {str(one['z'])[:80]}")
        for f in ("g", "dg"):
            fits = type(one[f]) is list and len(one[f]) == n and all(v is None or type(v) is float for v in one[f])
            need(fits, f"the activation_values of {name[:80]!r} are {str(one[f])[:80]}")
    return dict(data)
