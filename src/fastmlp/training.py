"""Epochs: validation, early stopping, history, progress, callbacks; what to keep when training goes wrong."""

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .call import Rows, Tally
from .exceptions import DivergenceError
from .kernels.interrupts import check
from .network import Network
from .optimizers import Optimizer
from .progress_bar import progress_bar
from .validation import evaluate

EXPLODED = 10  # times the loss of the first epoch
Record = dict[str, Any]
Callback = Callable[[Record], bool | None]


@dataclass(frozen=True)
class Part:
    """Rows to train on, or to validate on."""

    rows: Rows
    order: Any  # Order or Pass, whose size is known


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
    verbose: int


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

    def count(self, record: Record, history: list[Record], settings: Settings, now: Callable[[], Snapshot]) -> None:
        """An epoch has ended."""
        history.append(record)
        self.epoch, self.tally, self.seconds = self.epoch + 1, Tally(), 0.0
        if settings.early_stopping:
            loss = record["validation_loss"]
            self.waited = 0 if loss < self.best_loss - settings.tol else self.waited + 1
            if loss < self.best_loss:
                self.best, self.best_loss = now(), loss

    def goes_on(self, settings: Settings) -> bool:
        """Is there another epoch?"""
        if settings.early_stopping and self.waited >= settings.n_iter_no_change:
            return False
        return self.epoch <= self.first + settings.epochs


Keep = Callable[[Progress, bool], None]  # the progress; is it to be kept in any case, or when it is time?


def train(
    network: Any, optimizer: Optimizer, part: Part, validate: Callable[[], Record] | None,
    settings: Settings, history: list[Record], callback: Callback | None = None,
    progress: Progress | None = None, keep: Keep | None = None,
) -> None:  # fmt: skip
    """Train for some epochs; θ, the optimizer and the history change as it goes.

    Parameters
    ----------
    network : Network, or what has its theta, plan and train
    validate : figures over the rows kept for validation, after each epoch
    progress : of the fit that this one goes on with, or None
    keep : called where θ, optimizer, history and progress belong together

    Raises
    ------
    DivergenceError : the loss or θ is not finite; θ is that of the last epoch that ended well
    ValueError : a row of X is not finite; θ is that from before
    KeyboardInterrupt : θ is that of the last completed step; where Ctrl-C is `postponed`, so is all else
    """
    theta = network.theta
    optimizer.prepare(theta.size, theta.dtype)
    start = Snapshot.of(theta, optimizer)
    if progress is None:
        first = history[-1]["epoch"] if history else 0
        progress = Progress(first, first + 1, start)
        optimizer.start_schedule(settings.epochs * -(-part.order.size // (settings.batch_size or part.order.size)))
    keep = keep or (lambda progress, always: None)
    try:
        keep(progress, True)
        epochs(network, optimizer, part, validate, settings, history, callback, progress, keep, start)
        if settings.early_stopping and progress.best_loss < np.inf:
            progress.best.restore(theta, optimizer)
        progress.ended = True
        keep(progress, True)
    except KeyboardInterrupt:
        keep(progress, True)
        raise
    except DivergenceError:
        raise
    except ValueError:
        start.restore(theta, optimizer)
        raise


def epochs(
    network: Any, optimizer: Optimizer, part: Part, validate: Callable[[], Record] | None, settings: Settings,
    history: list[Record], callback: Callback | None, progress: Progress, keep: Keep, start: Snapshot,
) -> None:  # fmt: skip
    """The epochs that are left, or fewer, from `start` on."""
    theta, last = network.theta, progress.first + settings.epochs
    bar = progress_bar(
        bool(settings.verbose), total=part.order.size * settings.epochs,
        initial=part.order.size * (progress.epoch - 1 - progress.first), smoothing=0.1, dynamic_ncols=True, leave=True,
    )  # fmt: skip
    first = progress.epoch
    with contextlib.closing(bar):
        while progress.goes_on(settings):
            finite = start if progress.epoch == first else Snapshot.of(theta, optimizer)
            bar.set_description(f"epoch {progress.epoch}/{last}", refresh=False)
            record = one_epoch(network, optimizer, part, settings, progress, bar, keep, finite)
            if validate is not None:
                record |= validate()
            progress.count(record, history, settings, lambda: Snapshot.of(theta, optimizer))
            bar.set_postfix_str(" ".join(f"{k}={record[k]:.4f}" for k in ("loss", "validation_loss") if k in record))
            warn_of_explosion(history, progress)
            if callback is not None and callback(record):
                return
            check()
            keep(progress, False)


def one_epoch(
    network: Any, optimizer: Optimizer, part: Part, settings: Settings, progress: Progress, bar: Any, keep: Keep,
    finite: Snapshot,
) -> Record:  # fmt: skip
    """One pass over the training rows, or what is left of it: its record for the history.

    finite : what stands now, to go back to where the pass diverges
    """
    epoch, tally = progress.epoch, progress.tally
    order = part.order.shuffled(settings.seed, epoch) if settings.shuffle else part.order
    batch_rows = order.size if settings.batch_size is None else settings.batch_size
    begin, base = time.perf_counter() - progress.seconds, bar.n

    def watch(rows: int) -> None:
        bar.update(base + rows - bar.n)

    def after() -> None:
        progress.seconds = time.perf_counter() - begin
        keep(progress, False)

    network.train(
        part.rows, order, batch_rows, optimizer, settings.l2, watch if settings.verbose else None, tally, after=after
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    watch(order.size)
    if tally.diverged or not np.isfinite(network.theta).all():
        batch = tally.rows // batch_rows + 1 if tally.diverged else -(-order.size // batch_rows)
        finite.restore(network.theta, optimizer)
        raise DivergenceError(
            f"epoch {epoch}, batch {batch}: the loss or a parameter is no longer finite; the weights are those from "
            f"before this epoch. Lower learning_rate={optimizer.learning_rate:g}, or scale the features of X"
        )
    loss = tally.J / tally.weight if tally.weight else 0.0
    with_l2 = loss
    if optimizer.like_scikit_learn:
        with_l2 = tally.mean_objective
    elif settings.l2 > 0:
        weights, _ = network.plan.views(network.theta)
        with_l2 += settings.l2 / 2 * sum(float(np.vdot(W, W)) for W in weights)
    return {
        "epoch": epoch,
        "loss": loss,
        "loss_with_l2": with_l2,
        "learning_rate": optimizer.rate,
        "seconds": seconds,
        "rows_per_second": order.size / seconds,
    }


def warn_of_explosion(history: list[Record], progress: Progress) -> None:
    """Warn, once, where the loss grows instead of falling."""
    now, begun = history[-1], history[progress.first - history[-1]["epoch"]]
    if now["loss"] > EXPLODED * begun["loss"] and not progress.exploded:
        progress.exploded = True
        warnings.warn(
            f"the loss of epoch {now['epoch']} is {now['loss']:.3g}, that of the first was {begun['loss']:.3g}; a "
            "lower learning_rate, or features of similar scale, may help",
            RuntimeWarning,
            stacklevel=2,
        )


def validate(network: Network, validation: Part) -> Record:
    """Mean log loss and accuracy over the validation rows."""
    loss, accuracy = evaluate(network, validation.rows, validation.order, own=True)
    return {"validation_loss": loss, "validation_accuracy": accuracy}
