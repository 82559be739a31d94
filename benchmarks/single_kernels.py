"""Each kernel alone, in float32, on data that lies in the caches: for asv (kernels.py) and pytest-benchmark.

A kernel is called from a loop in compiled code. Each entry of KERNELS builds (run, amount, unit): run() does
the work once; the amount is that of one run. The products are compared with NumPy before they are timed.
"""

import numba
import numpy as np

from fastmlp.jit.compile import VECTOR_BYTES
from fastmlp.jit.micro_kernel import AS_IS
from fastmlp.kernels import activations, matmul, optimizers, shuffle, single_output
from fastmlp.kernels.arrays import PACKED, Matrix
from fastmlp.kernels.loss import sigmoid_log_loss_1, softmax_log_loss
from fastmlp.kernels.numeric_losses import half_poisson_deviance, huber, numeric_loss, pinball
from fastmlp.kernels.records import OPTIMIZER
from fastmlp.network.workspace import aligned_zeros
from fastmlp.optimizers import Adam

from .reference import LOSSES

ROWS, K, P = 96, 256, 240  # a tile of rows; p[l-1]; p[l] in whole panels of 3 vectors of 16, 8 or 4
NUMBERS = 8192
LANES = VECTOR_BYTES // 4
REPEATS = 20  # in one run


def aligned(shape, random):
    array = aligned_zeros(int(np.prod(shape)), np.dtype(np.float32))
    array[:] = random.standard_normal(array.size)
    return array


@numba.njit(nogil=True)
def run_packed(times, A, B, start, C):
    for _ in range(times):
        B_packed, first = Matrix(B, 0, PACKED), Matrix(start, 0, 0)
        matmul.multiply(ROWS, P // LANES, K, Matrix(A, 0, K), B_packed, first, Matrix(C, 0, P), AS_IS, 0)


@numba.njit(nogil=True)
def run_transposed(times, A, B, start, C, fresh):
    for _ in range(times):
        zeros, dW = Matrix(start, 0, 0), Matrix(C, 0, P)
        matmul.multiply_transposed(K, P // LANES, ROWS, Matrix(A, 0, K), Matrix(B, 0, P), zeros, fresh, dW, ROWS * K)


@numba.njit(nogil=True)
def run_pack(times, W, packed):
    for _ in range(times):
        matmul.pack_rows(0, K, Matrix(W, 0, P), Matrix(packed, 0, PACKED), K, P // LANES)


@numba.njit(nogil=True)
def run_pack_transposed(times, W, packed):
    for _ in range(times):
        matmul.pack_transposed(0, K, Matrix(W, 0, P), Matrix(packed, 0, PACKED), (K + LANES - 1) // LANES)


def packed_product():
    """C = A W over a tile of rows."""
    random = np.random.default_rng(0)
    A, W, C = aligned((ROWS, K), random), aligned((K, P), random), aligned((ROWS, P), random)
    packed, start = aligned((K, P), random), np.zeros(P, np.float32)
    run_pack(1, W, packed)
    run_packed(1, A, packed, start, C)
    np.testing.assert_allclose(C.reshape(ROWS, P), A.reshape(ROWS, K) @ W.reshape(K, P), atol=1e-3)
    return lambda: run_packed(REPEATS, A, packed, start, C), 2 * ROWS * K * P * REPEATS, "flop"


def transposed_product():
    """C = Aᵀ B over a tile of rows."""
    random = np.random.default_rng(0)
    A, B, C = aligned((ROWS, K + matmul.COLUMNS), random), aligned((ROWS, P), random), aligned((K, P), random)
    start = np.zeros(P, np.float32)
    run_transposed(1, A, B, start, C, True)
    np.testing.assert_allclose(C.reshape(K, P), A[: ROWS * K].reshape(ROWS, K).T @ B.reshape(ROWS, P), atol=1e-3)
    return lambda: run_transposed(REPEATS, A, B, start, C, True), 2 * ROWS * K * P * REPEATS, "flop"


def packing():
    random = np.random.default_rng(0)
    W, packed = aligned((K, P), random), aligned((K, P), random)
    run_pack(1, W, packed)
    return lambda: run_pack(REPEATS, W, packed), K * P * REPEATS, "number"


def packing_transposed():
    random = np.random.default_rng(0)
    W, packed = aligned((K, P), random), aligned((K + LANES, P), random)
    run_pack_transposed(1, W, packed)
    return lambda: run_pack_transposed(REPEATS, W, packed), K * P * REPEATS, "number"


def elementwise(kernel, two=False):
    """Compute an activation over a block: in place, or from Z to A."""

    @numba.njit(nogil=True)
    def run_one(times, Z, A):
        for _ in range(times):
            A[:] = Z
            kernel(A)

    @numba.njit(nogil=True)
    def run_two(times, Z, A):
        for _ in range(times):
            kernel(Z, A)

    run = run_two if two else run_one

    def build():
        random = np.random.default_rng(0)
        Z, A = aligned(NUMBERS, random), aligned(NUMBERS, random)
        run(1, Z, A)
        assert np.isfinite(A).all()
        return lambda: run(REPEATS, Z, A), NUMBERS * REPEATS, "number"

    return build


@numba.njit(nogil=True)
def run_head(times, Z, logits, Y, w, loss):
    for _ in range(times):
        Z[:] = logits
        sigmoid_log_loss_1(Z, Y, w, loss)


def one_sigmoid():
    random = np.random.default_rng(0)
    Z, logits, w, loss = aligned(NUMBERS, random), aligned(NUMBERS, random), np.ones(NUMBERS, "f4"), np.zeros(NUMBERS)
    Y = np.float32(logits > 0)
    run_head(1, Z, logits, Y, w, loss)
    np.testing.assert_allclose(loss, np.log1p(np.exp(-np.abs(np.float64(logits)))), atol=1e-6)
    return lambda: run_head(REPEATS, Z, logits, Y, w, loss), NUMBERS * REPEATS, "row"


@numba.njit(nogil=True)
def run_softmax(times, Z, logits, y, w, loss):
    for _ in range(times):
        Z[:] = logits
        softmax_log_loss(len(loss), 1, Matrix(Z, 0, LANES), y, w, loss)


def softmax():
    """Rows of half a vector: most nets have fewer classes than a vector has lanes."""
    random = np.random.default_rng(0)
    rows, classes = NUMBERS // LANES, LANES // 2
    logits, y = aligned((rows, LANES), random).reshape(rows, LANES), random.integers(0, classes, rows)
    logits[:, classes:] = -np.inf
    work, flat, targets = logits.flatten(), logits.ravel(), np.float32(y)
    w, loss = np.ones(rows, "f4"), np.zeros(rows)
    run_softmax(1, work, flat, targets, w, loss)
    e = np.exp(np.float64(logits))
    np.testing.assert_allclose(loss, np.log(e.sum(axis=1)) - logits[np.arange(rows), y], atol=1e-6)
    return lambda: run_softmax(REPEATS, work, flat, targets, w, loss), rows * REPEATS, "row"


def numeric(f, naive, parameter=0.0):
    """Compute a loss of one output whose target is a number, and its slope."""

    @numba.njit(nogil=True)
    def run(times, Z, outputs, Y, w, parameters, loss):
        for _ in range(times):
            Z[:] = outputs
            numeric_loss(f, True, NUMBERS, 1, Matrix(Z, 0, 1), Matrix(Y, 0, 1), w, parameters, loss)

    def build():
        random = np.random.default_rng(0)
        Z, outputs, Y = aligned(NUMBERS, random), aligned(NUMBERS, random), random.poisson(2, NUMBERS).astype("f4")
        w, parameters, loss = np.ones(NUMBERS, "f4"), np.array([parameter], "f4"), np.zeros(NUMBERS)
        run(1, Z, outputs, Y, w, parameters, loss)
        np.testing.assert_allclose(loss, naive(np.float64(outputs), np.float64(Y)), rtol=1e-4, atol=1e-5)
        return lambda: run(REPEATS, Z, outputs, Y, w, parameters, loss), NUMBERS * REPEATS, "row"

    return build


@numba.njit(nogil=True)
def run_rank_1(times, work, A, dA, dW):
    for _ in range(times):
        single_output.outer_and_sums(
            ROWS, K // LANES, 0, ROWS, Matrix(work, A, K), Matrix(work, dA, K), dW, dW + K, dW, dW + K
        )


def rank_1():
    """dZ, dW and db of a tile of rows, below a last layer of width 1."""
    random = np.random.default_rng(0)
    work = aligned(ROWS + K + 2 * ROWS * K + 2 * K, random)
    work[-2 * K :] = 0
    A, dA, dW = ROWS + K, ROWS + K + ROWS * K, ROWS + K + 2 * ROWS * K
    run_rank_1(1, work, A, dA, dW)
    np.testing.assert_allclose(work[dW : dW + K], work[:ROWS] @ work[A:dA].reshape(ROWS, K), atol=1e-4)
    return lambda: run_rank_1(REPEATS, work, A, dA, dW), ROWS * K * REPEATS, "number"


@numba.njit(nogil=True)
def run_update(times, optimizer, theta, G, moments):
    for _ in range(times):
        optimizers.update(optimizer[0], (1e-3, 1e-8, 0.0), theta, G, moments, 0, 1.0, True)


def adam():
    random = np.random.default_rng(0)
    theta, G, moments = aligned(NUMBERS, random), aligned(NUMBERS, random), np.abs(aligned(2 * NUMBERS, random))
    record = Adam().record(0.0)
    assert record.dtype == OPTIMIZER
    run_update(1, record, theta, G, moments)
    return lambda: run_update(REPEATS, record, theta, G, moments), NUMBERS * REPEATS, "number"


def shuffling():
    out, order = np.zeros(NUMBERS, np.intp), shuffle.permutation(1_000_000, 0, 1)
    shuffle.permuted_rows(0, order, out)
    return lambda: shuffle.permuted_rows(0, order, out), NUMBERS, "row"


KERNELS = {
    "A W": packed_product,
    "Aᵀ dZ": transposed_product,
    "pack W": packing,
    "pack Wᵀ": packing_transposed,
    "tanh": elementwise(activations.tanh_forward),
    "logistic": elementwise(activations.logistic_forward),
    "softplus": elementwise(activations.softplus_forward),
    "gelu": elementwise(activations.gelu_forward, two=True),
    "silu": elementwise(activations.silu_forward, two=True),
    "sigmoid and log loss": one_sigmoid,
    "softmax and log loss": softmax,
    "squared error": numeric(huber, LOSSES["squared_error"][0], np.inf),
    "poisson": numeric(half_poisson_deviance, LOSSES["poisson"][0]),
    "pinball": numeric(pinball, lambda Z, Y: ((Y < Z) - 0.5) * (Z - Y), 0.5),
    "rank-1 update": rank_1,
    "adam": adam,
    "shuffle": shuffling,
}
