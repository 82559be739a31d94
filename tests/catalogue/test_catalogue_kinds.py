"""The same numbers in another type, order or place give the same bits."""

import numpy as np
import pytest
from cases import case
from subjects import X, bits, n, p, python, quiet, tables_take, y

from fastmlp import Model
from fastmlp.rows.targets import as_labels

pytestmark = quiet
SMALL = np.random.default_rng(1).integers(-4, 5, X.shape)  # exact in every type below


def same(other, X=SMALL):
    for dtype in ("float32", "float64"):
        assert bits(other, dtype=dtype) == bits(np.ascontiguousarray(X, np.float64), dtype=dtype)
    if other.dtype != bool:  # which tabular estimators read as categories
        tables_take(other, like=np.ascontiguousarray(X, np.float64))


@case(8, "an object array of numbers", "the same as a contiguous array of float64")
def test_object():
    same(SMALL.astype(object))
    mixed = SMALL.astype(object)
    mixed[:, 1] = [float(value) for value in mixed[:, 1]]
    same(mixed)


@case(15, "Fortran order", "the same")
def test_fortran_order():
    same(np.asfortranarray(SMALL, np.float32))
    same(np.asfortranarray(X), X)


@case(16, "negative strides", "the same")
def test_negative_strides():
    same(np.ascontiguousarray(X[::-1])[::-1], X)
    same(np.ascontiguousarray(X[:, ::-1])[:, ::-1], X)
    flipped = Model([p, 4, 1]).fit(X, np.ascontiguousarray(y[::-1])[::-1], epochs=1, batch_size=8)
    assert flipped.parameters.tobytes() == Model([p, 4, 1]).fit(X, y, epochs=1, batch_size=8).parameters.tobytes()


@case(17, "read-only", "the same; nothing that is given is ever written to")
def test_read_only():
    fixed = X.copy()
    fixed.flags.writeable = False
    labels, weights = y.astype(np.int8), np.ones(n)
    labels.flags.writeable = weights.flags.writeable = False
    assert bits(fixed, labels, weights) == bits(X, y, np.ones(n))
    tables_take(fixed, labels, weights, like=X)


@case(18, "big-endian", "the same")
@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", ">i8"])
def test_big_endian(dtype):
    same(SMALL.astype(dtype))


@case(19, "an unaligned field of a record array", "the same")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unaligned(dtype):
    records = np.zeros(n, [("tag", np.int8), ("x", dtype, (p,)), ("end", np.int16)])
    records["x"] = SMALL
    assert not records["x"].flags.aligned
    same(records["x"])


@case(20, "float16", "the same as the numbers in float32 or float64")
def test_float16():
    half = X.astype(np.float16)
    same(half, half.astype(np.float64))


@case(21, "int8 or bool", "the same")
def test_small_integers():
    same(SMALL.astype(np.int8))
    same(SMALL > 0, SMALL > 0)


@case(22, "int64 beyond 2⁵³", "each number is rounded once, to the nearest of the net's dtype")
def test_large_integers():
    large = 2**53 + 1 + 2 * np.arange(n * p).reshape(n, p)
    assert (large.astype(np.float64).astype(np.int64) != large).any()
    assert bits(large) == bits(large.astype(np.float64))
    got, expected = (Model([p, 4, 1]).fit(A, y, epochs=1) for A in (large, large.astype(np.float32)))
    assert got.parameters.tobytes() == expected.parameters.tobytes()


WRAP = """
import numpy as np
from fastmlp import Model
from fastmlp.rows.order import Order

# Rows 2 GiB apart and columns 1 GiB apart, in memory that is never touched in between.
n, row, column = 5, 2**31 // 8, 2**30 // 8
far = np.lib.stride_tricks.as_strided(np.zeros(n * row + 2 * column), (n, 3), (8 * row, 8 * column))
near = np.random.default_rng(0).standard_normal((n, 3))
far[0, 0] = 0
far.T[...] = near.T
near = far.copy()
y = np.array([0, 1, 1, 0, 1])
model = Model([3, 4, 1])
assert model.predict_proba(far).tobytes() == model.predict_proba(near).tobytes()
assert model.loss(far, y) == model.loss(near, y)
a, b = (Model([3, 4, 1]).fit(A, y, epochs=2, batch_size=2).parameters for A in (far, near))
assert a.tobytes() == b.tobytes()

# Positions beyond 2^31 of an order of 2^31 + 5 rows.
order = Order(2**31 + 5).shuffled(0, 1)
last = order.rows(2**31 - 2, 2**31 + 5)
assert len(set(last.tolist())) == 7 and (last >= 0).all() and (last < 2**31 + 5).all()
assert Order(2**31 + 5).rows(2**31 - 2, 2**31 + 5).tolist() == list(range(2**31 - 2, 2**31 + 5))
print("whole")
"""


@case(
    34, "`loss` of 2³¹ + 5 rows of stride 0", "no index wraps at 32 bits, no copy of X or y; at full size: `make soak`"
)
def test_no_index_of_32_bits():
    assert python(WRAP) == "whole\n"


def test_y_of_bytes_is_not_copied():
    for labels in (np.broadcast_to(np.uint8(1), 100), y.astype(bool), y.astype(np.int8)[::-1]):
        assert np.shares_memory(as_labels(labels, len(labels)), labels)
    assert not np.shares_memory(as_labels(y, n), y)
    for labels in (y.astype(bool), y.astype(np.int8)[::-1].copy()[::-1], y.astype(np.uint8).repeat(3)[::3]):
        assert bits(X, labels) == bits(X, y)
