"""The recipe of the tabular estimators: every number that decides what is trained, and its reason.

docs/tables.md tells what each part gave on real tables.
"""

from dataclasses import dataclass

SMOOTH, QUANTILES, TREES = "smooth", "quantiles", "trees"
SAMPLED_ROWS = 50_000  # by which bins are found: quantiles and trees hardly move with more
MOST_BINS = 16  # of a column
MOST_LEAVES = 32  # of a tree that finds bins
LEAF_SHARE = 0.002  # of the rows in each of its leaves, at least
MOST_HOT = 256  # codes of a column with inputs of their own


@dataclass(frozen=True)
class Recipe:
    """What is trained on a table: a function of its size and task alone, so that nothing measured decides.

    Attributes
    ----------
    encodings : of the members
    width, depth, activation, dropout : of their hidden layers
    epochs, batch_rows : of their training
    learning_rate, weight_decay, beta_2 : of AdamW, whose rate goes through one cycle
    validation_fraction, most_validation_rows : of the rows, that each member keeps from its training
    """

    encodings: tuple[str, ...] = (QUANTILES, TREES, SMOOTH, QUANTILES, TREES, SMOOTH)
    width: int = 128
    depth: int = 3
    activation: str = "silu"
    dropout: float = 0.1
    epochs: int = 30
    batch_rows: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    beta_2: float = 0.95
    validation_fraction: float = 0.1
    most_validation_rows: int = 20_000


def recipe_for(n: int, classes: bool) -> Recipe:
    """Return the recipe for n rows with classes, or with numbers, as target."""
    return Recipe(dropout=0.1 if classes else 0.0)
