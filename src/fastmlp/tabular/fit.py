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
from .recipe import Recipe
from .side_by_side import side_by_side

NET = np.dtype(np.float32)  # the dtype of all nets
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

    def rows(self) -> ArrayRows:
        """Return the rows as kernels read them."""
        return ArrayRows(
            self.matrix, self.y, self.w, n_features=self.matrix.shape[1], dtype=NET, outputs=self.outputs,
            loss=self.loss, target_scaling=self.scaling,
        )  # fmt: skip


def fit(
    data: Data, recipe: Recipe, seed: int, n_threads: int, start: Callable[[Model], None] = lambda model: None
) -> tuple[list[Model], np.ndarray]:
    """Train the members of a recipe; return their nets, and the weights of their average.

    start : sets the weights of a new net where training starts

    Raises
    ------
    KeyboardInterrupt : before any net has finished a round; later, the best rounds so far are returned with a warning
    """
    members = members_of(data, recipe, seed)
    for member in members:
        start(member.model)
    stop = threading.Event()
    works = [partial(member.train, recipe, stop) for member in members]
    try:
        side_by_side(works, n_threads, stop, lambda: None)
    except KeyboardInterrupt:
        members = [member for member in members if member.model.history]
        if not members:
            raise
        warnings.warn("Training interrupted by user.", stacklevel=4)
    return [member.model for member in members], weights_of(members, data.loss)


def members_of(data: Data, recipe: Recipe, seed: int) -> list[Member]:
    """Return the members of a recipe, before their training."""
    rows, members = data.rows(), []
    sample = Sample(data.matrix, data.codes, data.y, not data.loss.numeric, seed)
    features = {encoding: sample.features(encoding) for encoding in recipe.encodings}
    for k in range(recipe.n_members):
        turn, at = divmod(k, len(recipe.encodings))
        encoding = recipe.encodings[at]
        validation, rest = parts(rows, recipe, seed + turn, not data.loss.numeric)
        widths = [features[encoding].n_inputs, *[recipe.width] * recipe.depth, data.outputs]
        model = Model(
            widths, recipe.activation, dtype=NET, seed=seed + k, n_threads=1, dropout=recipe.dropout,
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
