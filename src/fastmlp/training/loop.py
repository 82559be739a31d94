"""The loop over epochs of every fit; `Rules` say what `Model` and scikit-learn's estimators do differently."""

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..exceptions import user_code
from ..optimizers import Optimizer
from ..rows.rows import Rows
from ..system.interrupts import allowed, check
from ..system.progress_bar import progress_bar
from ..typing import Record
from .progress import Progress, Snapshot

SHOWN = ("loss", "validation_loss")  # of a record, beside the progress bar


@dataclass(frozen=True)
class Part:
    """Rows to train on, or to validate on."""

    rows: Rows
    order: Any  # Order or Pass, whose size is known


class Rules(Protocol):
    """How one fit goes through the loop.

    Attributes
    ----------
    progress : where the fit stands
    epochs : at most
    batch_rows : rows of a batch
    l2 : for the optimizer
    seed : of the masks of dropout
    best_by : the figure whose best epoch gives the weights in the end; None: the last epoch does
    shown : whether there is a progress bar
    """

    progress: Progress
    epochs: int
    batch_rows: int
    l2: float
    seed: int
    best_by: str | None
    shown: bool

    def goes_on(self) -> bool:
        """Return whether there is another epoch. It may change the optimizer for that."""
        ...

    def order(self) -> Any:
        """Return the order of rows of the epoch under way."""
        ...

    def state(self) -> Snapshot:
        """Return what to go back to where an epoch diverges, or is the best one."""
        ...

    def diverged(self, before: Snapshot, order: Any) -> None:
        """Raise DivergenceError, or let this epoch be the last; θ is that of `before` again."""
        ...

    def record(self, order: Any, seconds: float) -> Record:
        """Return the figures of the epoch under way, all of whose rows were trained on."""
        ...

    def validate(self, record: Record) -> None:
        """Add figures over the validation rows to the record. Whatever user code raises, the record is kept."""
        ...

    def figure(self, record: Record) -> float | None:
        """Return the figure by which epochs are compared, higher ones being better; None: they are not."""
        ...

    def count(self, record: Record) -> None:
        """Record an epoch that has been compared: figures, warnings, learning rate."""
        ...

    def callback(self, record: Record) -> bool:
        """Call the user's callbacks, and return whether they end the training."""
        ...


Keep = Callable[[Progress, bool], None]  # where the fit stands; whether to keep it now, or only when it is time


def loop(network: Any, optimizer: Optimizer, part: Part, rules: Rules, keep: Keep | None = None) -> None:
    """Train epoch by epoch; θ, the optimizer and the progress of the rules change step by step.

    Parameters
    ----------
    network : Network, or what has its theta, plan and train
    keep : called where θ, the optimizer and the progress belong to the same step: see `Checkpoint`

    Raises
    ------
    KeyboardInterrupt : θ is that of the last completed step; where Ctrl-C is `postponed`, so is all else
    """
    progress, size = rules.progress, part.order.size
    keep = keep or (lambda progress, always: None)
    try:
        keep(progress, True)
        bar = progress_bar(
            rules.shown, total=size * rules.epochs, initial=size * progress.done, smoothing=0.1, dynamic_ncols=True
        )
        with contextlib.closing(bar):
            while rules.goes_on():
                bar.set_description(f"epoch {progress.epoch}/{progress.first + rules.epochs}", refresh=False)
                record = epoch(network, optimizer, part, rules, bar, keep)
                bar.set_postfix_str(" ".join(f"{name}={record[name]:.4f}" for name in SHOWN if name in record))
                if ends(rules, record, keep):
                    break
                optimizer.check()
                check()
                keep(progress, False)
        take_best(network.theta, optimizer, rules)
        progress.ended = True
        keep(progress, True)
    except KeyboardInterrupt:
        keep(progress, True)
        raise


def epoch(network: Any, optimizer: Optimizer, part: Part, rules: Rules, bar: Any, keep: Keep) -> Record:
    """Make one pass over the training rows, or what is left of it, and return its figures."""
    progress, tally = rules.progress, rules.progress.tally
    order, before = rules.order(), rules.state()
    begin, base = time.perf_counter() - progress.seconds, bar.n

    def watch(rows: int) -> None:
        bar.update(base + rows - bar.n)

    def after() -> None:
        progress.seconds = time.perf_counter() - begin
        keep(progress, False)

    seen = None if bar.disable else watch
    network.train(part.rows, order, rules.batch_rows, optimizer, rules.l2, seen, tally, rules.seed, after)
    seconds = time.perf_counter() - begin
    watch(order.size)
    if tally.diverged or not (np.isfinite(tally.objective) and np.isfinite(network.theta).all()):
        before.restore(network.theta, optimizer)
        rules.diverged(before, order)
    record = rules.record(order, seconds)
    rules.validate(record)
    progress.count()
    figure = rules.figure(record)
    if figure is not None:
        progress.improvement.count(figure, rules.state if rules.best_by else lambda: None)
    rules.count(record)
    return record


def ends(rules: Rules, record: Record, keep: Keep) -> bool:
    """Return whether a callback ends the training. Whatever it raises, the fit is kept before."""
    try:
        with user_code():
            return rules.callback(record)
    except Exception:
        keep(rules.progress, True)
        raise


def run_callbacks(callbacks: list[Callable[..., Any]], owner: Any, record: Record) -> bool:
    """Call all of a user's callbacks, which Ctrl-C may interrupt, and return whether one of them ends the training."""
    if not callbacks:
        return False
    with allowed():
        answers = [callback(owner, record) for callback in callbacks]
    return any(answers)


def take_best(theta: np.ndarray, optimizer: Optimizer, rules: Rules) -> None:
    """Go back to the best epoch, if there is one."""
    progress = rules.progress
    if rules.best_by is None:
        return
    if progress.improvement.kept is not None:
        progress.improvement.kept.restore(theta, optimizer)
    elif progress.done > 0:
        warnings.warn(
            f"early_stopping: no epoch had a finite {rules.best_by}; the weights are those of the last one",
            RuntimeWarning,
            stacklevel=2,
        )
