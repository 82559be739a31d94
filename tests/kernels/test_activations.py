"""The scalar polynomials, and every g and g' over a block, beside SciPy's functions."""

import numba
import numpy as np
import pytest
from reference import FUNCTIONS
from scipy.special import expit, log1p, ndtr

from fastmlp.jit import scalar_math
from fastmlp.jit.scalar_math import root
from fastmlp.kernels import activations

DTYPES = ["float32", "float64"]
ULPS = 4  # relative errors below are in units of the last place, where nothing else is said


def over(function):
    """Return a scalar function of kernels, callable on an array from Python."""

    @numba.njit
    def call(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = function(x[i])
        return out

    return call


def on_block(kernel, arguments):
    """Return a block kernel, callable from Python."""
    if arguments == 1:

        @numba.njit
        def call(x):
            kernel(x)
    else:

        @numba.njit
        def call(x, out):
            kernel(x, out)

    return call


def negative_numbers(dtype):
    tiny = np.finfo(dtype).tiny
    lowest = {"float32": -87.0, "float64": -708.0}[dtype]
    x = np.concatenate([[0, tiny, 1e-30], np.geomspace(1e-12, -0.999 * lowest, 5000), np.linspace(0, 3, 3001)])
    return -x.astype(dtype)


def numbers(dtype, largest=30.0):
    half = np.concatenate([[0.0], np.geomspace(1e-12, largest, 2000), np.linspace(0, 6, 2001)])
    return np.concatenate([half, -half]).astype(dtype)


def assert_ulps(got, expected, ulps, absolute=0.0):
    """got, in its dtype, beside float64 numbers: within so many units of the last place, or `absolute`."""
    epsilon = np.finfo(got.dtype).eps
    np.testing.assert_allclose(np.float64(got), expected, rtol=ulps * epsilon, atol=absolute * epsilon)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "exact"), [("exp", np.exp), ("expm1_negative", np.expm1)])
def test_exponentials(name, exact, dtype):
    x = negative_numbers(dtype)
    assert_ulps(over(getattr(activations, name))(x), exact(np.float64(x)), ULPS)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_of_positive_numbers_up_to_its_limit(dtype):
    limit = np.log(float(np.finfo(dtype).max) / 4)
    x = np.linspace(0, limit, 20_001).astype(dtype)
    assert_ulps(over(scalar_math.exp)(x), np.exp(np.float64(x)), ULPS)
    assert over(scalar_math.exp_limit)(x[:1]) == np.dtype(dtype).type(limit)


@pytest.mark.parametrize("dtype", DTYPES)
def test_log(dtype):
    tiny, largest = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    powers = np.exp(np.linspace(np.log(tiny), np.log(largest), 20_001)[1:-1])
    x = np.concatenate([[tiny, largest], powers, np.linspace(0.5, 2, 20_001)]).astype(dtype)
    assert_ulps(over(scalar_math.log)(x), np.log(np.float64(x)), ULPS)
    below = over(scalar_math.log)(np.array([0, tiny / 4], dtype))
    np.testing.assert_allclose(below, np.log(tiny), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_of_very_negative_numbers_is_next_to_zero_and_finite(dtype):
    x = np.array([-1e3, -1e4, -1e30, -np.inf], dtype)
    e = over(scalar_math.exp)(x)
    assert np.isfinite(e).all()
    assert (e >= 0).all()
    assert (e < 4 * np.finfo(dtype).tiny).all()
    np.testing.assert_array_equal(over(scalar_math.expm1_negative)(x), -1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_log1p(dtype):
    x = np.concatenate([[0, 1], np.geomspace(1e-30, 1, 5000), np.linspace(0, 1, 3001)]).astype(dtype)
    assert_ulps(over(scalar_math.log1p_unit)(x), log1p(np.float64(x)), ULPS)


@pytest.mark.parametrize("exponent", [-98, -40, 0, 124])
def test_root_is_rounded_as_the_machine_rounds_it(exponent):
    """All float32 from 2^exponent to 4 times that."""
    first = np.float32(2.0**exponent).view(np.int32)
    x = np.arange(first, first + 2**24, dtype=np.int32).view(np.float32)
    np.testing.assert_array_equal(over(root)(x), np.sqrt(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_root_at_the_ends(dtype):
    limits = np.finfo(dtype)
    x = np.array([0, limits.tiny, 1e-37, limits.max, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(over(root)(x), np.sqrt(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "exact"), [("sigmoid", expit), ("tanh", np.tanh)])
def test_sigmoid_and_tanh(name, exact, dtype):
    x = numbers(dtype)
    assert_ulps(over(getattr(activations, name))(x), exact(np.float64(x)), ULPS)
    extreme = np.array([-1e4, 1e4], dtype)
    np.testing.assert_allclose(over(getattr(activations, name))(extreme), exact(np.float64(extreme)), atol=1e-37)


def test_normal_cdf_of_float32_is_absolutely_good():
    x = numbers("float32", 8.0)
    assert_ulps(over(scalar_math.normal_cdf)(x), ndtr(np.float64(x)), 0, 2)


def test_normal_cdf_of_float64_is_relatively_good_in_its_tail():
    x = numbers("float64", 8.0)
    assert_ulps(over(scalar_math.normal_cdf)(x), ndtr(x), 64)


# Units of the last place, absolute; times max(1, |z|) for what grows with z.
# (relu is done as products are stored: test_kernels.py.)
FORWARD = dict(leaky_relu=1, tanh=1, logistic=1, elu=2, selu=4, softplus=3, gelu=2, silu=2)
BACKWARD = dict(leaky_relu=1, tanh=3, logistic=1, elu=2, selu=4, softplus=3, gelu=3, silu=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FORWARD)
def test_forward(name, dtype):
    z = numbers(dtype)
    A = np.full_like(z, np.nan) if name in ("gelu", "silu") else z.copy()
    kernel = getattr(activations, f"{name}_forward")
    on_block(kernel, 2)(z, A) if name in ("gelu", "silu") else on_block(kernel, 1)(A)
    z = np.float64(z)
    grow = np.maximum(1, np.abs(z))
    assert_ulps((A / grow).astype(dtype), FUNCTIONS[name][0](z) / grow, 0, FORWARD[name] + 0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKWARD)
def test_backward_multiplies_by_the_derivative(name, dtype):
    """g' from A, as forward left it in the kernel's precision, or from Z."""
    z = numbers(dtype)
    from_Z = name in ("gelu", "silu")
    place = z if from_Z else FUNCTIONS[name][0](np.float64(z)).astype(dtype)
    expected = FUNCTIONS[name][1](np.float64(z), z > 0)
    dZ = np.full(z.shape, -3, dtype)
    on_block(getattr(activations, f"{name}_backward"), 2)(place, dZ)
    grow = np.maximum(1, np.abs(z)) if from_Z else 1
    assert_ulps((dZ / (-3 * grow)).astype(dtype), expected / grow, 0, BACKWARD[name] + 0.5)


@pytest.mark.parametrize("name", ["relu", *BACKWARD])
def test_the_oracles_derivatives_are_those_of_its_functions(name):
    z = np.linspace(-6, 6, 240)  # without 0
    h = 1e-6
    g, dg = FUNCTIONS[name]
    np.testing.assert_allclose(dg(z, z > 0), (g(z + h) - g(z - h)) / (2 * h), atol=1e-8)
