"""Epochs: validation, early stopping, history, progress, callbacks; what to keep when training goes wrong."""

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exceptions import DivergenceError, RowError, is_bad_row, user_code
from ..network.network import Network
from ..optimizers import Optimizer
from ..rows.rows import Rows
from ..system.interrupts import check
from ..system.progress_bar import progress_bar
from .divergence import remedies
from .progress import Progress, Record, Settings, Snapshot
from .validation import evaluate

EXPLODED = 10  # times the loss of the first epoch
SAID = ("loss", "validation_loss", "validation_accuracy")  # of each epoch, when verbose
Callback = Callable[[Record], bool | None]


@dataclass(frozen=True)
class Part:
    """Rows to train on, or to validate on."""

    rows: Rows
    order: Any  # Order or Pass, whose size is known


Keep = Callable[[Progress, bool], None]  # the progress; is it to be kept in any case, or when it is time?


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
    keep : called where θ, optimizer, history and progress belong together

    Raises
    ------
    DivergenceError : the loss or θ is not finite; θ is that of the last epoch that ended well
    RowError : a row cannot be used; θ, the optimizer's state and the history are those from before
    KeyboardInterrupt : θ is that of the last completed step; where Ctrl-C is `postponed`, so is all else
    """
    theta = network.theta
    optimizer.prepare(theta.size, theta.dtype)
    start, before = Snapshot.of(theta, optimizer), list(owner.history)
    if progress is None:
        first = before[-1]["epoch"] if before else 0
        progress = Progress(first, first + 1, settings.improvement())
        optimizer.start_schedule(settings.epochs * -(-part.order.size // (settings.batch_size or part.order.size)))
    keep = keep or (lambda progress, always: None)
    try:
        keep(progress, True)
        epochs(network, optimizer, part, validate, settings, owner, callback, progress, keep, start)
        if settings.early_stopping:
            take_best(theta, optimizer, progress)
        progress.ended = True
        keep(progress, True)
    except KeyboardInterrupt:
        keep(progress, True)
        raise
    except RowError as failure:
        if is_bad_row(failure):
            start.restore(theta, optimizer)
            owner.history[:] = before
        raise


def take_best(theta: np.ndarray, optimizer: Optimizer, progress: Progress) -> None:
    """Go back to the weights with the lowest validation loss, if there is one."""
    if progress.improvement.kept is not None:
        progress.improvement.kept.restore(theta, optimizer)
    elif progress.epoch > progress.first + 1:
        warnings.warn(
            "early_stopping: no epoch had a finite validation loss; the weights are those of the last one",
            RuntimeWarning,
            stacklevel=2,
        )


def epochs(
    network: Any, optimizer: Optimizer, part: Part, validate: Callable[[], Record] | None, settings: Settings,
    owner: Any, callback: Callback | None, progress: Progress, keep: Keep, start: Snapshot,
) -> None:  # fmt: skip
    """The epochs that are left, or fewer, from `start` on."""
    theta, last = network.theta, progress.first + settings.epochs
    bar = progress_bar(
        settings.verbose == "bar", total=part.order.size * settings.epochs,
        initial=part.order.size * (progress.epoch - 1 - progress.first), smoothing=0.1, dynamic_ncols=True, leave=True,
    )  # fmt: skip
    first = progress.epoch
    with contextlib.closing(bar):
        while progress.epoch <= last and not (settings.early_stopping and progress.improvement.exhausted):
            finite = start if progress.epoch == first else Snapshot.of(theta, optimizer)
            bar.set_description(f"epoch {progress.epoch}/{last}", refresh=False)
            record = one_epoch(network, optimizer, part, settings, progress, bar, keep, finite)
            try:
                record |= {} if validate is None else validate()
            except Exception:
                owner.history.append(record)
                raise
            owner.history.append(record)
            progress.first_loss = record["loss"] if progress.first_loss is None else progress.first_loss
            progress.count()
            if settings.early_stopping:
                progress.improvement.count(-record["validation_loss"], lambda: Snapshot.of(theta, optimizer))
            say(record, settings, bar)
            warn_of_explosion(record, progress)
            warn_of_validation(record, progress)
            if callback is not None and answer(callback, record, progress, keep):
                return
            optimizer.check()
            check()
            keep(progress, False)


def say(record: Record, settings: Settings, bar: Any) -> None:
    """Print the figures of an epoch, or write them beside the bar."""
    if settings.verbose == "bar":
        bar.set_postfix_str(" ".join(f"{k}={record[k]:.4f}" for k in ("loss", "validation_loss") if k in record))
    elif settings.verbose:
        figures = {name: value for name, value in record.items() if name in SAID}
        print(f"Epoch {record['epoch']}, " + ", ".join(f"{name} = {value:.8f}" for name, value in figures.items()))


def answer(callback: Callback, record: Record, progress: Progress, keep: Keep) -> bool:
    """Does the callback end the training? Before whatever it raises, what there is is kept."""
    try:
        with user_code():
            return bool(callback(record))
    except Exception:
        keep(progress, True)
        raise


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
        part.rows, order, batch_rows, optimizer, settings.l2, watch if settings.verbose == "bar" else None, tally,
        after=after,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    watch(order.size)
    if tally.diverged or not np.isfinite(network.theta).all():
        batch = tally.rows // batch_rows + 1 if tally.diverged else -(-order.size // batch_rows)
        finite.restore(network.theta, optimizer)
        raise DivergenceError(
            f"epoch {epoch}, batch {batch}: the loss or a parameter is no longer finite; the weights are those from "
            f"before this epoch. {cause(finite, optimizer, settings, part, order, batch_rows * (batch - 1))}"
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


def cause(finite: Snapshot, optimizer: Optimizer, settings: Settings, part: Part, order: Any, first: int) -> str:
    """What is likely to be wrong where the batch at position `first` diverged."""
    if not np.isfinite(finite.theta).all():
        return "These hold NaN or inf already, from a callback"
    last = min(first + (settings.batch_size or order.size), order.size)
    found = remedies(optimizer, settings.l2, part.rows, order, first, last)
    return found or f"Lower learning_rate={optimizer.learning_rate:g}, or scale the features of X"


def warn_of_explosion(record: Record, progress: Progress) -> None:
    """Warn, once, where the loss grows instead of falling."""
    now, begun = record["loss"], progress.first_loss
    if begun is not None and now > EXPLODED * begun and not progress.exploded:
        progress.exploded = True
        warnings.warn(
            f"the loss of epoch {record['epoch']} is {now:.3g}, that of the first was {begun:.3g}; a "
            "lower learning_rate, or features of similar scale, may help",
            RuntimeWarning,
            stacklevel=2,
        )


def warn_of_validation(record: Record, progress: Progress) -> None:
    """Warn, once, where the validation loss tells nothing."""
    loss = record.get("validation_loss", 0.0)
    if not np.isfinite(loss) and not progress.unmeasured:
        progress.unmeasured = True
        warnings.warn(
            f"the validation loss of epoch {record['epoch']} is {loss}: the outputs for some validation rows overflow; "
            "scale their features as those of the training rows. Such an epoch never counts as the best",
            RuntimeWarning,
            stacklevel=2,
        )


def validate(network: Network, validation: Part) -> Record:
    """Mean log loss and accuracy over the validation rows."""
    loss, accuracy = evaluate(network, validation.rows, validation.order, own=True)
    return {"validation_loss": loss, "validation_accuracy": accuracy}
