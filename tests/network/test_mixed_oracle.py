"""The oracle of mixed_bfloat16: its rounding, and that it is the exact gradient but for that."""

import numpy as np
import pytest
from mixed_nets import norm_errors
from mixed_reference import gradient, rounded, unrounded
from reference import FUNCTIONS, SQUARED_ERROR, assert_close, loss_and_gradient

ULP = 2.0**-7  # from 1 to 2


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1 + ULP / 2, 1), (1 + 3 * ULP / 2, 1 + 2 * ULP), (1 + ULP / 2 + 2.0**-23, 1 + ULP),
        (1 + ULP / 2 - 2.0**-23, 1), (-1 - 3 * ULP / 2, -1 - 2 * ULP), (2 - ULP / 4, 2), (257, 256), (259, 260),
        (np.pi, 3.140625), (3.38e38, (2 - 2 * ULP) * 2.0**127), (3.3961776e38, np.inf), (-3.4e38, -np.inf),
        (np.inf, np.inf),
        (2.0**-126, 2.0**-126), (2.0**-126 * (1 - 2.0**-23), 0), (2.0**-140, 0), (0, 0),
    ],
)  # fmt: skip
def test_known_numbers(number, expected):
    np.testing.assert_array_equal(rounded([number]), [expected])


def test_every_bfloat16_stays_and_nan_does():
    numbers = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32)
    kept = np.isfinite(numbers) & ((np.abs(numbers) >= 2.0**-126) | (numbers == 0))
    np.testing.assert_array_equal(rounded(numbers)[kept], numbers[kept])
    signs = np.signbit(rounded(numbers)) == np.signbit(numbers)
    assert signs[~np.isnan(numbers)].all()
    nans = np.array([0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF], np.uint32).view(np.float32)
    assert np.isnan(rounded(nans)).all()


def test_no_other_bfloat16_is_nearer():
    numbers = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    near = rounded(numbers)
    for step in (-1, 1):
        other = ((near.astype(np.float32).view(np.uint32) >> 16).astype(int) + step << 16).astype(np.uint32)
        assert (np.abs(near - numbers) <= np.abs(other.view(np.float32).astype(float) - numbers)).all()
    np.testing.assert_array_equal(near.astype(np.float32).view(np.uint32) & 0xFFFF, 0)


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("K", [1, 3])
def test_without_rounding_it_is_the_exact_gradient(activation, K):
    """With `reference.loss_and_gradient` as witness; rounded, it is that to some percent, and not nearer."""
    random = np.random.default_rng(K)
    shapes = [(5, 9), (9, 7), (7, K)]
    weights = [random.standard_normal(shape) / np.sqrt(shape[0]) for shape in shapes]
    biases = [random.uniform(-0.5, 0.5, p) for _, p in shapes]
    X, y, w = random.standard_normal((200, 5)), random.standard_normal((200, K)), random.uniform(0, 2, 200)
    arguments = X, y, w, weights, biases, [activation] * 2
    J, dW, db = loss_and_gradient(*arguments, loss=SQUARED_ERROR)
    exact, mixed = (gradient(*arguments, loss=SQUARED_ERROR, r=r) for r in (unrounded, rounded))
    assert_close(exact.J, J, 1e-13)
    for got, expected in zip([*exact.dW, *exact.db], [*dW, *db], strict=True):
        assert_close(got, expected, 1e-12)
    errors = norm_errors([*mixed.dW, *mixed.db], [*dW, *db])
    assert (errors > 1e-5).all()
    assert errors.max() < 0.1  # where the error of Z passes a kink, g' jumps
