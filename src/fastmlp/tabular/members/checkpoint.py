"""Checkpoints of tabular fits: one file with the members that have ended, and where the training of others stands."""

import hashlib
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from ...exceptions import ModelFormatError
from ...model import Model
from ...optimizers import Optimizer
from ...saving import container
from ...saving.checks import need, of_type, translated
from ...saving.history import as_epoch, as_round
from ...saving.model import Contents
from ...saving.parameters import plain
from ...sklearn.checkpoint import shown
from ...training.checkpoint import Checkpoint, CheckpointFile, check_same
from ...training.checkpoint_state import Extent
from ...training.fit import fingerprint, listed
from ...training.improvement import Improvement
from ...training.loop import Part
from ...training.progress import Progress
from .rules import Course, MemberRules

BEST = ("best.parameters",)
NOT_COMPARED = {"n_threads", "verbose"}


class HasPart(Protocol):
    """Rows of a fit."""

    def part(self) -> Part:
        """Return all of them."""
        ...


class MemberAsModel:
    """What a model file holds of a member's net, without its features, which a fit makes again."""

    def __init__(self, model: Model, optimizer: Optimizer) -> None:
        self.network, self.parameters, self.optimizer = model.network, model.parameters, optimizer
        self.widths, self.bias, self.dtype, self.seed = model.widths, model.bias, model.dtype, model.seed
        self.mixed = model.mixed
        self.out_activation, self.target_scaling = model.out_activation, model.target_scaling
        self.feature_names = self.target_name = self.classes = self.encoding = self.scaling = None
        self.history: list[dict[str, Any]] = []


class MemberCheckpoint(Checkpoint):
    """Where the training of one member stands, in memory; `FitCheckpoint` writes that of all into one file.

    Parameters
    ----------
    file : where, and how often
    member, optimizer, course : what is trained, and how
    take : called with what is to be written
    kept : of a training to go on with, or None
    """

    of = "member"

    def __init__(
        self, file: CheckpointFile, member: Model, optimizer: Optimizer, course: Course,
        take: Callable[[Contents], None], kept: Contents | None,
    ) -> None:  # fmt: skip
        self.member, self.course, self.take, self.kept = member, course, take, kept
        extent = Extent(course.rounds, course.n, course.batch_rows, Improvement(0.0, math.inf), BEST)
        same = arguments(member, optimizer, course)
        super().__init__(file, MemberAsModel(member, optimizer), optimizer, same, extent)

    def keep(self, rules: MemberRules) -> Callable[[Progress, bool], None]:
        """Return what keeps the state after a step, where the rules say how it goes on."""

        def keep(progress: Progress, always: bool) -> None:
            stopped = rules.stop.is_set()
            whole = rules.ended or progress.done >= self.course.rounds
            if whole if progress.ended else not rules.ended:  # neither an end that others want, nor one by divergence
                self(progress, always or stopped)
            rules.keep(progress, always)

        return keep

    def write(self, progress: Progress) -> None:
        """Hand over a copy of the state."""
        self.model.history = [as_epoch(record) for record in self.member.history]
        description, tensors = self.contents(progress)
        description.pop("features")
        self.take((description, {name: np.array(tensor) for name, tensor in tensors.items()}))

    def resumed(self) -> Progress | None:
        """Make net and optimizer those of the file, and return where their training stands; None: it begins."""
        if self.kept is None:
            return None
        (description, tensors), self.kept = self.kept, None
        rows = self.course.size(description["fit"]["epoch"] - 1)
        self.extent = self.extent._replace(n_rows=rows)
        progress = self.take_over(description, tensors)
        self.member.history[:] = [as_round(record) for record in self.model.history]
        return progress


class FitCheckpoint:
    """The file of one fit.

    Parameters
    ----------
    file : where, and how often
    of : the class of what is fitted
    """

    def __init__(self, file: CheckpointFile, of: str) -> None:
        self.file, self.of, self.lock = file, of, threading.Lock()
        self.members: dict[int, Contents] = {}
        self.n_members = self.written = 0
        self.arguments: dict[str, Any] = {}
        self.known: dict[str, Any] | None = None  # arguments of the fit in the file
        self.new, self.last = False, time.monotonic()
        contents = file.contents(of)
        if contents is not None:
            try:
                with translated():
                    self.known, self.members = taken_apart(*contents)
            except ModelFormatError as error:
                raise ModelFormatError(f"checkpoint={file.path!r}: damaged ({error})") from None

    def seed(self, drawn: int) -> int:
        """Return the seed of the fit in the file, or the one that is drawn."""
        known = (self.known or {}).get("seed")
        return known if type(known) is int and known >= 0 else drawn

    def begin(self, n_members: int, same: dict[str, Any]) -> None:
        """Compare arguments, as JSON can hold them, with those of the fit in the file; raise ValueError for others."""
        self.n_members, self.arguments = n_members, json.loads(json.dumps(same))
        if self.known is not None:
            check_same(self.file.path, self.arguments, self.known)
            self.members = {k: kept for k, kept in self.members.items() if k < n_members}
        self.written = self.ended

    def of_member(self, k: int, model: Model, optimizer: Optimizer, course: Course) -> "MemberCheckpoint":
        """Return what keeps the training of member k."""

        def take(contents: Contents) -> None:
            with self.lock:
                self.members[k], self.new = contents, True

        return MemberCheckpoint(self.file, model, optimizer, course, take, self.members.get(k))

    @property
    def ended(self) -> int:
        """The number of members that have ended."""
        return sum(description["fit"]["ended"] is True for description, _ in self.members.values())

    def look(self, always: bool = False) -> None:
        """Write the file if anything is new, and it is time, or a member has ended, or always."""
        with self.lock:
            ended, members = self.ended, dict(self.members)
            due = always or ended > self.written or time.monotonic() - self.last >= self.file.every
            if not (self.new and due):
                return
            self.new, self.written = False, ended
        description: dict[str, Any] = {
            "members": {str(k): of_member for k, (of_member, _) in members.items()},
            "fit": {
                "of": self.of, "arguments": self.arguments, "ended": ended == self.n_members,
                "epoch": sum(of_member["fit"]["epoch"] - 1 for of_member, _ in members.values()),
            },
        }  # fmt: skip
        tensors = {f"member.{k}.{name}": array for k, (_, arrays) in members.items() for name, array in arrays.items()}
        container.write(self.file.path, description, tensors)
        self.last = time.monotonic()


def taken_apart(
    description: dict[str, Any], tensors: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[int, Contents]]:
    """Return the arguments of a fit, and description and tensors of each of its members; a damaged one may raise."""
    arguments = of_type("arguments", description["fit"]["arguments"], dict)
    members: dict[int, Contents] = {}
    for k, of_member in of_type("members", description["members"], dict).items():
        need(k.isdecimal(), f"a member has the number {k[:80]!r}")
        of_type("the fit of a member", of_type("a member", of_member, dict)["fit"], dict)
        of_type("ended", of_member["fit"]["ended"], bool)
        of_type("epoch", of_member["fit"]["epoch"], int)
        begin = f"member.{k}."
        members[int(k)] = (
            of_member,
            {name.removeprefix(begin): array for name, array in tensors.items() if name.startswith(begin)},
        )
    return arguments, members


def arguments_of(estimator: Any, data: HasPart, held: HasPart | None, seed: int) -> dict[str, Any]:
    """Return all that decides how a fit of an estimator goes on; data, held: rows to train and to validate on."""
    given = estimator.get_params(deep=False)
    params = {name: shown(value) for name, value in given.items() if name not in NOT_COMPARED}
    encoding = json.dumps(estimator.reading_.encoding.to_dict())
    return {
        **params, **{f"recipe.{name}": plain(value) for name, value in asdict(estimator.recipe_).items()},
        "columns": hashlib.sha256(encoding.encode()).hexdigest(), "target_scaling": listed(estimator._scaling()),
        "classes": repr(plain(getattr(estimator, "classes_", None))), "training rows": fingerprint(data.part()),
        "validation rows": None if held is None else fingerprint(held.part()), "seed": seed,
    }  # fmt: skip


def arguments(model: Model, optimizer: Optimizer, course: Course) -> dict[str, Any]:
    """Return all that decides how the training of a net goes on, as JSON can hold it."""
    features = json.dumps(None if model.features is None else model.features.to_dict())
    return {
        "widths": list(model.widths), "activation": model.activation_names, "bias": model.bias,
        "dtype": str(model.dtype), "seed": model.seed, **model.network.plan.loss.arguments(),
        "dropout": list(model.dropout), "optimizer": {"name": optimizer.name, **optimizer.settings()},
        "features": hashlib.sha256(features.encode()).hexdigest(),
        "rounds": course.rounds, "batch_rows": course.batch_rows, "training rows": course.n,
    }  # fmt: skip
