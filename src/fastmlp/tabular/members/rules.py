"""The rules of a member's training: rounds, the best of which gives the weights."""

import math
import threading
from typing import Any

import numpy as np

from ...exceptions import DivergenceError
from ...network.network import Network
from ...optimizers import Optimizer
from ...rows.order import Order
from ...training.improvement import Improvement
from ...training.loop import Part
from ...training.progress import Progress, Snapshot
from ...training.validation import figures
from ...typing import Record

ROUND_ROWS = 2**17  # after which a member is validated, where an epoch has more rows


class StoppedError(Exception):
    """A member's training is to end after the step that is done."""


class Course:
    """How many rounds there are, and which rows each of them goes over: an epoch, or a part of one.

    Parameters
    ----------
    part : rows to train on
    epochs : over all of these rows; less than 1: over a part of them
    batch_rows, seed : as of `Model.fit`
    """

    def __init__(self, part: Part, epochs: float, batch_rows: int, seed: int) -> None:
        self.part, self.seed, self.n = part, seed, part.order.size
        self.batch_rows = min(batch_rows, self.n)
        self.per_epoch, self.round_rows = 1, self.n
        if isinstance(part.order, Order):  # of a stream, a pass is read from its beginning
            most = min(ROUND_ROWS, math.ceil(self.n * min(epochs, 1.0)))
            self.per_epoch = math.ceil(self.n / max(most, self.batch_rows))
            batches = math.ceil(self.n / self.per_epoch / self.batch_rows)
            self.round_rows = min(batches * self.batch_rows, self.n)
            self.per_epoch = math.ceil(self.n / self.round_rows)
        elif epochs < 1:
            self.round_rows = min(math.ceil(self.n * epochs / self.batch_rows) * self.batch_rows, self.n)
        self.rounds = max(1, round(epochs * self.per_epoch))

    @property
    def steps(self) -> int:
        """Steps of all rounds."""
        return sum(math.ceil(self.size(k) / self.batch_rows) for k in range(self.rounds))

    def size(self, k: int) -> int:
        """Return the rows of round k = 0, 1, …."""
        first = k % self.per_epoch * self.round_rows
        return int(min(first + self.round_rows, self.n) - first)

    def order(self, k: int) -> Any:
        """Return the order of rows of round k."""
        epoch, at = divmod(k, self.per_epoch)
        order = self.part.order.shuffled(self.seed, epoch)
        first = at * self.round_rows
        return order if self.size(k) == self.n else order.part(first, first + self.size(k))


class MemberRules:
    """The rules of one member, see `training.loop.Rules`.

    Parameters
    ----------
    network, optimizer : what is trained
    course : its rounds
    validation : rows that measure each round
    history : gets a record for each round
    stop : set by others to end the training after a step
    progress : of a training to go on with, or None
    """

    l2 = 0.0
    shown = False
    best_by: str | None = "validation loss"

    def __init__(
        self, network: Network, optimizer: Optimizer, course: Course, validation: Part, history: list[Record],
        stop: threading.Event, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.network, self.optimizer, self.course, self.validation = network, optimizer, course, validation
        self.history, self.stop = history, stop
        self.epochs, self.batch_rows, self.seed = course.rounds, course.batch_rows, course.seed
        self.progress = progress or Progress(0, 1, Improvement(0.0, math.inf))
        self.ended = False

    def goes_on(self) -> bool:
        """Return whether rounds are left."""
        return self.progress.done < self.course.rounds and not self.ended

    def order(self) -> Any:
        """Return the order of rows of the round under way."""
        return self.course.order(self.progress.done)

    def state(self) -> Snapshot:
        """Return a copy of θ."""
        return Snapshot(self.network.theta.copy())

    def diverged(self, before: Snapshot, order: Any) -> None:
        """End with the best round before; raise DivergenceError where there is none."""
        self.ended = True
        if self.progress.improvement.kept is None:
            raise DivergenceError(
                "the loss of the first round is no longer finite; are there extreme numbers in y or sample_weight?"
            )

    def record(self, order: Any, seconds: float) -> Record:
        """Return the figures of the round under way."""
        tally = self.progress.tally
        return {
            "round": self.progress.epoch,
            "loss": tally.J / tally.weight if tally.weight else 0.0,
            "learning_rate": self.optimizer.rate,
            "seconds": seconds,
        }

    def validate(self, record: Record) -> None:
        """Add the validation loss to the record."""
        found = figures(self.network, self.validation.rows, self.validation.order, own=True)
        record |= found.record(self.network.plan.loss)
        self.history.append(record)

    def figure(self, record: Record) -> float | None:
        """Return the validation loss, negative."""
        loss = record["validation_loss"]
        return -loss if np.isfinite(loss) else None

    def count(self, record: Record) -> None:
        """Do nothing: the record is in the history."""

    def callback(self, record: Record) -> bool:
        """Return whether others want this training to end."""
        return self.stop.is_set()

    def keep(self, progress: Progress, always: bool) -> None:
        """Raise `StoppedError` after a step, where others want this training to end."""
        if self.stop.is_set() and not progress.ended:
            raise StoppedError
