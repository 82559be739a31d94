"""One fit of a tabular estimator, once its table is a matrix: encodings, members, their training and their weights."""

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..losses import Loss
from ..model import Model
from ..rows.array import ArrayRows
from ..rows.order import validation_split
from ..training.loop import Part
from ..typing import Scaling
from .encodings import Sample
from .member import Member, weights_of
from .recipe import NET, Recipe
from .side_by_side import side_by_side
from .streamed_data import StreamedData

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
    """

    matrix: np.ndarray
    codes: list[int]
    y: np.ndarray
    w: np.ndarray | None
    loss: Loss
    outputs: int
    scaling: Scaling | None = None

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
            loss=self.loss, target_scaling=self.scaling,
        )  # fmt: skip

    def sample(self, seed: int) -> Sample:
        """Return rows by which encodings are learned."""
        return Sample(self.matrix, self.codes, self.y, not self.loss.numeric, seed)

    def parts(self, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
        """Return a function of a seed that gives rows to validate a member on, and those that it is trained on."""
        return partial(parts, self.rows(), recipe, by_class=not self.loss.numeric)


def fit(
    data: Data | StreamedData,
    recipe: Recipe,
    seed: int,
    n_threads: int,
    start: Callable[[Model], None] = lambda model: None,
) -> tuple[list[Model], np.ndarray]:
    """Train the members of a recipe; return their nets, and the weights of their average.

    start : sets the weights of a new net where training starts

    Raises
    ------
    KeyboardInterrupt : before any net has finished a round; later, the best rounds so far are returned with a warning
    """
    members = members_of(data, recipe, seed, 1 if data.in_memory else n_threads)
    for member in members:
        start(member.model)
    stop = threading.Event()
    works = [partial(member.train, recipe, stop) for member in members]
    try:
        side_by_side(works, n_threads if data.in_memory else 1, stop, lambda: None)
    except KeyboardInterrupt:
        members = [member for member in members if member.model.history]
        if not members:
            raise
        warnings.warn("Training interrupted by user.", stacklevel=4)
    return [member.model for member in members], weights_of(members, data.loss)


def members_of(data: Data | StreamedData, recipe: Recipe, seed: int, n_threads: int = 1) -> list[Member]:
    """Return the members of a recipe, before their training on n_threads each."""
    parts, sample, members = data.parts(recipe), data.sample(seed), []
    features = {encoding: sample.features(encoding) for encoding in recipe.encodings}
    for k in range(recipe.n_members):
        turn, at = divmod(k, len(recipe.encodings))
        encoding = recipe.encodings[at]
        validation, rest = parts(seed + turn)
        widths = [features[encoding].n_inputs, *[recipe.width] * recipe.depth, data.outputs]
        model = Model(
            widths, recipe.activation, dtype=NET, seed=seed + k, n_threads=n_threads, dropout=recipe.dropout,
            features=features[encoding], **data.loss.arguments(),
        )  # fmt: skip
        model.target_scaling = data.scaling
        members.append(Member(encoding, turn, model, rest, validation))
    return members


def parts(rows: ArrayRows, recipe: Recipe, seed: int, by_class: bool) -> tuple[Part, Part]:
    """Return the rows that validate a member, and those that it is trained on."""
    n = rows.n_rows
    if n < FEWEST_ROWS:
        return Part(rows, rows.order()), Part(rows, rows.order())
    fraction = min(recipe.validation_fraction, recipe.most_validation_rows / n)
    validation, rest = validation_split(n, fraction, seed, rows.y if by_class else None)
    return Part(rows, validation), Part(rows, rest)
