"""Several nets over the numbers of one table in a file: what is the same for all of them stands there once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ModelFormatError
from ..feature_parts import FeaturePart, as_description, part_of
from ..features import Features
from . import model as one
from .checks import Tensors, is_list_of, need
from .description import Described, checked_fields
from .history import as_round, name_in_files
from .model import Contents

SHARED = ("loss", "loss_parameters", "out_activation")
OF_MEMBER = ("widths", "activations", "bias", "dtype", "seed", "dropout")
NOT_KEPT: dict[str, Any] = {"feature_names": None, "classes": None, "optimizer": None}
HISTORY = ("history.numbers", "history.kinds")
SCALING = ("target_shift", "target_factor")
MOST_CONSTANTS = 2**26  # edges, frequencies and values that all features together have, one by one


class Members(NamedTuple):
    """Nets as a file has them.

    Attributes
    ----------
    nets : all with the same loss, outputs and dtype
    weights : of each of them in their average, array (M)
    """

    nets: list[Described]
    weights: np.ndarray


def contents(models: Sequence[Any], weights: np.ndarray) -> Contents:
    """Return description and tensors of models with features, unchecked; weights: of each in their average."""
    parts: dict[FeaturePart, int] = {}
    description: dict[str, Any] = {"members": []}
    tensors = {"weights": np.asarray(weights, np.float64)}
    for k, model in enumerate(models):
        if model.features is None:
            raise ModelFormatError(f"member {k} has no features")
        fields, of_model = one.contents(model)
        places = [parts.setdefault(part, len(parts)) for part in model.features.parts]
        history = [name_in_files(name) for name in fields["history"]]
        description["members"].append({"parts": places, "history": history, **{key: fields[key] for key in OF_MEMBER}})
        description |= {key: fields[key] for key in SHARED}
        tensors |= {f"member.{k}.{name}": of_model[name] for name in ("parameters", *HISTORY) if name in of_model}
        tensors |= {name: of_model[name] for name in SCALING if name in of_model}
    return {**description, "parts": [as_description(part) for part in parts]}, tensors


def checked_members(description: dict[str, Any], tensors: Tensors, n_columns: int) -> Members:
    """Check every net of a file whose tables have this number of columns; a damaged one can raise any error."""
    members, weights = description["members"], tensors["weights"]
    need(is_list_of(dict, members) and len(members) >= 1, "the members are no list of nets")
    fits = weights.shape == (len(members),) and weights.dtype == np.float64
    need(fits, f"there are weights {weights.shape}, but {len(members)} members")
    need(bool(np.isfinite(weights).all() and (weights >= 0).all()), "a weight is not finite, or below 0")
    parts = checked_parts(description["parts"])
    check_constants(members, parts)
    common = NOT_KEPT | {key: description[key] for key in SHARED}
    of_all = {name: tensors[name] for name in SCALING if name in tensors}
    nets = []
    for k, member in enumerate(members):
        features = Features(n_columns, tuple(parts[at] for at in member["parts"]))
        fields = {**common, **{key: member[key] for key in OF_MEMBER}, "features": features}
        fields["history"] = member.get("history", [])  # the first files of version 6, and all before, have none
        own = {name: tensors[f"member.{k}.{name}"] for name in HISTORY if f"member.{k}.{name}" in tensors}
        nets.append(checked_fields(fields, {**of_all, **own, "parameters": tensors[f"member.{k}.parameters"]}))
        same = nets[k].widths[-1] == nets[0].widths[-1] and nets[k].dtype == nets[0].dtype
        need(same, f"member {k} has {nets[k].widths[-1]} outputs of {nets[k].dtype}, unlike the first")
        known = all(own is False for _, own in nets[k].activations)
        need(known, f"member {k} has the activations {str(member['activations'])[:80]}")
    return Members(nets, weights)


def checked_parts(data: Any) -> list[FeaturePart]:
    """Return all parts that features of nets may have."""
    need(is_list_of(dict, data), "the parts are no list of descriptions")
    parts = []
    for one_of in data:
        part = part_of(one_of)
        need(as_description(part) == one_of, f"a part is {str(one_of)[:80]}")
        parts.append(part)
    return parts


def check_constants(members: list[dict[str, Any]], parts: list[FeaturePart]) -> None:
    """Refuse places that are none, and parts that so many members share that their nets would take too much memory."""
    n = 0
    for k, member in enumerate(members):
        places = member["parts"]
        need(
            is_list_of(int, places) and all(0 <= at < len(parts) for at in places), f"the parts of member {k} are none"
        )
        n += sum(parts[at].size for at in places)
    need(n <= MOST_CONSTANTS, f"the features of its members have {n:,} numbers")


def restored(kind: type, path: Any, members: Members, n_threads: int | None) -> list[Any]:
    """Return models of class `kind`."""
    models = []
    for net in members.nets:
        model = one.restored(kind, path, net, [name for name, _ in net.activations], n_threads)
        model.history = [as_round(record) for record in model.history]
        models.append(model)
    return models
