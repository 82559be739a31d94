"""Where a fit stands: its settings, its weights at one moment, and all that it goes on from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..network.call import Tally
from ..optimizers import Optimizer

Record = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How `train` goes about it; see `Model.fit`."""

    epochs: int
    batch_size: int | None
    l2: float
    shuffle: bool
    seed: int
    early_stopping: bool
    n_iter_no_change: int
    tol: float
    verbose: int | str


@dataclass(frozen=True)
class Snapshot:
    """θ and the optimizer's state at one moment."""

    theta: np.ndarray
    t: int
    moments: np.ndarray

    @staticmethod
    def of(theta: np.ndarray, optimizer: Optimizer) -> "Snapshot":
        assert optimizer.moments is not None
        return Snapshot(theta.copy(), optimizer.t, optimizer.moments.copy())

    def restore(self, theta: np.ndarray, optimizer: Optimizer) -> None:
        assert optimizer.moments is not None
        theta[:], optimizer.t = self.theta, self.t
        optimizer.moments[:] = self.moments


@dataclass
class Progress:
    """Where a fit stands: all that it goes on from, beside θ, the optimizer and the history.

    Attributes
    ----------
    first : epochs of former fits
    epoch : the one under way
    tally, seconds : of its batches so far
    best, best_loss, waited : the weights with the lowest validation loss, it, and epochs since
    exploded : has the user been warned that the loss grows?
    ended : is there nothing left to do?
    first_loss : of the first epoch; None: there is none yet
    unmeasured : has the user been warned that a validation loss is not finite?
    """

    first: int
    epoch: int
    best: Snapshot
    best_loss: float = np.inf
    waited: int = 0
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    exploded: bool = False
    ended: bool = False
    first_loss: float | None = None
    unmeasured: bool = False

    def count(self, record: Record, settings: Settings, now: Callable[[], Snapshot]) -> None:
        """An epoch has ended."""
        self.first_loss = record["loss"] if self.first_loss is None else self.first_loss
        self.epoch, self.tally, self.seconds = self.epoch + 1, Tally(), 0.0
        if settings.early_stopping:
            loss = record["validation_loss"]
            self.waited = 0 if loss < self.best_loss - settings.tol else self.waited + 1
            if loss < self.best_loss:
                self.best, self.best_loss = now(), loss

    def goes_on(self, settings: Settings) -> bool:
        """Tell whether there is another epoch."""
        if settings.early_stopping and self.waited >= settings.n_iter_no_change:
            return False
        return self.epoch <= self.first + settings.epochs
