"""The recipe of the tabular estimators: every number that decides what is trained, and its reason.

docs/guide/tables.md tells what each part gave on real tables.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...typing import ActivationName

NET = np.dtype(np.float32)  # the dtype of all nets

SMOOTH, QUANTILES, TREES, WAVES = "smooth", "quantiles", "trees", "waves"
ENCODINGS = (QUANTILES, WAVES, TREES, SMOOTH)
SAMPLED_ROWS = 50_000  # by which bins are found: quantiles and trees hardly move with more
MOST_BINS = 16  # of a column
MOST_LEAVES = 64  # of a tree that finds bins
LEAF_SHARE = 0.0005  # of the rows in each of its leaves, at least: single values of a column may tell much
N_WAVES = 8  # of a column
MOST_WAVES = 256  # of all columns, if each has one: they are products with W[1], which bins are not
MOST_ONE_HOT = 32  # codes of a column that have inputs of their own; of more, nets learn by heart
MOST_HOT = 256  # the most frequent ones, where a table is streamed and has no statistics of categories
MOST_PAIRS = 64  # of columns with many categories, that have statistics
MOST_KEYS = 2**16  # categories, or pairs of them, of which statistics are kept
MOST_CLASSES_KNOWN = 10  # whose means are statistics
PRIOR_ROWS = 10  # of mean weight, by which means are drawn to that of all rows
FOLDS = 5  # of rows, for means without a row's own target
TRUST = 0.8  # in learned weights, against equal ones


@dataclass(frozen=True)
class Recipe:
    """What is trained on a table: a function of its size and task alone, so that nothing measured decides.

    Attributes
    ----------
    encodings : of the members, in turn; those of one turn are validated on the same rows
    n_members : how many nets
    width, depth, dropout : of their hidden layers
    activation, learning_rate : of nets whose inputs have bins
    smooth_activation, smooth_learning_rate : of the others
    epochs, batch_rows : of their training
    weight_decay, beta_2 : of AdamW, whose rate goes through one cycle
    wave_scale : standard deviation of frequencies, in periods per interquartile range
    validation_fraction, most_validation_rows : of the rows, that each member keeps from its training
    """

    encodings: tuple[str, ...] = ENCODINGS
    n_members: int = 8
    width: int = 128
    depth: int = 3
    dropout: float = 0.1
    activation: ActivationName = "relu"
    learning_rate: float = 2e-3
    smooth_activation: ActivationName = "silu"
    smooth_learning_rate: float = 4e-3
    epochs: float = 30
    batch_rows: int = 128
    weight_decay: float = 0.01
    beta_2: float = 0.95
    wave_scale: float = 0.3
    validation_fraction: float = 0.1
    most_validation_rows: int = 20_000

    def activation_of(self, encoding: str) -> ActivationName:
        """Return the activation of the hidden layers."""
        return self.activation if encoding in (QUANTILES, TREES) else self.smooth_activation

    def rate_of(self, encoding: str) -> float:
        """Return the highest learning rate."""
        return self.learning_rate if encoding in (QUANTILES, TREES) else self.smooth_learning_rate


class Size(NamedTuple):
    """What depends on the number of rows."""

    most_rows: float
    encodings: tuple[str, ...]
    n_members: int
    width: int
    depth: int
    batch_rows: int
    most_epochs: int
    dropout: float  # for classes; numbers are blurred by it
    wave_scale: float  # many rows tell of faster changes
    validation_fraction: float


SIZES = (
    # More epochs would learn few rows by heart, and few validation rows choose the best one by chance.
    Size(2_000, ENCODINGS, 8, 128, 3, 32, 30, 0.1, 0.3, 0.25),
    Size(100_000, ENCODINGS, 8, 128, 3, 128, 100, 0.1, 0.3, 0.1),
    Size(300_000, ENCODINGS, 4, 192, 3, 256, 100, 0.05, 0.5, 0.1),
    # Time is for few nets then, and those with waves are the best.
    Size(math.inf, (WAVES,), 2, 256, 2, 512, 100, 0.0, 1.0, 0.1),
)
TRAINED_ROWS = 512_000  # by each member, in all epochs together; of large tables, MOST_TRAINED_ROWS at most
MOST_TRAINED_ROWS, FEWEST_EPOCHS, USUAL_EPOCHS = 3_000_000, 2, 6
USUAL_BATCH_ROWS = 128  # for which the recipe has its learning rates; they grow by the root of the batch


def recipe_for(n: int, classes: bool) -> Recipe:
    """Return the recipe for n rows with classes, or with numbers, as target.

    A small table needs many epochs, a larger one as many rows in all, but USUAL_EPOCHS; the largest, fewer of these.
    """
    size = next(size for size in SIZES if n <= size.most_rows)
    growth = math.sqrt(size.batch_rows / USUAL_BATCH_ROWS)
    wanted = max(min(USUAL_EPOCHS, MOST_TRAINED_ROWS / n), FEWEST_EPOCHS)
    return Recipe(
        encodings=size.encodings, n_members=size.n_members, width=size.width, depth=size.depth,
        batch_rows=size.batch_rows, dropout=size.dropout if classes else 0.0, wave_scale=size.wave_scale,
        learning_rate=growth * Recipe.learning_rate, smooth_learning_rate=growth * Recipe.smooth_learning_rate,
        epochs=round(min(max(TRAINED_ROWS / n, wanted), size.most_epochs)),
        validation_fraction=size.validation_fraction,
    )  # fmt: skip
