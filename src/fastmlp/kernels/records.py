"""What kernels are given: a record or an array for each thing that a step needs, bundled in four tuples.

Nets, rows, losses and optimizers are values in these records, never types, but for what kinds.py names: few compiled
signatures serve them all. Every field that is an offset counts numbers of `work` (or of θ, for W and b).
docs/how_it_works/architecture.md, "Doors", says where further formats and kinds of rows will have their fields.
"""

from typing import NamedTuple

import numpy as np

SIZE, FLOAT = np.intp, np.float64


def record(*groups):
    """Return the dtype of a record, from groups of (type, "names")."""
    return np.dtype([(name, kind) for kind, names in groups for name in names.split()])


# One layer l: A[l-1] → A[l]. `ld_*` is a leading dimension, a vector is VECTOR_BYTES wide.
LAYER = record(
    (SIZE, "p_in p_out vectors_in vectors"),  # p[l-1], p[l], and both in vectors, rounded up
    (SIZE, "narrow"),  # the last layer, of width 1: a dot product
    (SIZE, "W b"),  # in θ; b = -1: no bias
    (SIZE, "A_in ld_in A_out Z dZ ld_out"),  # tiles; Z = -1: g' needs A only, and Z shares A's memory
    (SIZE, "packed packed_T start zeros"),  # panels of W (-1: read in θ) and of Wᵀ (-1: none), padded bias, zeros
    (SIZE, "dW ld_dW db"),  # in an accumulator
    (SIZE, "squares"),  # in sums.squares
    (SIZE, "W_together b_together"),  # rows of W, and numbers of b, that stay together when threads share them
    (SIZE, "W_group b_group"),  # in sums.optimizer: whose settings update W and b
    (SIZE, "dropped keeps_A"),  # hashes of 2^32 that drop a unit; whether Z holds A before dropout
    (FLOAT, "kept_scale"),  # 1 / (1 - p)
    (SIZE, "activation g dg clear_padding"),  # number of g; addresses of the user's own g and g'; g(0) ≠ 0
    # Of mixed nets, see mixed/blocks.py: p[l-1] and p[l] in blocks; in net.pairs, the blocks of A[l-1], dZ[l] and W[l]
    (SIZE, "blocks_in blocks A_rows A_turned D_rows D_paired W_paired W_turned"),
)

# One part of the features: what it makes of a column of X, see features/inputs.py.
FEATURE = record(
    (SIZE, "kind column first count"),  # A[0][:, first : first + count]
    (SIZE, "size constants n_constants"),  # its categories, bins or frequencies; in Net.constants
)

# One part of the features that is looked up, see features/lookups.py. Rows of all parts have one numbering.
LOOKUP = record(
    (SIZE, "kind column size constants n_constants"),  # as in FEATURE
    (SIZE, "first W"),  # number of its first row; where its rows of W[1] begin in θ
)

# The rest of the workspace, and the loss.
LAYOUT = record(
    (SIZE, "X q"),  # numbers of rows as they were gathered, q in each; with features, not in the place of A[0]
    (SIZE, "n_bins n_codes first_code first_lazy"),  # columns of bins, all codes; row of the first; first of many codes
    (SIZE, "V V_rows V_squares codes"),  # rows of W[1] that are looked up: in θ, in sums.squares; the codes' in θ
    (SIZE, "weights table ld_table scratch"),  # f of each lookup; C; for each thread a row
    (SIZE, "dT capacity slot_size slot_order"),  # in an accumulator, for so many codes; of slots in Net.touched
    (SIZE, "rows_together"),  # that one thread computes
    (SIZE, "block block_pairs ones row_blocks n_pairs"),  # of mixed nets: scratch in work and in net.pairs, …
    (SIZE, "Y w gradient gradient_size"),
    (SIZE, "columns"),  # of A, packed, for each thread; 0: no layer is wide enough to need them
    (SIZE, "loss loss_parameters"),  # number of the loss; in work, a number for each output: a quantile's level, or δ
    (SIZE, "Y_columns ld_Y"),
    (FLOAT, "least_target most_target"),  # of each of them
    (FLOAT, "averaged"),  # outputs over which the objective has the mean of J; its gradient has the sum
)

# What the numbers of the user's y are: 0 and 1 or numbers of classes, or numbers.
UINT8, INT32, FLOAT32, FLOAT64 = range(4)
TARGET_KINDS = {
    np.dtype(kind): number
    for kind, number in ((np.uint8, UINT8), (np.int32, INT32), (np.float32, FLOAT32), (np.float64, FLOAT64))
}

# The user's rows: addresses (0: no Y, no w) and strides, in bytes. w is multiplied by w_factor. Where all outputs have
# one target, Y_column_stride is 0.
ROWS = record(
    (SIZE, "X X_row_stride X_column_stride X_is_float64"),
    (SIZE, "Y Y_row_stride Y_column_stride Y_kind"),
    (SIZE, "w w_stride w_is_float64"),
    (FLOAT, "w_factor"),
)

# One random order of n rows, see shuffle.py.
ROUNDS = 5
PERMUTATION = np.dtype(
    [
        *((name, np.int64) for name in ("n", "mask", "shift", "offset")),
        *((name, np.int64, (ROUNDS,)) for name in ("keys", "factors")),
    ]
)

# One call: positions first … last-1 in batches; chunk_rows = 0: batches small enough for the shared buffers.
JOB = record(
    (SIZE, "n_threads first last batch_rows tile_rows chunk_rows accumulators"),
    (SIZE, "rows_before"),  # of the same batch, in earlier calls
    (SIZE, "backward updates links"),  # what to do: the gradient; the optimizer's steps; A[L] of Z[L]
    (SIZE, "drops seed"),  # with dropout, from this seed
    (FLOAT, "J weight"),  # in/out: Σ loss and Σ w over all completed batches
    # in/out, if optimizer.l2_per_batch: Σ over batches of rows × (J / averaged + l2/2 ‖W‖²) / Σw, and the rows of these
    (FLOAT, "objective objective_rows"),
    (SIZE, "diverged"),  # out: J of the batch behind the completed ones was not finite
)

# One for each group of parameters, as `W_group` and `b_group` of the layers say; kind, t and schedule are those of the
# first. Today there is one group.
OPTIMIZER = record(
    (SIZE, "kind t"),  # t counts steps, in and out
    (SIZE, "l2_per_batch epsilon_inside"),  # l2 stands for l2 / Σw of the batch; ε is added to √v, not to √v̂
    (SIZE, "schedule schedule_start schedule_steps"),  # of the learning rate, over steps from schedule_start on
    (FLOAT, "learning_rate momentum beta_1 beta_2 epsilon l2 weight_decay"),
)


class Team(NamedTuple):
    """The threads of one call: the shared flags (barrier.py) and the job."""

    flags: np.ndarray
    job: np.ndarray  # JOB


class Source(NamedTuple):
    """Where rows come from and in which order."""

    rows: np.ndarray  # ROWS
    order: np.ndarray  # intp, rows by position; empty: position = row
    permutations: np.ndarray  # PERMUTATION, applied one after the other
    scaling: np.ndarray  # float64 (2, p[0]): shift and factor; (0, 0): none


class Net(NamedTuple):
    """The plan of the net, its parameters and the workspace."""

    layers: np.ndarray  # LAYER
    layout: np.ndarray  # LAYOUT
    theta: np.ndarray
    work: np.ndarray
    index: np.ndarray  # intp, for each row of the buffers the user's row that lies there
    features: np.ndarray  # FEATURE; without features: empty, of another type, and A[0] = X
    lookups: np.ndarray  # LOOKUP; likewise
    constants: np.ndarray  # of both
    found: np.ndarray  # intp (rows of the buffers × lookups): the numbers of the rows that are looked up
    touched: np.ndarray  # intp, see features/lookup_gradient.py
    pairs: np.ndarray  # uint32, bfloat16 operands of products, see mixed/blocks.py; else empty, of work's dtype


class Sums(NamedTuple):
    """The optimizer with its moments, and sums in float64."""

    optimizer: np.ndarray  # OPTIMIZER, (groups)
    moments: np.ndarray  # 2|θ|: m, then v; empty for plain gradient descent
    total: np.ndarray  # |θ|
    losses: np.ndarray  # per row of the buffers, then (Σ loss, Σ w) per chunk
    squares: np.ndarray  # Σ of squares of W per TILE_ROWS rows, or per vector of a narrow layer
