"""A fit on disk: a model file, and beside the model all that the fit goes on from."""

import contextlib
import json
import os
import time
from typing import Any

import numpy as np

from . import model_file, saving
from .arguments import checked_float
from .call import Tally
from .description import checked
from .exceptions import ModelFormatError
from .optimizers import Optimizer
from .training import Progress, Snapshot

TALLY = ("J", "weight", "objective", "rows")


class Checkpoint:
    """Keeps a fit in a file, some seconds after each other, and goes on with one that was kept.

    Parameters
    ----------
    path : the file; Model.load reads it, too
    every : seconds from one to the next, at least
    model, optimizer : what is fitted
    arguments : of the fit, which must be the same when it goes on, as JSON can hold them
    """

    def __init__(
        self, path: str | os.PathLike, every: float, model: Any, optimizer: Optimizer, arguments: dict[str, Any]
    ) -> None:
        self.path, self.every, self.last = os.fspath(path), checked_float("checkpoint_every", every, 0), -np.inf
        self.model, self.optimizer = model, optimizer
        self.arguments: dict[str, Any] = json.loads(json.dumps(arguments))
        self.written: tuple[Any, ...] = ()

    def __call__(self, progress: Progress, always: bool) -> None:
        """Write, if it is time, or always; but never the same state twice, nor weights that have diverged."""
        state = self.optimizer.t, progress.epoch, progress.tally.rows, progress.ended
        if state == self.written or not (always or time.monotonic() - self.last >= self.every):
            return
        if np.isfinite(self.model.parameters).all():
            self.write(progress)
            self.last, self.written = time.monotonic(), state

    def write(self, progress: Progress) -> None:
        """Replace the file."""
        description, tensors = saving.described(self.model)
        optimizer, tally = self.optimizer, progress.tally
        description["fit"] = {
            "arguments": self.arguments, "first": progress.first, "epoch": progress.epoch,
            "tally": {name: getattr(tally, name) for name in TALLY}, "seconds": progress.seconds,
            "waited": progress.waited, "exploded": progress.exploded, "ended": progress.ended, "best": None,
            "schedule": [optimizer.schedule_start, optimizer.schedule_steps],
        }  # fmt: skip
        if progress.best_loss < np.inf:
            description["fit"]["best"] = {"loss": progress.best_loss, "t": progress.best.t}
            tensors["best.parameters"], tensors["best.moments"] = progress.best.theta, progress.best.moments
        model_file.write(self.path, description, tensors)

    def begin(self, resume: bool) -> Progress | None:
        """Where the fit goes on: model and optimizer are those of the file then. None: it begins.

        Raises
        ------
        FileExistsError : the file holds a fit that has not ended, and a new one is to begin
        ValueError : the file holds a model and no fit, or one with other arguments
        ModelFormatError : it is damaged
        """
        if resume:
            return self.progress(*model_file.read(self.path)) if os.path.exists(self.path) else None
        with contextlib.suppress(FileNotFoundError, ModelFormatError):
            fit = model_file.read(self.path)[0].get("fit")
            if fit is not None and not fit["ended"]:
                raise FileExistsError(
                    f"checkpoint={self.path!r}: holds a fit that has come to epoch {fit['epoch']} and not to its end; "
                    "go on with it by resume=True (--resume), or delete the file"
                )
        return None

    def progress(self, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> Progress:
        """Take over model and optimizer of a file, and where its fit stands."""
        fit = description.get("fit")
        if fit is None:
            raise ValueError(f"checkpoint={self.path!r}: holds a model, and no fit to go on with")
        try:
            self.check_same(fit["arguments"])
            saving.take_over(self.model, checked(description, tensors))
            return self.found(fit, tensors)
        except (ModelFormatError, KeyError, TypeError) as error:
            raise ModelFormatError(f"checkpoint={self.path!r}: damaged ({error!r})") from None

    def found(self, fit: dict[str, Any], tensors: dict[str, np.ndarray]) -> Progress:
        """Where the fit of a file stands; the optimizer goes on from that of the file."""
        optimizer, kept = self.optimizer, self.model.optimizer
        optimizer.t, optimizer.moments = kept.t, kept.moments
        optimizer.schedule_start, optimizer.schedule_steps = fit["schedule"]
        best, best_loss = Snapshot.of(self.model.parameters, optimizer), np.inf
        if fit["best"] is not None:
            best = Snapshot(tensors["best.parameters"], fit["best"]["t"], tensors["best.moments"])
            best_loss = fit["best"]["loss"]
        return Progress(
            fit["first"], fit["epoch"], best, best_loss, fit["waited"], Tally(**fit["tally"]), fit["seconds"],
            fit["exploded"], fit["ended"],
        )  # fmt: skip

    def check_same(self, others: dict[str, Any]) -> None:
        """Raise where the file's fit had other arguments."""
        for name, ours in self.arguments.items():
            if others.get(name) != ours:
                raise ValueError(
                    f"resume: the fit in {self.path!r} had {name}={others.get(name)!r}, but this one has {ours!r}; "
                    "a fit goes on with the same rows and arguments"
                )
