"""ℓ and dZ[L] of the losses of numbers, beside their naive twins in long doubles, logit by logit."""

import numba
import numpy as np
import pytest
from numeric_losses import LOSSES, outputs_of
from reference import pinball, poisson

from fastmlp import Model
from fastmlp.kernels import numeric_losses
from fastmlp.kernels.arrays import Matrix

DTYPES = ["float32", "float64"]
ONE_LEVEL = [name for name, case in LOSSES.items() if case.outputs in (None, 1)]
SEPARATE = [name for name in LOSSES if outputs_of(name, 2) == 2]
WIDTHS = [2, 3, 8, 9, 17, 33]  # of K outputs, of which vectors have a rest


def heads(Z, Y, settings, dtype, w=None):
    """J, dZ[L] (n, K) and predictions (n, K), for logits Z (n, K): of a net of one layer whose W is Z and X is 1."""
    results = []
    for i, z in enumerate(Z):
        model = Model([1, z.size], bias=False, dtype=dtype, **settings)
        model.parameters[:] = z
        J, gradient = model.loss_and_gradient(np.ones((1, 1), dtype), Y[i : i + 1], None if w is None else w[i : i + 1])
        results.append((J, gradient.parameters.copy(), model.predict(np.ones((1, 1), dtype)).reshape(z.size)))
    return tuple(np.array(part) for part in zip(*results, strict=True))


def numbers(name, shape, dtype, seed=0):
    """Logits and targets near and far from each other, and equal ones, as far as the loss has them."""
    random = np.random.default_rng(seed)
    z = random.standard_normal(shape) * random.choice([0.1, 3, 20], shape)
    y = z + random.standard_normal(shape) * random.choice([0.01, 1, 10], shape)
    if name == "poisson":
        y = np.floor(np.exp(np.clip(y, -2, 14)))
        z = np.where(random.random(shape) < 0.3, np.log(np.maximum(y, 1)), z)
    else:
        z = np.where(random.random(shape) < 0.2, y, z)
    return z.astype(dtype), y.astype(dtype)


def rounding(name, z, y):
    """How far ℓ and dℓ/dz may be moved by one rounding of each number that they are made of, in units of eps."""
    z, y = z.astype(np.longdouble), y.astype(np.longdouble)
    if name == "poisson":
        mean = np.exp(np.minimum(z, 700))
        logs = 1 + np.abs(z) + np.abs(np.log(np.maximum(y, 1)))
        return np.abs(mean - y) * logs, mean * logs + y
    r = np.abs(z) + np.abs(y)
    return r * np.maximum(np.abs(z - y), 1), r + 1


def twin_of(name, dtype):
    return LOSSES[name].twin(np.dtype(dtype))


def long(*arrays):
    return tuple(np.asarray(array).astype(np.longdouble) for array in arrays)


@pytest.mark.parametrize("name", ONE_LEVEL)
def test_slopes_of_the_twins_are_complex_steps_of_their_losses(name):
    """So that one slip cannot stand in both: no dℓ/dz is written down for the step."""
    twin, (z, y) = twin_of(name, "float64"), numbers(name, 4000, "float64")
    apart = z != y
    step, slope = twin.value(z + 1e-30j, y).imag / 1e-30, twin.slope(z, y)
    scale = rounding(LOSSES[name].settings["loss"], z, y)[1]
    assert (np.abs(step - slope)[apart] <= 1e-14 * scale[apart]).all()
    assert (twin.value(*long(z, y)) > -1e-15 * scale * (1 + np.abs(z))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE_LEVEL)
def test_one_output(name, dtype):
    settings, twin = LOSSES[name].settings, twin_of(name, dtype)
    z, y = numbers(name, 400, dtype)
    w = np.random.default_rng(1).uniform(0.1, 3, 400).astype(dtype)
    J, dZ, predicted = heads(z[:, None], y, settings, dtype, w)
    z, y, w = long(z, y, w)
    eps, (of_loss, of_slope) = np.finfo(dtype).eps, rounding(settings["loss"], z, y)
    expected = w * twin.value(z, y)
    of_twin = 8 * np.finfo(np.longdouble).eps * of_slope * (1 + np.abs(z))  # whose terms cancel where ℓ is 0
    assert (np.abs(J - expected) <= 8 * eps * (expected + w * of_loss) + w * of_twin).all()
    assert (np.abs(dZ[:, 0] - w * twin.slope(z, y)) <= 8 * eps * w * of_slope).all()
    np.testing.assert_allclose(predicted[:, 0], twin.link(z).astype(float), rtol=8 * eps * 40)
    assert (J >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", WIDTHS)
@pytest.mark.parametrize("name", SEPARATE)
def test_K_outputs_are_the_sum_of_single_ones(name, K, dtype):
    settings = LOSSES[name].settings
    z, y = numbers(name, (5, K), dtype, K)
    w = np.linspace(0.5, 2, 5).astype(dtype)
    J, dZ, predicted = heads(z, y, settings, dtype, w)
    single = [heads(z[:, k : k + 1], y[:, k], settings, dtype, w) for k in range(K)]
    rtol = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(J, sum(one[0] for one in single), rtol=rtol * K)
    scale = np.abs(w[:, None] * rounding(settings["loss"], z, y)[1].astype(float))
    assert (np.abs(dZ - np.column_stack([one[1] for one in single])) <= rtol * scale).all()
    np.testing.assert_allclose(predicted, np.column_stack([one[2] for one in single]), rtol=rtol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", WIDTHS)
def test_several_quantiles_have_one_target(K, dtype):
    levels = np.linspace(0.02, 0.97, K)
    settings = {"loss": "quantile", "quantile": levels.tolist()}
    z, _ = numbers("quantile", (30, K), dtype, K)
    y = numbers("quantile", 30, dtype)[1]
    z[::3, 1] = y[::3]
    J, dZ, predicted = heads(z, y, settings, dtype)
    long_z, long_y = long(z, y[:, None])
    twin = pinball(levels.astype(np.longdouble))
    expected = twin.value(long_z, long_y)
    eps = np.finfo(dtype).eps
    assert (np.abs(J - expected.sum(axis=1)) <= 8 * eps * (expected + np.abs(z) + np.abs(y)[:, None]).sum(axis=1)).all()
    np.testing.assert_allclose(dZ, twin.slope(long_z, long_y).astype(float), atol=eps)
    np.testing.assert_array_equal(predicted, np.sort(z, axis=1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", [0.1, 0.5, 0.75])
def test_the_slope_at_the_target_is_that_from_the_left(level, dtype):
    z = np.array([[-3.0], [0.0], [7.25]], dtype)
    J, dZ, _ = heads(z, z[:, 0], {"loss": "quantile", "quantile": level}, dtype)
    assert (J == 0).all()
    assert (dZ == np.dtype(dtype).type(-level)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("name", ONE_LEVEL)
def test_logits_far_away_are_finite_and_right(name, K, dtype):
    K = outputs_of(name, K)
    settings, twin = LOSSES[name].settings, twin_of(name, dtype)
    for far in (1e4, -1e4):
        z, y = np.full((2, K), far, dtype), np.array([[0.0] * K, [3.0] * K], dtype)
        J, dZ, predicted = heads(z, y[:, 0] if K == 1 else y, settings, dtype)
        z, y = long(z, y)
        rtol = 1e-3 if name == "poisson" else 1e-6  # exp(log(max / 4)), whose argument is rounded
        expected = np.minimum(twin.value(z, y), np.finfo(np.float64).max / 4).sum(axis=1)
        np.testing.assert_allclose(J, expected.astype(float), rtol=rtol)
        np.testing.assert_allclose(dZ, twin.slope(z, y).astype(float), rtol=rtol)
        np.testing.assert_allclose(predicted, twin.link(z).astype(float), rtol=rtol, atol=1e-37)
        assert np.isfinite(J).all()
        assert np.isfinite(dZ).all()


@numba.njit
def of_column(f, z, y, w, parameter, loss):
    numeric_losses.numeric_loss(f, True, len(z), 1, Matrix(z, 0, 1), Matrix(y, 0, 1), w, parameter, loss)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", [numeric_losses.huber, numeric_losses.pinball, numeric_losses.half_poisson_deviance])
def test_a_row_has_the_same_bits_alone_and_wherever_it_stands(f, dtype):
    """Where a tile begins and ends depends on the number of threads: the rest of a loop is as its vectors."""
    z, y = numbers("poisson", 71, dtype, 5)
    w, parameter = np.random.default_rng(6).uniform(0.1, 3, 71).astype(dtype), np.full(1, 0.3, dtype)
    losses, slopes = np.empty(71), z.copy()
    of_column(f, slopes, y.copy(), w, parameter, losses)
    for first in range(71):
        for m in {1, 3, 71 - first}:
            rows = slice(first, first + m)
            loss, slope = np.empty(len(z[rows])), z[rows].copy()
            of_column(f, slope, y[rows].copy(), w[rows].copy(), parameter, loss)
            np.testing.assert_array_equal(loss, losses[rows])
            np.testing.assert_array_equal(slope, slopes[rows])


class TestPoisson:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_no_events(self, dtype):
        """ℓ = e^z where y is 0: no log of 0, no 0 times infinity."""
        z = np.array([[-1e4], [-60.0], [-3.0], [0.0], [5.0]], dtype)
        J, dZ, _ = heads(z, np.zeros(5), {"loss": "poisson"}, dtype)
        np.testing.assert_allclose(J, np.exp(z[:, 0].astype(float)), rtol=1e-6, atol=1e-37)
        np.testing.assert_allclose(dZ[:, 0], np.exp(z[:, 0].astype(float)), rtol=1e-6, atol=1e-37)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("y", [1.0, 2.0, 1e3, 1e6, 1e30])
    def test_the_loss_is_0_at_the_best_logit_and_never_below(self, y, dtype):
        best = np.log(np.dtype(dtype).type(y))
        near = best + np.array([0, 1e-6, -1e-6, 1e-3, -1e-3, 0.1, -0.1], dtype)
        J, _, _ = heads(near[:, None].astype(dtype), np.full(7, y, dtype), {"loss": "poisson"}, dtype)
        assert (J >= 0).all()
        assert J[0] <= y * (np.finfo(dtype).eps * max(best, 1)) ** 2
        u = near.astype(np.longdouble) - np.log(np.longdouble(np.dtype(dtype).type(y)))
        expected = y * (np.expm1(u) - u)
        error = 8 * np.finfo(dtype).eps * (expected + y * np.abs(np.expm1(u)) * (1 + abs(best)))
        assert (np.abs(J - expected) <= error + y * (4 * np.finfo(dtype).eps * max(best, 1)) ** 2).all()

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_beyond_the_bound_it_goes_on_as_a_line(self, dtype):
        largest = np.finfo(dtype).max
        last = float(np.log(largest) - np.log(np.dtype(dtype).type(4)))
        z = np.array([[last + 1], [last + 2], [last + 3], [1e3 + last]], dtype)
        J, dZ, predicted = heads(z, np.full(4, 5.0), {"loss": "poisson"}, dtype)
        np.testing.assert_allclose(dZ, largest / 4, rtol=1e-3)
        assert len(set(dZ[:, 0].tolist())) == 1
        np.testing.assert_allclose(predicted, largest / 4, rtol=1e-3)
        if dtype == "float32":  # beyond its largest number, float64 has more
            np.testing.assert_allclose(J / float(largest), np.array([2, 3, 4, 1001]) / 4, rtol=1e-3)
        near = np.array([[[last - 1e-2]], [[last]]], dtype)
        below, above = (heads(z, np.ones(1), {"loss": "poisson"}, dtype) for z in near)
        assert below[0] < above[0]
        assert below[1] <= above[1] <= largest / 4 * (1 + 1e-3)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_tiny_targets(self, dtype):
        """log y is far below 0, and z - log y far beyond what an exponential takes: rates are like that."""
        z = np.array([[-50.0], [0.0], [5.0], [40.0]], dtype)
        for y in (1e-20, 1e-30, float(np.finfo(dtype).tiny)):
            J, dZ, _ = heads(z, np.full(4, y, dtype), {"loss": "poisson"}, dtype)
            twin, (long_z, long_y) = poisson(np.dtype(dtype)), long(z, np.full((4, 1), y, dtype))
            rtol = 100 * np.finfo(dtype).eps
            np.testing.assert_allclose(J, twin.value(long_z, long_y)[:, 0].astype(float), rtol=rtol, atol=1e-37)
            np.testing.assert_allclose(dZ, twin.slope(long_z, long_y).astype(float), rtol=rtol, atol=1e-37)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_counts_as_large_as_the_dtype_has(self, dtype):
        y = np.array([np.finfo(dtype).max / 8, np.finfo(dtype).tiny], dtype)
        J, dZ, _ = heads(np.zeros((2, 1), dtype), y, {"loss": "poisson"}, dtype)
        np.testing.assert_allclose(dZ[:, 0], 1 - y, rtol=1e-6)
        assert np.isfinite(J).all()
        expected = np.minimum(poisson(dtype).value(*long(np.zeros(2), y)), np.finfo(np.float64).max / 4)
        np.testing.assert_allclose(J, expected.astype(float), rtol=1e-5)
