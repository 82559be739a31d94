"""A fit on disk: a model file, and beside the model all that the fit goes on from."""

import contextlib
import json
import os
import time
from typing import Any, NamedTuple

import numpy as np

from ..arguments import checked_float
from ..exceptions import ModelFormatError
from ..optimizers import Optimizer
from ..saving import container
from ..saving.checks import need
from ..saving.description import Described, checked
from ..saving.model import Contents, described, take_over
from .checkpoint_state import TALLY, Extent, checked_fit, checked_progress
from .progress import Progress


class CheckpointFile(NamedTuple):
    """Where a fit is kept.

    Attributes
    ----------
    path : the file; `Model.load` reads it, too
    every : seconds from one write to the next, at least
    resume : whether to go on with the fit in the file
    """

    path: str
    every: float
    resume: bool

    @classmethod
    def checked(cls, path: str | os.PathLike | None, every: float, resume: bool) -> "CheckpointFile | None":
        """Return the arguments `checkpoint`, `checkpoint_every` and `resume` of a fit, or None without a checkpoint."""
        if path is None:
            if resume:
                raise ValueError("resume=True needs checkpoint=, the file to go on with")
            return None
        return cls(os.fspath(path), checked_float("checkpoint_every", every, 0), bool(resume))

    def contents(self, of: str) -> Contents | None:
        """Return what the file holds of a fit to go on with, or None where a fit is to begin.

        Parameters
        ----------
        of : the class of what is fitted

        Raises
        ------
        FileExistsError : the file holds a fit that has not ended, and a new one is to begin
        ValueError : the file holds a model without a fit, or a fit of another class
        ModelFormatError : the file is damaged
        """
        if self.resume:
            if not os.path.exists(self.path):
                return None
            description, tensors = container.read(self.path)
            fit = description.get("fit")
            if fit is None:
                raise ValueError(f"checkpoint={self.path!r}: holds a model, and no fit to go on with")
            if type(fit) is dict and fit.get("of") != of:
                raise ValueError(f"resume: the fit in {self.path!r} is of {str(fit.get('of'))[:80]}, not of {of}")
            return description, tensors
        with contextlib.suppress(FileNotFoundError, ModelFormatError):
            fit = container.read(self.path)[0].get("fit")
            known = fit if type(fit) is dict else {}
            if fit is not None and known.get("ended") is not True:
                raise FileExistsError(
                    f"checkpoint={self.path!r}: holds a fit that has come to epoch {str(known.get('epoch'))[:80]} and "
                    "not to its end; go on with it by resume=True (--resume), or delete the file"
                )
        return None


class Checkpoint:
    """Writes a fit to a file every so often, and resumes the fit in it.

    Parameters
    ----------
    file : where, and how often
    model : what is fitted, or what has the attributes of a `Model` that a file keeps
    optimizer : that trains it
    arguments : of the fit, which must be the same when it goes on, as JSON can hold them
    extent : what these arguments say of its course
    """

    of = "Model"

    def __init__(
        self, file: CheckpointFile, model: Any, optimizer: Optimizer, arguments: dict[str, Any], extent: Extent
    ) -> None:  # fmt: skip
        self.file, self.last = file, -np.inf
        self.model, self.optimizer, self.extent = model, optimizer, extent
        self.arguments: dict[str, Any] = json.loads(json.dumps(arguments))
        self.written: tuple[Any, ...] = ()

    def __call__(self, progress: Progress, always: bool) -> None:
        """Write if it is time, or if always; never the same state twice, nor weights that have diverged."""
        state = self.optimizer.t, progress.epoch, progress.tally.rows, progress.ended
        if state == self.written or not (always or time.monotonic() - self.last >= self.file.every):
            return
        if np.isfinite(progress.tally.objective) and np.isfinite(self.model.parameters).all():
            self.write(progress)
            self.last, self.written = time.monotonic(), state

    def write(self, progress: Progress) -> None:
        """Replace the file."""
        container.write(self.file.path, *self.contents(progress))

    def contents(self, progress: Progress) -> Contents:
        """Return description and tensors of the model, and of where its fit stands."""
        description, tensors = described(self.model)
        optimizer, tally, improvement = self.optimizer, progress.tally, progress.improvement
        description["fit"] = {
            "of": self.of, "arguments": self.arguments, "first": progress.first, "epoch": progress.epoch,
            "tally": {name: getattr(tally, name) for name in TALLY}, "seconds": progress.seconds,
            "waited": improvement.waited, "exploded": progress.exploded, "ended": progress.ended, "best": None,
            "schedule": [optimizer.schedule_start, optimizer.schedule_steps],
        }  # fmt: skip
        if improvement.best > -np.inf:
            t = 0 if improvement.kept is None else improvement.kept.t
            description["fit"]["best"] = {"figure": improvement.best, "t": t}
        if improvement.kept is not None:
            tensors["best.parameters"] = improvement.kept.theta
            if improvement.kept.moments is not None:
                tensors["best.moments"] = improvement.kept.moments
        return description, tensors

    def resumed(self) -> Progress | None:
        """Take over the fit in the file, and return where it stands; None: it begins. Errors as of `take_over`."""
        contents = self.file.contents(self.of)
        return None if contents is None else self.take_over(*contents)

    def take_over(self, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> Progress:
        """Make model and optimizer those of a file, and return where its fit stands, once all of it is checked.

        Raises
        ------
        ValueError : the fit had other arguments
        ModelFormatError : the file is damaged; model and optimizer are as they were
        """
        try:
            found, fit = checked(description, tensors), checked_fit(description["fit"])
            check_same(self.file.path, self.arguments, fit["arguments"])
            self.check_model(found)
            progress = checked_progress(fit, tensors, found, self.extent)
        except ModelFormatError as error:
            raise ModelFormatError(f"checkpoint={self.file.path!r}: damaged ({error})") from None
        take_over(self.model, self.file.path, found)
        optimizer, kept = self.optimizer, self.model.optimizer
        optimizer.t, optimizer.moments = kept.t, kept.moments
        optimizer.schedule_start, optimizer.schedule_steps = fit["schedule"]
        return progress

    def check_model(self, found: Described) -> None:
        """Raise ModelFormatError unless the model in the file is the one that the arguments of its fit describe."""
        theirs = {name: getattr(found, name) for name in ("widths", "bias", "dtype", "seed", "dropout")}
        theirs |= found.loss.arguments()
        theirs["activation"] = [name for name, _ in found.activations]
        for name, value in theirs.items():
            need(value == self.arguments.get(name), f"its {name} is {str(value)[:80]}, not {self.arguments.get(name)}")
        kept = "none" if found.optimizer is None else found.optimizer.name
        need(kept == self.optimizer.name, f"its optimizer is {kept}, not {self.optimizer.name}")


def check_same(path: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raise ValueError where a file's fit had other arguments."""
    for name, value in ours.items():
        if theirs.get(name) != value:
            raise ValueError(
                f"resume: the fit in {path!r} had {name}={theirs.get(name)!r}, but this one has {value!r}; a fit goes "
                "on with the same rows and arguments"
            )
