"""One fit of a tabular estimator, once its table is a matrix: encodings, members, their training and their weights."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from ...model import Model
from ...system.machine import check_memory
from ...typing import Verbose
from .checkpoint import FitCheckpoint
from .data import Data
from .member import Member, weights_of
from .new_members import NewMembers
from .recipe import Recipe
from .side_by_side import side_by_side
from .streamed_data import StreamedData
from .time_limit import Limit, fitted_to
from .watch import Watch

INTERRUPTED = "Training interrupted by user."  # the warning, in scikit-learn's words


class Runner(Protocol):
    """Trains members elsewhere."""

    @property
    def n_threads(self) -> int:
        """Members that are trained at the same time."""
        ...

    def train(
        self, data: Data | StreamedData, held: Data | None, members: Sequence[Member], recipe: Recipe, seed: int,
        limit: Limit | None, stop: threading.Event, look: Callable[[], None],
    ) -> None:  # fmt: skip
        """Train all members, until the limit or where `stop` is set; other parameters as of `side_by_side`."""
        ...


def fit(
    data: Data | StreamedData, recipe: Recipe, seed: int, n_threads: int,
    start: Callable[[Model], None] = lambda model: None, *,
    held: Data | None = None, limit: Limit | None = None, verbose: Verbose = 0, owner: str = "TabularClassifier",
    checkpoint: FitCheckpoint | None = None, runner: Runner | None = None,
    told: Callable[[Recipe, int], None] = lambda recipe, n: None,
) -> tuple[list[Member], np.ndarray, Recipe]:  # fmt: skip
    """Train the members of a recipe; return them, the weights of their average, and the recipe that was kept.

    Parameters
    ----------
    start : sets the weights of a new net where training starts
    held : rows to validate all members on; None: each keeps some of its own
    limit : the seconds that are left, for which the recipe is changed; None: no limit
    verbose, owner : see `Watch`
    checkpoint : keeps the state of the members, and may hold one to go on with
    runner : trains the members elsewhere; None: in threads of this process
    told : called with the recipe, and the number of rows that a member is trained on, before training

    Raises
    ------
    KeyboardInterrupt : before any net has finished a round; later, the best rounds so far are returned with a warning
    """
    side, each = (n_threads, 1) if data.in_memory else (1, n_threads)  # a stream is read by one net at a time
    if runner is not None:
        side = runner.n_threads
    new = NewMembers(data, recipe, seed, each, held, start)
    if limit is not None:
        recipe = fitted_to(recipe, limit, [new.member(k) for k in range(len(recipe.encodings))], side)
    members = [new.member(0)]
    check_memory(lambda: f"n_members={recipe.n_members}", recipe.n_members * members[0].model.parameters.nbytes)
    members += [new.member(k) for k in range(1, recipe.n_members)]
    told(recipe, members[0].part.order.size)
    stop = threading.Event()
    keepers = [None if checkpoint is None else partial(checkpoint.of_member, k) for k in range(len(members))]
    works = [partial(member.train, recipe, stop, keep) for member, keep in zip(members, keepers, strict=True)]
    interrupted = False
    try:
        with contextlib.closing(Watch(members, recipe, verbose, owner)) as watch:

            def look() -> None:
                watch.look()
                if limit is not None and limit.over:
                    stop.set()
                if checkpoint is not None:
                    checkpoint.look()

            try:
                if runner is None:
                    side_by_side(works, side, stop, look)
                else:
                    runner.train(data, held, members, recipe, seed, limit, stop, look)
            finally:
                if checkpoint is not None:
                    checkpoint.look(always=True)
        trained = [member for member in members if member.model.history or not stop.is_set()] or members[:1]
    except KeyboardInterrupt:
        trained = [member for member in members if member.model.history]
        if not trained:
            raise
        interrupted = True
    try:
        weights = weights_of(trained, data.loss)
    except KeyboardInterrupt:
        weights, interrupted = np.full(len(trained), 1 / len(trained)), True
    if interrupted:
        warnings.warn(INTERRUPTED, stacklevel=5)
    return trained, weights, recipe
