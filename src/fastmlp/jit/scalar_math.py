"""Scalar functions as polynomials, so that LLVM can run them on whole vectors; Numba has no SVML for that."""

import math

import numpy as np
from numba import types
from numba.extending import overload

from .compile import INNER, OPTIONS, SLOW_ROOT, kernel
from .intrinsics import fma

LN2_HIGH = {np.float32: 0.693359375, np.float64: 0.6931471803691238}
LN2_LOW = {np.float32: -2.12194440e-4, np.float64: 1.9082149292705877e-10}
LOWEST = {np.float32: -87.0, np.float64: -708.0}  # e^x stays a normal number
TERMS_EXP = {np.float32: 7, np.float64: 13}  # the rest of the series is below half an ulp for |r| <= ln(2)/2
TERMS_LOG = {np.float32: 7, np.float64: 16}
TERMS_WAVE = {np.float32: 7, np.float64: 11}  # for angles up to π/2

# The first guess of 1/√x, and a step of Newton's with a constant that leaves it within 8.8e-4: Walczyk, Moroz &
# Cieśliński 2021, Improving the Accuracy of the Fast Inverse Square Root by Modifying Newton-Raphson Corrections.
MAGIC, NEWTON = np.int32(0x5F376908), np.float32(1.50087896)


def by_dtype(build):
    """Make build(T), which returns a scalar function of T, callable as one function from kernels."""

    def function(x):
        return build(np.float32 if isinstance(x, np.float32) else np.float64)(x)

    def choose(x):
        return build({types.float32: np.float32, types.float64: np.float64}[x])

    overload(function, jit_options={**OPTIONS, **INNER})(choose)
    function.__doc__ = build.__doc__
    return function


def horner(T, coefficients):
    """Build the polynomial c0 + x (c1 + x (c2 + …)); LLVM unrolls the loop."""
    constants = tuple(T(c) for c in reversed(coefficients))

    @kernel
    def polynomial(x):
        total = constants[0]
        for c in constants[1:]:
            total = fma(total, x, c)
        return total

    return polynomial


def reduced_exp(T):
    """Build x → (2^k, e^r - 1) where x = k ln 2 + r and |r| <= ln(2)/2, for x from LOWEST to the limit of `exp`."""
    series = horner(T, [1 / math.factorial(i) for i in range(1, TERMS_EXP[T] + 1)])
    high, low, lowest = T(-LN2_HIGH[T]), T(-LN2_LOW[T]), T(LOWEST[T])
    per_ln2, half = T(1 / math.log(2)), T(0.5)
    integer, shift, bias = (
        (np.int32, np.int32(23), np.int32(127)) if T is np.float32 else (np.int64, np.int64(52), np.int64(1023))
    )

    @kernel
    def reduce(x):
        number = x if x > lowest else lowest
        k = np.floor(fma(number, per_ln2, half))
        x = lowest if x < lowest else x
        r = fma(k, low, fma(k, high, x))
        power = integer((integer(k) + bias) << shift)
        return power.view(T), r * series(r)

    return reduce


@by_dtype
def exp(T):
    """e^x for x up to `exp_limit`; 0 where it is below the normal numbers."""
    reduce, lowest, zero = reduced_exp(T), T(LOWEST[T]), T(0)

    def exp(x):
        power, q = reduce(x)
        return zero if x < lowest else fma(power, q, power)

    return exp


@by_dtype
def exp_limit(T):
    """Return the logarithm of a quarter of the largest number: the largest x of this dtype that `exp` takes."""
    limit = T(math.log(np.finfo(T).max / 4))

    def exp_limit(x):
        return limit

    return exp_limit


@by_dtype
def expm1_negative(T):
    """e^x - 1 for x <= 0, without cancellation near 0."""
    reduce, one = reduced_exp(T), T(1)

    def expm1_negative(x):
        power, q = reduce(x)
        return fma(power, q, power - one)

    return expm1_negative


@by_dtype
def log1p_unit(T):
    """log(1 + x) for 0 <= x <= 1: 2 artanh(s) with s = x / (2 + x)."""
    series, two = horner(T, [1 / (2 * i + 1) for i in range(TERMS_LOG[T])]), T(2)

    def log1p_unit(x):
        s = x / (two + x)
        return two * s * series(s * s)

    return log1p_unit


@by_dtype
def log(T):
    """log x = e log 2 + log m, x = 2^e m and √½ < m <= √2; below the normal numbers, that of the least of them."""
    series, one, least = horner(T, [1 / (2 * i + 1) for i in range(TERMS_LOG[T])]), T(1), np.finfo(T).tiny
    high, low, two, half, root = T(LN2_HIGH[T]), T(LN2_LOW[T]), T(2), T(0.5), T(math.sqrt(2))
    integer, shift, bias, mantissa = (
        (np.int32, np.int32(23), np.int32(127), np.int32(2**23 - 1))
        if T is np.float32
        else (np.int64, np.int64(52), np.int64(1023), np.int64(2**52 - 1))
    )

    def log(x):
        bits = T(x if x > least else least).view(integer)
        e = T(integer((bits >> shift) - bias))
        m = integer((bits & mantissa) | (bias << shift)).view(T)
        e, m = (e + one, half * m) if m > root else (e, m)
        s = (m - one) / (m + one)
        return fma(e, high, fma(e, low, two * s * series(s * s)))

    return log


@by_dtype
def sigmoid(T):
    """σ(x) = 1 / (1 + e^-x)."""
    one, zero = T(1), T(0)

    def sigmoid(x):
        e = exp(-abs(x))
        return (one if x >= zero else e) / (one + e)

    return sigmoid


@by_dtype
def tanh(T):
    """tanh x = (1 - e^-2|x|) / (1 + e^-2|x|), with the sign of x."""
    two, zero = T(2), T(0)

    def tanh(x):
        e = expm1_negative(-two * abs(x))
        t = -e / (two + e)
        return t if x >= zero else -t

    return tanh


def half_turn(T):
    """Build x → (sin πr, cos πr), r = x - the nearest whole number."""
    n, pi = TERMS_WAVE[T], T(math.pi)
    sine = horner(T, [(-1) ** i / math.factorial(2 * i + 1) for i in range(n)])
    cosine = horner(T, [(-1) ** i / math.factorial(2 * i) for i in range(n)])

    @kernel
    def half_turn(x):
        h = pi * (x - np.rint(x))
        square = h * h
        return h * sine(square), cosine(square)

    return half_turn


@by_dtype
def cos_turn(T):
    """cos 2πx = 1 - 2 sin² πr; the absolute error is a few units in the last place of 1."""
    waves, one, two = half_turn(T), T(1), T(2)

    def cos_turn(x):
        s, _ = waves(x)
        return one - two * s * s

    return cos_turn


@by_dtype
def sin_turn(T):
    """sin 2πx = 2 sin πr cos πr."""
    waves, two = half_turn(T), T(2)

    def sin_turn(x):
        s, c = waves(x)
        return two * s * c

    return sin_turn


@by_dtype
def normal_cdf(T):
    """Φ(x). float32: Abramowitz & Stegun 7.1.26, absolute error 1e-7; float64: the C library's erfc."""
    half, one, zero = T(0.5), T(1), T(0)
    if T is np.float64:
        root = T(math.sqrt(0.5))

        def normal_cdf(x):
            return half * math.erfc(-x * root)

        return normal_cdf

    slope = T(0.3275911 * math.sqrt(0.5))
    series = horner(T, [0.5 * a for a in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)])

    def normal_cdf(x):
        t = one / (one + slope * abs(x))
        tail = t * series(t) * exp(-half * x * x)
        return one - tail if x >= zero else tail

    return normal_cdf


@by_dtype
def root(T):
    """√x for x >= 0: the machine's own root, or, where SLOW_ROOT says so, one of the same bits in float32.

    Below 1e-30 the bits are almost always the same. Goldschmidt's iteration, after Markstein 2004, Software Division
    and Square Root Using Goldschmidt's Algorithms.
    """
    if T is np.float64 or not SLOW_ROOT:

        def root(x):
            return np.sqrt(x)

        return root

    half, one, largest = T(0.5), np.int32(1), np.finfo(T).max

    @kernel
    def closer(g, h):
        """Return (√x, 1/(2√x)) after one iteration, which about squares the error of each."""
        r = fma(-g, h, half)
        return fma(g, r, g), fma(h, r, h)

    def root(x):
        y = np.int32(MAGIC - (T(x).view(np.int32) >> one)).view(T)
        y *= fma(-(half * x * y), y, NEWTON)
        g, h = closer(x * y, half * y)
        g, h = closer(g, h)
        g = fma(fma(-g, g, x), h, g)
        return x if x > largest else g

    return root
