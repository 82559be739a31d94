"""Products, packing and the head beside naive twins; padding that stays zero."""

import numba
import numpy as np
import pytest
from reference import assert_close, loss_and_gradient, recursion
from scipy.special import log_softmax, softmax

from fastmlp import Model
from fastmlp.activations import resolve_all
from fastmlp.jit.compile import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES
from fastmlp.jit.micro_kernel import AS_IS, CLIPPED, MASKED
from fastmlp.kernels import loss as loss_kernels
from fastmlp.kernels import matmul, single_output
from fastmlp.kernels.arrays import PACKED, Matrix
from fastmlp.losses import CROSS_ENTROPY, LOG_LOSS
from fastmlp.network.formats import round_up
from fastmlp.network.network import Network
from fastmlp.network.plan import Plan
from fastmlp.network.workspace import aligned_zeros
from fastmlp.rows.array import ArrayRows

DTYPES = ["float32", "float64"]
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}
SENTINEL = 7.5


@numba.njit
def multiply(M, vectors, K, A, lda, B, ldb, start, C, at_c, ldc, finish, mask):
    A, B, C = Matrix(A, 3, lda), Matrix(B, 0, ldb), Matrix(C, at_c, ldc)
    matmul.multiply(M, vectors, K, A, B, Matrix(start, 0, 0), C, finish, mask)


@numba.njit
def multiply_transposed(M, vectors, K, A, lda, B, ldb, zeros, fresh, C, ldc, columns):
    A, B, C = Matrix(A, 3, lda), Matrix(B, 0, ldb), Matrix(C, 5, ldc)
    matmul.multiply_transposed(M, vectors, K, A, B, Matrix(zeros, 0, 0), fresh, C, columns)


@numba.njit
def pack_rows(W, p, packed, at, K, vectors):
    for k in range(0, K, 5):
        matmul.pack_rows(k, min(5, K - k), Matrix(W, 0, p), Matrix(packed, at, PACKED), K, vectors)


@numba.njit
def pack_transposed(rows, W, p_in, p_out, packed, at, vectors):
    for k in range(0, p_in, rows):
        matmul.pack_transposed(k, min(rows, p_in - k), Matrix(W, 0, p_out), Matrix(packed, at, PACKED), vectors)


@numba.njit
def dot_rows(m, A, at, ld, w, b, z):
    single_output.dot_rows(m, Matrix(A, at, ld), w, b, z)


@numba.njit
def outer(dZ, w, work, dA, ld, masked, A):
    single_output.outer(dZ, w, Matrix(work, dA, ld), masked, Matrix(work, A, ld))


@numba.njit
def outer_and_sums(m, vectors, work, d, w, A, dA, ld, start_dW, start_db, dW, db):
    A, dA = Matrix(work, A, ld), Matrix(work, dA, ld)
    single_output.outer_and_sums(m, vectors, d, w, A, dA, start_dW, start_db, dW, db)


@numba.njit
def one_sigmoid(Z, Y, w, loss):
    loss_kernels.sigmoid_log_loss_1(Z, Y, w, loss)


@numba.njit
def sigmoid_log_loss(m, vectors, work, z, ld, y, ld_Y, w, loss):
    loss_kernels.sigmoid_log_loss(m, vectors, Matrix(work, z, ld), Matrix(work, y, ld_Y), w, loss)


@numba.njit
def softmax_log_loss(m, vectors, Z, ld, y, w, loss):
    loss_kernels.softmax_log_loss(m, vectors, Matrix(Z, 0, ld), y, w, loss)


@numba.njit
def softmax_rows(m, vectors, Z, ld):
    loss_kernels.softmax(m, vectors, Matrix(Z, 0, ld))


def panels(vectors):
    """Widths of the panels: as many fours, where tiles have them, as leave threes only; else threes, then twos."""
    for fours in range(vectors // 4 if TILE_VECTORS == 4 else 0, -1, -1):
        if (vectors - 4 * fours) % 3 == 0:
            return [4] * fours + [3] * ((vectors - 4 * fours) // 3)
    twos = 0 if vectors == 1 else -vectors % 3
    return [3] * ((vectors - 2 * twos) // 3) + [2] * twos + [1] * (vectors == 1)


def packed_naive(W, vectors, lanes):
    """W (K × p) in panels of columns; padded with zeros."""
    K, p = W.shape
    wide = np.zeros((K, vectors * lanes), W.dtype)
    wide[:, :p] = W
    ends = lanes * np.cumsum(panels(vectors))
    return np.concatenate([panel.ravel() for panel in np.split(wide, ends[:-1], axis=1)])


def tile_of(matrix, ld, before, rows):
    """Return a buffer with `matrix` from `before` on, leading dimension ld, room for `rows` rows, else sentinels."""
    buffer = np.full(before + rows * ld + ld, SENTINEL, matrix.dtype)
    view = buffer[before : before + rows * ld].reshape(rows, ld)
    view[: matrix.shape[0], : matrix.shape[1]] = matrix
    return buffer, view


ROWS = [*range(1, 2 * TILE_ROWS + 2), 5 * TILE_ROWS + 3]
DEPTHS = [1, 2, 3, 17, 64, 131]
VECTORS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", VECTORS)
@pytest.mark.parametrize("packed", [True, False])
def test_multiply(packed, vectors, dtype):
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    random = np.random.default_rng(vectors)
    for M in ROWS:
        for K in DEPTHS:
            W, start = random.standard_normal((K, vectors * lanes)), random.standard_normal(vectors * lanes)
            W, start = W.astype(dtype), start.astype(dtype)
            rows, lda, ldc = round_up(M, TILE_ROWS), K + 2, vectors * lanes + 3
            A_all, A = tile_of(random.standard_normal((rows, K)).astype(dtype), lda, 3, rows)
            C_all, C = tile_of(np.zeros((0, 0), dtype), ldc, 5, rows)
            B, ldb = (packed_naive(W, vectors, lanes), PACKED) if packed else (W.ravel(), vectors * lanes)
            multiply(M, vectors, K, A_all, lda, B, ldb, start, C_all, 5, ldc, AS_IS, 5)
            assert_close(C[:M, : vectors * lanes], np.float64(A[:M, :K]) @ W + start, TOLERANCE[dtype])
            assert (C[:, vectors * lanes :] == SENTINEL).all()
            assert (C_all[:5] == SENTINEL).all()
            assert (C_all[5 + rows * ldc :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", [1, 2, 3, 4])
@pytest.mark.parametrize(("finish", "naive"), [
    (CLIPPED, lambda C, mask: np.where(C < 0, 0, C)),
    (MASKED, lambda C, mask: np.where(mask > 0, C, 0)),
])  # fmt: skip
def test_multiply_finishes(finish, naive, vectors, dtype):
    """Bit by bit what a second pass would make of the product; NaN stays, as in C < 0, and masks, as in mask > 0."""
    width = vectors * (VECTOR_BYTES // np.dtype(dtype).itemsize)
    random = np.random.default_rng(vectors)
    for M in ROWS:
        K, rows = 9, round_up(M, TILE_ROWS)
        W, A = random.standard_normal((K, width)).astype(dtype), random.standard_normal((rows, K)).astype(dtype)
        A[M // 2, 0] = np.nan
        masks = random.choice([-1.0, -0.0, 0.0, 0.5, np.nan], (rows, width)).astype(dtype)
        A_all, _ = tile_of(A, K, 3, rows)
        results = []
        for how in (AS_IS, finish):
            both, _ = tile_of(np.concatenate([np.zeros_like(masks), masks]), width, 0, 2 * rows)
            multiply(M, vectors, K, A_all, K, W.ravel(), width, W[0], both, 0, width, how, rows * width)
            results.append(both[: rows * width].reshape(rows, width))
        assert (results[0] < 0).any()
        np.testing.assert_array_equal(results[1], naive(results[0], masks))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [1, 7, 16, 33, 100])
def test_dot_rows(p, dtype):
    """A yᵀ + 0.5; each row has the same bits alone, and wherever it stands among others."""
    random, most, ld = np.random.default_rng(p), 9, p + 3
    A, y = random.standard_normal((most, ld)).astype(dtype), random.standard_normal(p).astype(dtype)
    shift = A.dtype.type(0.5)

    def dots(first, m):
        work = np.concatenate([A.ravel(), np.full(m + 1, SENTINEL, dtype)])
        dot_rows(m, work, first * ld, ld, y, shift, A.size)
        assert (work[: A.size] == A.ravel()).all()
        assert work[-1] == SENTINEL
        return work[A.size : -1]

    z = dots(0, most)
    assert_close(z, np.float64(A[:, :p]) @ y + 0.5, TOLERANCE[dtype])
    for first in range(most):
        for m in range(1, most - first + 1):
            np.testing.assert_array_equal(dots(first, m), z[first : first + m])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", [True, False])
def test_outer(masked, dtype):
    """dZ wᵀ, bit by bit, and where masked 0 where A is not above 0; nothing beyond p columns is written."""
    random = np.random.default_rng(0)
    for m, p in ((1, 1), (5, 16), (4, 33), (3, 100)):
        ld, w = p + 3, random.standard_normal(p).astype(dtype)
        dZ = random.standard_normal(m).astype(dtype)
        A_all, A = tile_of(random.choice([-1.0, -0.0, 0.0, 0.5, np.nan], (m, p)).astype(dtype), ld, 0, m)
        dA_all, _ = tile_of(np.full((m, p), np.nan, dtype), ld, 0, m)
        work = np.concatenate([dZ, A_all, dA_all])
        outer(dZ, w, work, m + A_all.size, ld, masked, m)
        dA = work[m + A_all.size :][: m * ld].reshape(m, ld)
        expected = dZ[:, None] * w
        np.testing.assert_array_equal(dA[:, :p], np.where(A[:, :p] > 0, expected, 0) if masked else expected)
        assert (dA[:, p:] == SENTINEL).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", VECTORS)
def test_outer_and_sums(vectors, dtype):
    """dA as by `outer`, bit by bit; dW and db set, and then added to; nothing else is written."""
    random, p = np.random.default_rng(vectors), vectors * VECTOR_BYTES // np.dtype(dtype).itemsize
    for m in (1, 2, 7, 64):
        w, dZ = random.standard_normal(p).astype(dtype), random.standard_normal(m).astype(dtype)
        A_all, A = tile_of(random.choice([-1.0, -0.0, 0.0, 0.5, 1.5], (m, p)).astype(dtype), p + 3, 0, m)
        dA_all, _ = tile_of(np.full((m, p), np.nan, dtype), p + 3, 0, m)
        parts = [dZ, w, A_all, dA_all, np.zeros(p, dtype), *[np.full(p + 1, SENTINEL, dtype) for _ in range(2)]]
        at_w, at_A, at_dA, zeros, dW, db, end = np.cumsum([len(part) for part in parts]).tolist()
        work = np.concatenate(parts)
        for times in (1, 2):
            starts = (zeros, zeros) if times == 1 else (dW, db)
            outer_and_sums(m, vectors, work, 0, at_w, at_A, at_dA, p + 3, *starts, dW, db)
            dA_all = work[at_dA:zeros].reshape(m + 1, p + 3)
            dA = dA_all[:m, :p]
            np.testing.assert_array_equal(dA, np.where(A[:, :p] > 0, dZ[:, None] * w, 0))
            assert_close(work[dW:][:p], times * (np.float64(A[:, :p]).T @ dZ), TOLERANCE[dtype])
            assert_close(work[db:][:p], times * np.float64(dA).sum(axis=0), TOLERANCE[dtype])
        assert (dA_all[:m, p:] == SENTINEL).all()
        assert (dA_all[m] == SENTINEL).all()
        assert work[db - 1] == work[end - 1] == SENTINEL
        np.testing.assert_array_equal(work[:at_dA], np.concatenate(parts[:3]))
        assert (work[zeros:dW] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", [*VECTORS, matmul.MOST_VECTORS_UNPACKED + 1])
@pytest.mark.parametrize("fresh", [True, False])
def test_multiply_transposed_sets_or_adds(fresh, vectors, dtype):
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    random = np.random.default_rng(vectors)
    for M in (*ROWS, matmul.COLUMNS + TILE_ROWS + 1):
        for K in DEPTHS:
            columns, width = round_up(M, TILE_ROWS), vectors * lanes
            lda, ldb, ldc = columns + 1, width + 2, width + 3
            A_all, A = tile_of(random.standard_normal((K, columns)).astype(dtype), lda, 3, K)
            B_all, B = tile_of(random.standard_normal((K, width)).astype(dtype), ldb, 0, K)
            C_all, C = tile_of(random.standard_normal((columns, width)).astype(dtype), ldc, 5, columns)
            before = np.zeros_like(C) if fresh else C.copy()
            scratch = np.full(K * min(columns, matmul.COLUMNS) + 1, SENTINEL, dtype)
            work, zeros = np.concatenate([A_all, scratch]), np.zeros(width, dtype)
            multiply_transposed(M, vectors, K, work, lda, B_all, ldb, zeros, fresh, C_all, ldc, A_all.size)
            expected = before[:M, :width] + np.float64(A[:, :M]).T @ B[:, :width]
            assert_close(C[:M, :width], expected, TOLERANCE[dtype])
            assert np.array_equal(work[: A_all.size], A_all)
            assert work[-1] == SENTINEL
            assert (C[:, width:] == SENTINEL).all()
            assert (C_all[:5] == SENTINEL).all()
            assert (C_all[5 + columns * ldc :] == SENTINEL).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p_in", [1, 2, TILE_ROWS - 1, TILE_ROWS, TILE_ROWS + 1, 33, 48, 100])
def test_packing(p_in, dtype):
    lanes, at = VECTOR_BYTES // np.dtype(dtype).itemsize, 9
    for p_out in (1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 100, 128, 130):
        W = np.random.default_rng(p_out).standard_normal((p_in, p_out)).astype(dtype)
        for expected, call in (
            (packed_naive(W, -(-p_out // lanes), lanes),
             lambda W, out: pack_rows(W.ravel(), W.shape[1], out, 9, W.shape[0], -(-W.shape[1] // lanes))),
            *((packed_naive(np.ascontiguousarray(W.T), -(-p_in // lanes), lanes),
               lambda W, out, rows=rows: pack_transposed(rows, W.ravel(), *W.shape, out, 9, -(-W.shape[0] // lanes)))
              for rows in (p_in, TILE_ROWS)),
        ):  # fmt: skip
            packed = np.zeros(at + expected.size + 5, dtype)
            call(W, packed)
            np.testing.assert_array_equal(packed[at : at + expected.size], expected)
            assert not packed[:at].any()
            assert not packed[at + expected.size :].any()


# --- the head ---------------------------------------------------------------------------------------------


def logits_of(dtype):
    z = np.concatenate([np.linspace(-30, 30, 601), [0.0, 1e-20, -1e-20, 88, -88, 1e4, -1e4]]).astype(dtype)
    return np.concatenate([z, z]), np.arange(2 * len(z)).astype(dtype) // len(z)


@pytest.mark.parametrize("dtype", DTYPES)
def test_head_of_one_sigmoid(dtype):
    z, y = logits_of(dtype)
    w = np.random.default_rng(0).uniform(0, 3, len(z)).astype(dtype)
    dZ, loss, epsilon = z.copy(), np.zeros(len(z)), np.finfo(dtype).eps
    one_sigmoid(dZ, y, w, loss)
    Z = np.float64(z)
    np.testing.assert_allclose(loss, w * (np.maximum(Z, 0) - y * Z + np.log1p(np.exp(-np.abs(Z)))),
                               rtol=8 * epsilon, atol=100 * epsilon)  # fmt: skip
    np.testing.assert_allclose(dZ, w * (1 / (1 + np.exp(-Z.clip(-700, 700))) - y), rtol=0, atol=8 * epsilon)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [1, 2, 3, 17])
def test_head_of_K_sigmoids_is_the_sum_of_single_ones(K, dtype):
    z, y = logits_of(dtype)
    rows = len(z) // K
    n, ld = round_up(K, VECTOR_BYTES // z.itemsize), round_up(K, VECTOR_BYTES // z.itemsize) + 3
    w = np.random.default_rng(0).uniform(0, 3, rows).astype(dtype)
    Z, Y = np.full((rows, ld), SENTINEL, dtype), np.zeros((rows, n + 1), dtype)
    Z[:, K:n] = np.finfo(dtype).min
    Z[:, :K], Y[:, :K] = (values[: rows * K].reshape(rows, K) for values in (z, y))
    work, total, loss = np.concatenate([Z.ravel(), Y.ravel()]), np.full(rows, np.nan), np.zeros((K, rows))
    sigmoid_log_loss(rows, n * z.itemsize // VECTOR_BYTES, work, 0, ld, Z.size, n + 1, w, total)
    dZ = work[: Z.size].reshape(rows, ld)
    for k in range(K):
        single = Z[:, k].copy()
        one_sigmoid(single, Y[:, k].copy(), w, loss[k])
        np.testing.assert_allclose(dZ[:, k], single, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(total, loss.sum(axis=0), rtol=8 * np.finfo(dtype).eps)
    assert (dZ[:, K:n] == 0).all()
    assert (dZ[:, n:] == SENTINEL).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [5, 150, 1000])
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("widths", [(6, 3), (6, 17, 3), (6, 30, 9, 20), (6, 8, 300), (6, 7, 128)])
def test_a_net_with_K_outputs(widths, softmax, n, dtype):
    random, names, K = np.random.default_rng(n), ["tanh", "silu"][: len(widths) - 2], widths[-1]
    plan = Plan(
        widths,
        resolve_all(names, len(names), np.dtype(dtype)),
        True,
        np.dtype(dtype),
        CROSS_ENTROPY if softmax else LOG_LOSS,
    )
    theta = aligned_zeros(plan.n_parameters, np.dtype(dtype))
    theta[:] = random.standard_normal(theta.size) / 3
    weights, biases = plan.views(theta)
    X, w = random.standard_normal((n, widths[0])).astype(dtype), random.uniform(0.1, 2, n)
    y = random.integers(0, K, n) if softmax else random.integers(0, 2, (n, K))
    rows = ArrayRows(X, y, w, n_features=widths[0], dtype=dtype, outputs=K, loss=CROSS_ENTROPY if softmax else LOG_LOSS)
    net = Network(plan, theta)
    done, total = net.gradient(rows)
    J, dWs, dbs = loss_and_gradient(X, y, w, weights, biases, names, classes=softmax)
    tolerance = {"float32": 1e-4, "float64": 1e-11}[dtype]
    assert_close(done.J, J, tolerance)
    got_W, got_b = plan.views(total)
    for got, expected in zip(got_W + got_b, dWs + dbs, strict=True):
        assert_close(got, expected, tolerance, floor=0.1)
    _, A, _, _ = recursion(X, y, w, weights, biases, names, classes=softmax)
    assert_close(net.logits(rows, links=True), A[-1], tolerance)


def softmax_of(Z, y, w, apart=0):
    """(ℓ, dZ, probabilities) by the kernels, from logits Z (m, K) whose rows lie `apart` numbers further apart."""
    lanes = VECTOR_BYTES // Z.itemsize
    m, K = Z.shape
    n = round_up(K, lanes)
    rows = np.full((m, n + apart), SENTINEL, Z.dtype)
    rows[:, :K], rows[:, K:n] = Z, -np.inf
    both, only, targets = rows.ravel().copy(), rows.ravel().copy(), y.astype(Z.dtype)
    loss = np.full(m, np.nan)
    softmax_log_loss(m, n // lanes, both, n + apart, targets, w.astype(Z.dtype), loss)
    softmax_rows(m, n // lanes, only, n + apart)
    assert (targets == y).all()
    results = []
    for buffer in (both, only):
        padded = buffer.reshape(rows.shape)
        assert (padded[:, K:n] == 0).all()
        assert (padded[:, n:] == SENTINEL).all()
        results.append(padded[:, :K])
    return loss, *results


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [2, 7, 16, 17, 50])
def test_softmax_of_many_rows(K, dtype):
    """Each row as SciPy has it, and with the same bits alone, and wherever it stands among others."""
    random, m = np.random.default_rng(K), 9
    Z, y = (random.standard_normal((m, K)) * 5).astype(dtype), random.integers(0, K, m)
    w = random.uniform(0.5, 2, m).astype(dtype)
    loss, dZ, P = softmax_of(Z, y, w)
    expected = softmax(np.float64(Z), axis=1)
    assert_close(P, expected, 4 * np.finfo(dtype).eps)
    assert_close(dZ, w[:, None] * (expected - np.eye(K)[y]), 4 * np.finfo(dtype).eps)
    assert_close(loss, -w * log_softmax(np.float64(Z), axis=1)[np.arange(m), y], 4 * np.finfo(dtype).eps)
    for first in range(m):
        some = slice(first, first + 1 + first % 3)
        for got, whole in zip(softmax_of(Z[some], y[some], w[some], apart=3), (loss, dZ, P), strict=True):
            np.testing.assert_array_equal(got, whole[some])


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_logits_far_apart(dtype):
    eps, lowest = np.finfo(dtype).eps, np.finfo(dtype).min
    Z = np.array([[0, 1e4, -1e4], [3e38, -3e38, 0], [-700, -700, -701], [lowest] * 3], dtype)
    for y in range(3):
        loss, dZ, P = softmax_of(Z, np.full(4, y), np.full(4, 2))
        assert np.isfinite(dZ).all()
        expected = softmax(np.float64(Z), axis=1)
        np.testing.assert_allclose(dZ, 2 * (expected - np.eye(3)[y]), atol=4 * eps)
        np.testing.assert_allclose(P, expected, atol=4 * eps)
        np.testing.assert_allclose(loss, 2 * -log_softmax(np.float64(Z), axis=1)[:, y], rtol=8 * eps)


@pytest.mark.parametrize("K", [2, 16])
def test_softmax_of_no_finite_logit_is_nan(K):
    """Also where padding, whose logits are -inf as well, would make it 0."""
    work = np.full(round_up(K, VECTOR_BYTES // 4), -np.inf, np.float32)
    softmax_rows(1, work.nbytes // VECTOR_BYTES, work, work.size)
    assert np.isnan(work[:K]).all()


# --- padding ----------------------------------------------------------------------------------------------


def moved(z):
    return z + 0.5


def slope(z):
    return 1.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [37, 1000])
@pytest.mark.parametrize("activation", ["relu", "logistic", "softplus", "own", "tanh", "gelu"])
def test_padding_of_A_and_dZ_stays_zero(activation, batch_size, dtype):
    random = np.random.default_rng(0)
    X, y = random.standard_normal((1037, 3)), random.integers(0, 2, 1037)
    g = (moved, slope) if activation == "own" else activation
    model = Model([3, 5, 17, 1], g, dtype=dtype).fit(X, y, epochs=2, batch_size=batch_size)
    [((rows, *_), workspace)] = model._network._workspaces._idle.items()
    for l, layer in enumerate(workspace.net.layers):
        names = [("A_in", "ld_in", "p_in")] + [("dZ", "ld_out", "p_out")] * (l < 2)
        for at, ld, p in ((int(layer[field]) for field in name) for name in names):
            tile = workspace.net.work[at : at + round_up(rows, TILE_ROWS) * ld].reshape(-1, ld)
            assert tile[:, :p].any()
            assert ld > p
            assert not tile[:, p:].any()
    for l, dW in enumerate(workspace.net.layers["dW"][:-1]):
        p_in, p_out, ld = (int(workspace.net.layers[l][name]) for name in ("p_in", "p_out", "ld_dW"))
        at = int(workspace.net.layout["gradient"][0] + dW)
        tile = workspace.net.work[at : at + p_in * ld].reshape(p_in, ld)
        assert tile[:, :p_out].any()
        assert not tile[:, p_out:].any()
