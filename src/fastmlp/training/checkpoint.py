"""A fit on disk: a model file, and beside the model all that the fit goes on from."""

import contextlib
import json
import os
import time
from typing import Any

import numpy as np

from ..arguments import checked_float
from ..exceptions import ModelFormatError
from ..optimizers import Optimizer
from ..saving import container
from ..saving.description import Described, checked, need
from ..saving.model import described, take_over
from .checkpoint_state import TALLY, Extent, checked_fit, checked_progress
from .progress import Progress, Settings


class Checkpoint:
    """Keeps a fit in a file, some seconds after each other, and goes on with one that was kept.

    Parameters
    ----------
    path : the file; Model.load reads it, too
    every : seconds from one to the next, at least
    model, optimizer : what is fitted
    arguments : of the fit, which must be the same when it goes on, as JSON can hold them
    settings : of the fit
    n_rows : to train on
    """

    def __init__(
        self, path: str | os.PathLike, every: float, model: Any, optimizer: Optimizer, arguments: dict[str, Any],
        settings: Settings, n_rows: int,
    ) -> None:  # fmt: skip
        self.path, self.every, self.last = os.fspath(path), checked_float("checkpoint_every", every, 0), -np.inf
        self.model, self.optimizer = model, optimizer
        self.arguments: dict[str, Any] = json.loads(json.dumps(arguments))
        batch_rows = min(settings.batch_size or n_rows, n_rows)
        self.extent = Extent(settings.epochs, n_rows, batch_rows, settings.early_stopping, settings.improvement())
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
        description, tensors = described(self.model)
        optimizer, tally, improvement = self.optimizer, progress.tally, progress.improvement
        description["fit"] = {
            "arguments": self.arguments, "first": progress.first, "epoch": progress.epoch,
            "tally": {name: getattr(tally, name) for name in TALLY}, "seconds": progress.seconds,
            "waited": improvement.waited, "exploded": progress.exploded, "ended": progress.ended, "best": None,
            "schedule": [optimizer.schedule_start, optimizer.schedule_steps],
        }  # fmt: skip
        if improvement.kept is not None:
            description["fit"]["best"] = {"figure": improvement.best, "t": improvement.kept.t}
            tensors["best.parameters"], tensors["best.moments"] = improvement.kept.theta, improvement.kept.moments
        container.write(self.path, description, tensors)

    def begin(self, resume: bool) -> Progress | None:
        """Where the fit goes on: model and optimizer are those of the file then. None: it begins.

        Raises
        ------
        FileExistsError : the file holds a fit that has not ended, and a new one is to begin
        ValueError : the file holds a model and no fit, or one with other arguments
        ModelFormatError : it is damaged; model and optimizer are as they were
        """
        if resume:
            return self.progress(*container.read(self.path)) if os.path.exists(self.path) else None
        with contextlib.suppress(FileNotFoundError, ModelFormatError):
            fit = container.read(self.path)[0].get("fit")
            known = fit if type(fit) is dict else {}
            if fit is not None and known.get("ended") is not True:
                raise FileExistsError(
                    f"checkpoint={self.path!r}: holds a fit that has come to epoch {str(known.get('epoch'))[:80]} and "
                    "not to its end; go on with it by resume=True (--resume), or delete the file"
                )
        return None

    def progress(self, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> Progress:
        """Take over model and optimizer of a file, and where its fit stands, once all of it is checked."""
        if description.get("fit") is None:
            raise ValueError(f"checkpoint={self.path!r}: holds a model, and no fit to go on with")
        try:
            found, fit = checked(description, tensors), checked_fit(description["fit"])
            self.check_same(fit["arguments"])
            self.check_model(found)
            progress = checked_progress(fit, tensors, found, self.extent)
        except ModelFormatError as error:
            raise ModelFormatError(f"checkpoint={self.path!r}: damaged ({error})") from None
        take_over(self.model, self.path, found)
        optimizer, kept = self.optimizer, self.model.optimizer
        optimizer.t, optimizer.moments = kept.t, kept.moments
        optimizer.schedule_start, optimizer.schedule_steps = fit["schedule"]
        return progress

    def check_same(self, others: dict[str, Any]) -> None:
        """Raise where the file's fit had other arguments."""
        for name, ours in self.arguments.items():
            if others.get(name) != ours:
                raise ValueError(
                    f"resume: the fit in {self.path!r} had {name}={others.get(name)!r}, but this one has {ours!r}; "
                    "a fit goes on with the same rows and arguments"
                )

    def check_model(self, found: Described) -> None:
        """Tell whether the model beside the fit is the one that its arguments tell of."""
        theirs = {name: getattr(found, name) for name in ("widths", "bias", "dtype", "seed", "out_activation")}
        theirs["activation"] = [name for name, _ in found.activations]
        for name, value in theirs.items():
            need(value == self.arguments[name], f"its {name} is {str(value)[:80]}, not {self.arguments[name]}")
        kept = "none" if found.optimizer is None else found.optimizer.name
        need(kept == self.optimizer.name, f"its optimizer is {kept}, not {self.optimizer.name}")
