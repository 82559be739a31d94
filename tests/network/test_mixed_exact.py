"""Nets of mixed_bfloat16 over small integers: all sums are exact in float32, so every bit of the gradient is known.

In each case, one kind of operand lies in the middle between two bfloat16. Whatever the order of sums, a tile, a padding
or a rounding that is wrong shows.
"""

import numpy as np
import pytest
from mixed_nets import MIXED
from mixed_reference import gradient, rounded
from reference import assert_close, huber

from fastmlp import SGD, Model

pytestmark = pytest.mark.usefixtures("bfloat16")
ACTIVATIONS = ["relu", "identity", "relu"]
FAR = 2.0**16  # from targets to outputs: dZ[L] is w or -w with Huber's loss, and 0 nowhere
ROWS = [1, 31, 32, 33, 64, 90]
NETS = [
    [1, 1], [5, 1], [33, 1], [64, 17], [31, 40], [1, 1, 1], [7, 5, 1], [32, 32, 1], [33, 31, 2], [63, 64, 3],
    [300, 33, 17], [5, 300, 1], [31, 65, 40], [8, 16, 8, 1], [33, 31, 5, 1], [5, 33, 64, 3], [64, 33, 1, 40],
]  # fmt: skip
CASES = [(widths, kind) for widths in NETS for kind in ["X", "dZ", *(f"W[{l + 1}]" for l in range(len(widths) - 1))]]


def lowest_bit(M):
    """Return the largest power of two that divides all numbers."""
    bits = int(np.bitwise_or.reduce(np.abs(M * 2.0**20).astype(np.int64), axis=None))
    return (bits & -bits) * 2.0**-20 or 1.0


def assert_exact_in_float32(A, B):
    """Assert that no sum of A B, nor a part of it, needs more than 24 bits."""
    assert (np.abs(A) @ np.abs(B)).max() < 2.0**24 * lowest_bit(A) * lowest_bit(B)


def integers(random, shape, in_the_middle):
    """Return -1, 0 and 1, or odd numbers from 257 to 511: of these, bfloat16 has the even ones."""
    if in_the_middle:
        return random.choice([-1, 1], shape) * (257 + 2 * random.integers(0, 128, shape))
    return random.integers(-1, 2, shape)


def exact_case(widths, kind, n, bias=True):
    """Return a model, X, y, w, and the oracle's pass. Six numbers of a column of W are not 0, which keeps Z small."""
    random = np.random.default_rng([n, len(kind), *widths])
    model = Model(widths, ACTIVATIONS[: len(widths) - 2], bias=bias, dtype=MIXED, loss="huber")
    for l, W in enumerate(model.weights):
        middle = kind == f"W[{l + 1}]"
        W[...] = integers(random, W.shape, middle) * (random.random(W.shape) < 6 / len(W)) / (256 if middle else 1)
    for b in model.biases:
        b[...] = random.integers(-1, 2, b.shape)
    X = integers(random, (n, widths[0]), kind == "X").astype(np.float32)
    y = FAR * random.choice([-1.0, 1.0], (n, widths[-1]))
    w = np.abs(integers(random, n, kind == "dZ")).astype(float)
    w[0] = max(w[0], 1)
    found = gradient(X, y, w, model.weights, model.biases, ACTIVATIONS[: len(widths) - 2], loss=huber(1.0))
    for A, W, dZ in zip(found.A, found.W, found.dZ, strict=True):
        assert_exact_in_float32(A, W)
        assert_exact_in_float32(A.T, dZ)
        assert_exact_in_float32(dZ, W.T)
    return model, X, y[:, 0] if widths[-1] == 1 else y, w, found


@pytest.mark.parametrize(("widths", "kind"), CASES)
def test_every_bit_of_outputs_and_gradients(widths, kind):
    for turn, n in enumerate(ROWS):
        model, X, y, w, expected = exact_case(widths, kind, n, bias=turn % 3 > 0)
        J, gradient = model.loss_and_gradient(X, y, w)
        assert_close(J, expected.J, 1e-6)
        parts = zip([*gradient.weights, *gradient.biases], [*expected.dW, *expected.db], strict=True)
        for number, (got, wanted) in enumerate(parts):
            np.testing.assert_array_equal(got, wanted, err_msg=f"array {number} of the gradient, {n} rows")
        np.testing.assert_array_equal(model.predict(X).reshape(expected.Z[-1].shape), expected.Z[-1])


@pytest.mark.parametrize(("widths", "kind"), CASES)
def test_a_step_is_along_that_gradient(widths, kind):
    """Batches are summed on another path than a full gradient: one step of each size, from a θ that is not rounded."""
    for turn, n in enumerate(ROWS):
        model, X, y, w, expected = exact_case(widths, kind, n, bias=turn % 3 > 0)
        before = model.parameters.astype(float)
        model.fit(X, y, w, epochs=1, batch_size=n, shuffle=False, optimizer=SGD(learning_rate=2.0**-4))
        flat = np.concatenate([part.ravel() for part in (*expected.dW, *expected.db)])
        step = 2.0**-4 * flat / w.sum()
        np.testing.assert_allclose(model.parameters, before - step, rtol=2e-7, atol=2e-7 * np.abs(step).max())


def test_those_cases_round():
    """In each kind of case, operands are no bfloat16 before they are rounded, also A[l] and dZ[l] of hidden layers."""
    seen = set()
    for widths, kind in CASES:
        model, X, _, w, found = exact_case(widths, kind, 90)
        given = {"X": [X], "W": model.weights, "dZ": [w], "A": [np.maximum(Z, 0) for Z in found.Z[:-1]]}
        given["dA"] = [dZ @ W.T for dZ, W in zip(found.dZ[1:], found.W[1:], strict=True)]
        seen |= {(name, kind[0]) for name, parts in given.items() for M in parts if (rounded(M) != M).any()}
    assert seen >= {("X", "X"), ("W", "W"), ("dZ", "d"), ("A", "X"), ("A", "W"), ("dA", "W"), ("dA", "d")}
