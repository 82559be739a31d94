"""The state of a fit: its settings, its weights at one moment, and all that it goes on from."""

import warnings
from dataclasses import dataclass, field

import numpy as np

from ..network.call import Tally
from ..optimizers import Optimizer
from .improvement import Improvement

OVERFLOW = "the outputs for some validation rows overflow; scale their features as those of the training rows"


@dataclass(frozen=True)
class Settings:
    """Arguments of `Model.fit` that the loop over epochs needs."""

    epochs: int
    batch_size: int | None
    l2: float
    shuffle: bool
    seed: int
    early_stopping: bool
    n_iter_no_change: int
    tol: float
    verbose: int | str

    def improvement(self) -> Improvement:
        """Return the rule of early stopping, before the first epoch."""
        return Improvement(self.tol, self.n_iter_no_change)


@dataclass(frozen=True)
class Snapshot:
    """θ at one moment and, unless moments is None, the optimizer's state; before its first step, moments are 0."""

    theta: np.ndarray
    t: int = 0
    moments: np.ndarray | None = None

    @staticmethod
    def of(theta: np.ndarray, optimizer: Optimizer) -> "Snapshot":
        assert optimizer.moments is not None
        moments = optimizer.moments if optimizer.t else optimizer.moments[:0]
        return Snapshot(theta.copy(), optimizer.t, moments.copy())

    def restore(self, theta: np.ndarray, optimizer: Optimizer) -> None:
        theta[:] = self.theta
        if self.moments is not None:
            assert optimizer.moments is not None
            optimizer.t, optimizer.moments[:] = self.t, self.moments if self.t else 0


@dataclass
class Progress:
    """Where a fit stands: all that it goes on from, beside θ, the optimizer and the history.

    Attributes
    ----------
    first : epochs of former fits
    epoch : the one under way
    improvement : the best epoch, and epochs since the last improvement
    tally, seconds : of the batches of the epoch under way
    exploded : whether the user has been warned that the loss grows
    ended : whether nothing is left to do
    first_loss : of the first epoch; None before its end
    unmeasured : whether the user has been warned of a validation figure that is not finite
    """

    first: int
    epoch: int
    improvement: Improvement
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    exploded: bool = False
    ended: bool = False
    first_loss: float | None = None
    unmeasured: bool = False

    @property
    def done(self) -> int:
        """Epochs of this fit that have ended."""
        return self.epoch - 1 - self.first

    def count(self) -> None:
        """Count the epoch under way as ended."""
        self.epoch, self.tally, self.seconds = self.epoch + 1, Tally(), 0.0

    def warn_unmeasured(self, what: str, value: float, epoch: float, why: str = OVERFLOW) -> None:
        """Warn, once, of a validation figure that is not finite, and of its cause."""
        if self.unmeasured:
            return
        self.unmeasured = True
        warnings.warn(
            f"the validation {what} of epoch {epoch} is {value}: {why}. Such an epoch never counts as the best",
            RuntimeWarning,
            stacklevel=2,
        )
