"""Checks of what a checkpoint says of its fit: type and range of each field, and that all fit the model and rows."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from ..network.call import Tally
from ..optimizers import MOST_STEPS
from ..saving.checks import Tensors, all_in_blocks, need
from ..saving.description import Described
from .improvement import Improvement
from .progress import Progress, Snapshot

FIELDS: dict[str, tuple[type, ...]] = {
    "of": (str,), "arguments": (dict,), "first": (int,), "epoch": (int,), "tally": (dict,), "seconds": (float,),
    "waited": (int,), "exploded": (bool,), "ended": (bool,), "best": (dict, type(None)), "schedule": (list,),
}  # fmt: skip
TALLY: dict[str, tuple[type, ...]] = {
    "J": (float,), "weight": (float,), "objective": (float,), "objective_rows": (float,), "rows": (int,),
}  # fmt: skip
BEST: dict[str, tuple[type, ...]] = {"figure": (float,), "t": (int,)}
BEST_TENSORS = ("best.parameters", "best.moments")


class Extent(NamedTuple):
    """What the arguments of a fit determine of its course.

    Attributes
    ----------
    epochs : at most
    n_rows : of an epoch
    batch_rows : of a batch
    improvement : how epochs are compared, before the first one
    best : tensors of the state to go back to, of `BEST_TENSORS`; None: epochs are not compared
    """

    epochs: int
    n_rows: int
    batch_rows: int
    improvement: Improvement
    best: tuple[str, ...] | None


def checked_fields(name: str, values: Any, fields: dict[str, tuple[type, ...]]) -> dict[str, Any]:
    """Return values that have exactly these fields, each of one of its types; else raise ModelFormatError."""
    need(type(values) is dict and values.keys() == fields.keys(), f"{name} is {str(values)[:80]}")
    for field, kinds in fields.items():
        value = values[field]
        need(type(value) in kinds, f"{name}'s {field} is {str(value)[:80]}")
        need(type(value) is not float or bool(np.isfinite(value)), f"{name}'s {field} is {value}")
    return dict(values)


def checked_fit(data: Any) -> dict[str, Any]:
    """Return the `fit` of a description, with its fields and their types checked."""
    fit = checked_fields("the fit", data, FIELDS)
    checked_fields("the tally", fit["tally"], TALLY)
    if fit["best"] is not None:
        checked_fields("the best epoch", fit["best"], BEST)
    return fit


def checked_progress(fit: dict[str, Any], tensors: Tensors, found: Described, extent: Extent) -> Progress:
    """Return where a fit of this extent stands, from what `checked_fit` returns and a model that is checked."""
    optimizer = found.optimizer
    need(optimizer is not None and optimizer.moments is not None, "it has no optimizer with moments")
    assert optimizer is not None
    first, epoch, waited = fit["first"], fit["epoch"], fit["waited"]
    need(0 <= first < epoch <= first + extent.epochs + 1, f"its epoch is {epoch}, of {extent.epochs} after {first}")
    need(0 <= waited < epoch, f"it has waited for {waited} epochs")
    need(fit["seconds"] >= 0, f"its seconds are {fit['seconds']}")
    schedule = fit["schedule"]
    need([type(steps) for steps in schedule] == [int, int], f"its schedule is {str(schedule)[:80]}")
    need(0 <= schedule[0] <= optimizer.t and 0 <= schedule[1] <= MOST_STEPS, f"its schedule is {str(schedule)[:80]}")
    losses = [record.get("loss") for record in found.records() if record["epoch"] == first + 1]
    best = checked_best(fit["best"], tensors, found, extent)
    improvement = dataclasses.replace(extent.improvement, waited=waited, **best)
    return Progress(
        first, epoch, improvement, checked_tally(fit["tally"], extent), fit["seconds"], fit["exploded"], fit["ended"],
        losses[0] if losses else None,
    )  # fmt: skip


def checked_tally(values: dict[str, Any], extent: Extent) -> Tally:
    """Return the sums over the batches of the epoch under way, which must be whole batches."""
    tally, n = Tally(**values), extent.n_rows
    whole = tally.rows == n or (0 <= tally.rows < n and tally.rows % extent.batch_rows == 0)
    need(whole, f"its tally has {tally.rows} rows, of {n} in batches of {extent.batch_rows}")
    need(tally.weight >= 0, f"its tally has the weight {tally.weight}")
    need(0 <= tally.objective_rows <= tally.rows, f"its tally has {tally.objective_rows} rows with weight")
    need(tally.rows > 0 or not (tally.J or tally.weight or tally.objective), "its tally counts no rows")
    return tally


def checked_best(
    best: dict[str, Any] | None, tensors: Tensors, found: Described, extent: Extent
) -> dict[str, Any]:  # fmt: skip
    """Return what an `Improvement` has of the best epoch: its figure, and the state to go back to."""
    optimizer, theta = found.optimizer, found.parameters
    assert optimizer is not None
    assert optimizer.moments is not None
    need(best is None or extent.best is not None, "it has a best epoch, without early_stopping")
    names = extent.best or () if best is not None else ()
    surplus = [name for name in BEST_TENSORS if name in tensors and name not in names]
    need(not surplus, f"it has {surplus}, and no such best epoch")
    if best is None:
        return {"best": -np.inf, "kept": None}
    need(0 <= best["t"] <= optimizer.t, f"its best epoch has made {best['t']} steps, of {optimizer.t}")
    for name, like in zip(BEST_TENSORS, (theta, optimizer.moments), strict=True):
        if name in names:
            need(name in tensors, f"{name} is missing")
            same = tensors[name].shape == like.shape and tensors[name].dtype == like.dtype
            need(same, f"{name} are {tensors[name].shape} of {tensors[name].dtype}")
            need(all_in_blocks(lambda part: ~np.isnan(part), tensors[name]), f"{name} are not all numbers")
    if not names:
        return {"best": best["figure"], "kept": None}
    need(all_in_blocks(np.isfinite, tensors["best.parameters"]), "best.parameters are not finite")
    kept = Snapshot(tensors["best.parameters"], best["t"], tensors.get("best.moments"))
    return {"best": best["figure"], "kept": kept}
