"""`Model`'s rules for the loop over epochs: its history, early stopping, divergence and warnings."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import DivergenceError, RowError, is_bad_row
from ..optimizers import Optimizer
from ..rows.order import MASK_STREAM
from ..typing import Record
from .divergence import remedies
from .loop import Keep, Part, loop
from .progress import Progress, Settings, Snapshot

SAID = ("loss", "validation_loss", "validation_accuracy", "validation_r2")  # of a record, where lines are printed
EXPLODED = 10  # times the loss of the first epoch
Callback = Callable[[Record], bool | None]


def train(
    network: Any, optimizer: Optimizer, part: Part, validate: Callable[[], Record] | None,
    settings: Settings, owner: Any, callback: Callback | None = None,
    progress: Progress | None = None, keep: Keep | None = None,
) -> None:  # fmt: skip
    """Train for some epochs; θ, the optimizer and owner.history change as it goes.

    Whatever `validate` and the callback raise, θ is that of the last completed step, and the history has its epochs.

    Parameters
    ----------
    network : Network, or what has its theta, plan and train
    validate : figures over the rows kept for validation, after each epoch
    owner : its `history` gets a record for each epoch; whatever a callback has put there instead gets the next one
    progress : of the fit that this one goes on with, or None
    keep : see `loop`

    Raises
    ------
    DivergenceError : the loss or θ is not finite; θ is that of the last epoch that ended well
    RowError : a row cannot be used; θ, the optimizer's state and the history are those from before
    KeyboardInterrupt : see `loop`
    """
    optimizer.prepare(network.theta.size, network.theta.dtype)
    start, before = Snapshot.of(network.theta, optimizer), list(owner.history)
    rules = ModelRules(network, optimizer, part, validate, settings, owner, callback, progress)
    if progress is None:
        optimizer.start_schedule(settings.epochs * -(-part.order.size // rules.batch_rows))
    try:
        loop(network, optimizer, part, rules, keep)
    except RowError as failure:
        if is_bad_row(failure):
            start.restore(network.theta, optimizer)
            owner.history[:] = before
        raise


def seed_of_masks(seed: int) -> int:
    """Return the seed of dropout's masks, a number of 63 bits, for a model's seed of any size."""
    return int(np.random.SeedSequence([seed, MASK_STREAM]).generate_state(1, np.uint64)[0] >> np.uint64(1))


class ModelRules:
    """The rules of one call of `Model.fit`; parameters as for `train`, methods as in `Rules`."""

    def __init__(
        self, network: Any, optimizer: Optimizer, part: Part, validation: Callable[[], Record] | None,
        settings: Settings, owner: Any, callback: Callback | None, progress: Progress | None,
    ) -> None:  # fmt: skip
        self.network, self.optimizer, self.part, self.validation = network, optimizer, part, validation
        self.settings, self.owner, self.user_callback = settings, owner, callback
        first = owner.history[-1]["epoch"] if owner.history else 0
        self.progress = progress or Progress(first, first + 1, settings.improvement())
        self.epochs, self.l2, self.seed = settings.epochs, settings.l2, seed_of_masks(settings.seed)
        self.batch_rows: int = settings.batch_size or part.order.size
        self.best_by = "validation loss" if settings.early_stopping else None
        self.shown = settings.verbose == "bar"

    def goes_on(self) -> bool:
        """Return whether neither the epochs nor the patience are used up."""
        progress = self.progress
        return progress.done < self.epochs and not (self.best_by and progress.improvement.exhausted)

    def order(self) -> Any:
        """Return an order that is a function of the seed and the number of the epoch."""
        order = self.part.order
        return order.shuffled(self.settings.seed, self.progress.epoch) if self.settings.shuffle else order

    def state(self) -> Snapshot:
        """Return a copy of θ and of the optimizer's state."""
        return Snapshot.of(self.network.theta, self.optimizer)

    def diverged(self, before: Snapshot, order: Any) -> None:
        """Raise a DivergenceError that names the batch, and what is extreme."""
        tally, rows = self.progress.tally, self.batch_rows
        batch = tally.rows // rows + 1 if tally.diverged else -(-order.size // rows)
        raise DivergenceError(
            f"epoch {self.progress.epoch}, batch {batch}: the loss or a parameter is no longer finite; the weights are "
            f"those from before this epoch. {self.cause(before, order, rows * (batch - 1))}"
        )

    def cause(self, before: Snapshot, order: Any, first: int) -> str:
        """Return what is likely to be wrong where the batch at position `first` diverged."""
        if not np.isfinite(before.theta).all():
            return "These hold NaN or inf already, from a callback"
        last = min(first + self.batch_rows, order.size)
        found = remedies(self.optimizer, self.l2, self.part.rows, order, first, last)
        return found or f"Lower learning_rate={self.optimizer.learning_rate:g}, or scale the features of X"

    def record(self, order: Any, seconds: float) -> Record:
        """Return a record for the history."""
        tally, optimizer = self.progress.tally, self.optimizer
        loss = tally.J / tally.weight if tally.weight else 0.0
        with_l2 = loss
        if optimizer.like_scikit_learn:
            with_l2 = tally.mean_objective
        elif self.l2 > 0:
            weights, _ = self.network.plan.views(self.network.theta)
            with_l2 += self.l2 / 2 * sum(float(np.vdot(W, W)) for W in weights)
        return {
            "epoch": self.progress.epoch,
            "loss": loss,
            "loss_with_l2": with_l2,
            "learning_rate": optimizer.rate,
            "seconds": seconds,
            "rows_per_second": order.size / seconds,
        }

    def validate(self, record: Record) -> None:
        """Add the validation loss and score, and put the record into the history."""
        try:
            record |= {} if self.validation is None else self.validation()
        except Exception:
            self.owner.history.append(record)
            raise
        self.owner.history.append(record)

    def figure(self, record: Record) -> float | None:
        """Return the validation loss, negative, where early stopping compares it."""
        return -record["validation_loss"] if self.best_by else None

    def count(self, record: Record) -> None:
        """Print a line; warn, once each, of a loss that grows and of a validation loss that is not finite."""
        progress, epoch, loss = self.progress, record["epoch"], record["loss"]
        if self.settings.verbose and not self.shown:
            print(f"Epoch {epoch}, " + ", ".join(f"{name} = {record[name]:.8f}" for name in SAID if name in record))
        progress.first_loss = loss if progress.first_loss is None else progress.first_loss
        if loss > EXPLODED * progress.first_loss and not progress.exploded:
            progress.exploded = True
            warnings.warn(
                f"the loss of epoch {epoch} is {loss:.3g}, that of the first was {progress.first_loss:.3g}; a "
                "lower learning_rate, or features of similar scale, may help",
                RuntimeWarning,
                stacklevel=2,
            )
        validation_loss = record.get("validation_loss", 0.0)
        if not np.isfinite(validation_loss):
            progress.warn_unmeasured("loss", validation_loss, epoch)

    def callback(self, record: Record) -> bool:
        """Call the user's callback."""
        return self.user_callback is not None and bool(self.user_callback(record))
