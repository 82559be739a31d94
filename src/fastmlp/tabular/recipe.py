"""The recipe of the tabular estimators: every number that decides what is trained, and its reason.

docs/tables.md tells what each part gave on real tables.
"""

from dataclasses import dataclass

import numpy as np

from ..typing import ActivationName

NET = np.dtype(np.float32)  # the dtype of all nets

SMOOTH, QUANTILES, TREES, WAVES = "smooth", "quantiles", "trees", "waves"
SAMPLED_ROWS = 50_000  # by which bins are found: quantiles and trees hardly move with more
MOST_BINS = 16  # of a column
MOST_LEAVES = 32  # of a tree that finds bins
LEAF_SHARE = 0.002  # of the rows in each of its leaves, at least
N_WAVES = 8  # of a column
WAVE_SCALE = 0.3  # standard deviation of their frequencies, in periods per interquartile range
MOST_HOT = 256  # codes of a column with inputs of their own
TRUST = 0.8  # in learned weights, against equal ones


@dataclass(frozen=True)
class Recipe:
    """What is trained on a table: a function of its size and task alone, so that nothing measured decides.

    Attributes
    ----------
    encodings : of the members, in turn; those of one turn are validated on the same rows
    n_members : how many nets
    width, depth, activation, dropout : of their hidden layers
    epochs, batch_rows : of their training
    learning_rate, weight_decay, beta_2 : of AdamW, whose rate goes through one cycle
    validation_fraction, most_validation_rows : of the rows, that each member keeps from its training
    """

    encodings: tuple[str, ...] = (QUANTILES, TREES, WAVES, SMOOTH)
    n_members: int = 8
    width: int = 128
    depth: int = 3
    activation: ActivationName = "relu"
    dropout: float = 0.1
    epochs: float = 30
    batch_rows: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    beta_2: float = 0.95
    validation_fraction: float = 0.1
    most_validation_rows: int = 20_000


STEPS = 4000
MOST_EPOCHS = 100


def recipe_for(n: int, classes: bool) -> Recipe:
    """Return the recipe for n rows with classes, or with numbers, as target."""
    epochs = round(min(max(2, STEPS * 128 / n), MOST_EPOCHS))
    return Recipe(dropout=0.1 if classes else 0.0, epochs=epochs)
