"""Epochs: validation, early stopping, history, progress, callbacks; what to keep when training goes wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .exceptions import DivergenceError
from .network import Network, Rows, Tally
from .optimizers import Optimizer
from .progress import Bar
from .validation import evaluate

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


class Snapshot:
    """θ and the optimizer's state at one moment."""

    def __init__(self, theta: np.ndarray, optimizer: Optimizer) -> None:
        self.theta = theta.copy()
        self.t, self.moments = optimizer.t, None if optimizer.moments is None else optimizer.moments.copy()

    def restore(self, theta: np.ndarray, optimizer: Optimizer) -> None:
        theta[:] = self.theta
        optimizer.t = self.t
        if self.moments is not None and optimizer.moments is not None:
            optimizer.moments[:] = self.moments


def train(
    network: Any, optimizer: Optimizer, part: Part, validate: Callable[[], Record] | None,
    settings: Settings, history: list[Record], callback: Callback | None,
) -> None:  # fmt: skip
    """Train for some epochs; θ, the optimizer and the history change as it goes.

    Parameters
    ----------
    network : Network, or what has its theta, plan and train
    validate : figures over the rows kept for validation, after each epoch

    Raises
    ------
    DivergenceError : the loss or θ is not finite; θ is that of the last epoch that ended well
    ValueError : a row of X is not finite; θ is that from before
    KeyboardInterrupt : θ is that of the last completed step
    """
    theta = network.theta
    optimizer.prepare(theta.size, theta.dtype)
    start = Snapshot(theta, optimizer)
    optimizer.start_schedule(settings.epochs * -(-part.order.size // (settings.batch_size or part.order.size)))
    best, best_loss, waited = start, np.inf, 0
    first = history[-1]["epoch"] if history else 0
    bar = Bar(
        total=part.order.size * settings.epochs, unit="rows", unit_scale=True, disable=not settings.verbose,
        smoothing=0.1, dynamic_ncols=True, leave=True,
    )  # fmt: skip
    try:
        for epoch in range(first + 1, first + settings.epochs + 1):
            finite = Snapshot(theta, optimizer)
            bar.set_description(f"epoch {epoch}/{first + settings.epochs}", refresh=False)
            record = one_epoch(network, optimizer, part, settings, epoch, bar, finite)
            if validate is not None:
                record |= validate()
            history.append(record)
            bar.set_postfix_str(" ".join(f"{k}={record[k]:.4f}" for k in ("loss", "validation_loss") if k in record))
            if callback is not None and callback(record):
                break
            if settings.early_stopping:
                loss = record["validation_loss"]
                waited = 0 if loss < best_loss - settings.tol else waited + 1
                if loss < best_loss:
                    best, best_loss = Snapshot(theta, optimizer), loss
                if waited >= settings.n_iter_no_change:
                    break
        if settings.early_stopping and best_loss < np.inf:
            best.restore(theta, optimizer)
    except DivergenceError:
        raise
    except ValueError:
        start.restore(theta, optimizer)
        raise
    finally:
        bar.close()


def one_epoch(
    network: Any, optimizer: Optimizer, part: Part, settings: Settings, epoch: int, bar: Any, finite: Snapshot
) -> Record:
    """One pass over the training rows: its record for the history."""
    order = part.order.shuffled(settings.seed, epoch) if settings.shuffle else part.order
    batch_rows = order.size if settings.batch_size is None else settings.batch_size
    tally, begin, base = Tally(), time.perf_counter(), bar.n

    def watch(rows: int) -> None:
        bar.update(base + rows - bar.n)

    network.train(part.rows, order, batch_rows, optimizer, settings.l2, watch if settings.verbose else None, tally)
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
    weights, _ = network.plan.views(network.theta)
    penalty = settings.l2 / 2 * sum(float(np.vdot(W, W)) for W in weights)
    return {
        "epoch": epoch,
        "loss": loss,
        "loss_with_l2": loss + penalty,
        "learning_rate": optimizer.rate,
        "seconds": seconds,
        "rows_per_second": order.size / seconds,
    }


def validate(network: Network, validation: Part) -> Record:
    """Mean log loss and accuracy over the validation rows."""
    loss, accuracy = evaluate(network, validation.rows, validation.order, own=True)
    return {"validation_loss": loss, "validation_accuracy": accuracy}
