"""One fit of a tabular estimator, once its table is a matrix: encodings, members, their training and their weights."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from ...losses import Loss
from ...model import Model
from ...rows.array import ArrayRows
from ...rows.order import validation_split
from ...training.loop import Part
from ...typing import Scaling, Verbose
from .category_statistics import NO_STATISTICS, CategoryStatistics, learned_statistics
from .checkpoint import FitCheckpoint
from .encodings import Sample
from .member import Member, weights_of
from .recipe import NET, Recipe
from .side_by_side import side_by_side
from .streamed_data import StreamedData
from .time_limit import Limit, fitted_to
from .watch import Watch

INTERRUPTED = "Training interrupted by user."  # the warning, in scikit-learn's words
FEWEST_ROWS = 40  # of which some are kept for validation; fewer rows validate themselves


@dataclass(frozen=True)
class Data:
    """Rows to train on.

    Attributes
    ----------
    matrix : (n, q) of float32, NaN where a number is missing
    codes : for each of its columns the number of codes, 0 for numbers
    y : (n) of class numbers, or of numbers
    w : weights (n), or None
    loss, outputs, scaling : what nets are trained for, p[L], and (shift, factor) of targets, or None
    statistics : those whose columns stand behind the others
    """

    matrix: np.ndarray
    codes: list[int]
    y: np.ndarray
    w: np.ndarray | None
    loss: Loss
    outputs: int
    scaling: Scaling | None = None
    statistics: CategoryStatistics = NO_STATISTICS

    in_memory = True

    @property
    def n_rows(self) -> int:
        return len(self.matrix)

    @property
    def mean(self) -> float:
        """The mean of y, by weight."""
        return float(np.average(self.y, weights=self.w))

    def rows(self) -> ArrayRows:
        """Return the rows as kernels read them."""
        return ArrayRows(
            self.matrix, self.y, self.w, n_features=self.matrix.shape[1], dtype=NET, outputs=self.outputs,
            loss=self.loss, target_scaling=self.scaling, with_missing=True,
        )  # fmt: skip

    def part(self) -> Part:
        """Return all rows, to train or to validate on."""
        rows = self.rows()
        return Part(rows, rows.order())

    def sample(self, seed: int) -> Sample:
        """Return rows by which encodings are learned."""
        return Sample(
            self.matrix, self.codes, self.y, not self.loss.numeric, seed, n_known=self.statistics.n_columns
        )  # fmt: skip

    def with_statistics(self, seed: int) -> "Data":
        """Return the rows with statistics of columns that have many categories."""
        found, matrix = learned_statistics(self.matrix, self.codes, self.y, self.w, self.loss, seed)
        return replace(self, matrix=matrix, codes=[*self.codes, *[0] * found.n_columns], statistics=found)

    def with_columns_of(self, other: "Data | StreamedData") -> "Data":
        """Return the rows with the columns of other rows, which were trained on."""
        if not other.statistics.parts:
            return self
        return replace(
            self, matrix=other.statistics.appended(self.matrix), codes=other.codes, statistics=other.statistics
        )

    def parts(self, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
        """Return a function of a seed that gives rows to validate a member on, and those that it is trained on."""
        return partial(parts, self.rows(), recipe, by_class=not self.loss.numeric)


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
    makes = Makes(data, recipe, seed, each, held, start)
    if limit is not None:
        recipe = fitted_to(recipe, limit, [makes.member(k) for k in range(len(recipe.encodings))], side)
    members = [makes.member(k) for k in range(recipe.n_members)]
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


class Makes:
    """Makes members.

    Parameters
    ----------
    data, recipe, seed, held, start : as for `fit`
    n_threads : of each member
    """

    def __init__(
        self, data: Data | StreamedData, recipe: Recipe, seed: int, n_threads: int, held: Data | None,
        start: Callable[[Model], None],
    ) -> None:  # fmt: skip
        self.data, self.recipe, self.seed, self.n_threads, self.start = data, recipe, seed, n_threads, start
        self.parts = parts_of(data, held, recipe)
        sample = data.sample(seed)
        self.features = {encoding: sample.features(encoding, recipe.wave_scale) for encoding in recipe.encodings}

    def member(self, k: int) -> Member:
        """Return member k = 0, 1, …, before its training."""
        recipe, loss = self.recipe, self.data.loss
        turn, at = divmod(k, len(recipe.encodings))
        encoding = recipe.encodings[at]
        validation, rest = self.parts(self.seed + turn)
        features = self.features[encoding]
        model = Model(
            [features.n_inputs, *[recipe.width] * recipe.depth, self.data.outputs], recipe.activation_of(encoding),
            dtype=NET, seed=self.seed + k, n_threads=self.n_threads, dropout=recipe.dropout, features=features,
            **loss.arguments(),
        )  # fmt: skip
        model.target_scaling = self.data.scaling
        self.start(model)
        return Member(encoding, turn, model, rest, validation)


def parts_of(data: Data | StreamedData, held: Data | None, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
    """Return a function of a seed that gives rows to validate a member on, and those that it is trained on."""
    if held is None:
        return data.parts(recipe)
    both = held.part(), data.part()
    return lambda seed: both


def parts(rows: ArrayRows, recipe: Recipe, seed: int, by_class: bool) -> tuple[Part, Part]:
    """Return the rows that validate a member, and those that it is trained on."""
    n = rows.n_rows
    if n < FEWEST_ROWS:
        return Part(rows, rows.order()), Part(rows, rows.order())
    fraction = min(recipe.validation_fraction, recipe.most_validation_rows / n)
    validation, rest = validation_split(n, fraction, seed, rows.y if by_class else None)
    if rows.w is not None and not all(rows.w[order.rows(0, order.size)].any() for order in (validation, rest)):
        return Part(rows, rows.order()), Part(rows, rows.order())  # a mean over weights of 0 is none
    return Part(rows, validation), Part(rows, rest)
