"""y of numbers: read where it lies, in any layout and type; what no loss can take is refused by name, value and row."""

import tracemalloc

import numpy as np
import pandas as pd
import pyarrow
import pytest
from numeric_losses import LOSSES, model_of, target

from fastmlp import Model, RowError

n, p = 300, 3
X = np.random.default_rng(0).standard_normal((n, p)).astype(np.float32)


def unaligned(y):
    buffer = np.zeros(y.nbytes + 1, np.uint8)
    view = buffer[1:].view(y.dtype).reshape(y.shape)
    view[...] = y
    assert not view.flags.aligned
    return view


def read_only(y):
    y = y.copy()
    y.flags.writeable = False
    return y


def apart(y):
    """Every third row of an array, and of K outputs every second."""
    wide = np.full((3 * len(y), *(2 * k for k in y.shape[1:])), np.nan, y.dtype)
    view = wide[::3] if y.ndim == 1 else wide[::3, ::2]
    view[...] = y
    return view


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "backwards": lambda y: np.ascontiguousarray(y[::-1])[::-1],
    "columns backwards": lambda y: np.ascontiguousarray(y[..., ::-1])[..., ::-1],
    "every third row": apart,
    "a column of a table": lambda y: np.stack([y, y * 0, y], axis=1)[:, 2],
    "the same row each time": lambda y: np.broadcast_to(y[:1], y.shape),
    "unaligned": unaligned,
    "read-only": read_only,
    "big-endian": lambda y: y.astype(y.dtype.newbyteorder(">")),
    "a list": lambda y: y.tolist(),
    "objects": lambda y: y.astype(object),
    "a frame's column": lambda y: pd.Series(y) if y.ndim == 1 else pd.DataFrame(y),
    "Arrow": lambda y: pyarrow.array(y) if y.ndim == 1 else y,
    "one column": lambda y: y.reshape(len(y), -1),
}
TYPES = ["f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]


def results(name, K, y, dtype="float32", **how):
    """All that a model makes of rows, as bytes."""
    model = model_of(name, [p, 6, K], dtype=dtype, seed=1)
    J, gradient = model.loss_and_gradient(X, y)
    model.fit(X, y, epochs=2, batch_size=32, **how)
    return J, gradient.parameters.tobytes(), model.parameters.tobytes(), model.loss(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "K"), [("squared_error", 1), ("squared_error", 3), ("quantiles", 4), ("poisson", 9)])
def test_every_layout_has_the_same_bits(name, K, layout, dtype):
    for y in (target(name, n, K).astype("f4"), target(name, n, K)):
        laid = LAYOUTS[layout](y)
        expected = results(name, K, np.broadcast_to(y[:1], y.shape).copy() if "same row" in layout else y, dtype)
        assert results(name, K, laid, dtype) == expected


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("name", "K"), [("huber", 1), ("poisson", 3), ("quantiles", 4)])
def test_every_type_has_the_bits_of_its_numbers(name, K, kind):
    y = (np.abs(target(name, n, K)) * 4).round()
    y = (y > 0 if kind == "?" else np.minimum(y, 100)).astype(kind)
    assert results(name, K, y) == results(name, K, y.astype("f8")) == results(name, K, y.astype("f4"))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_floats_are_not_copied(kind):
    """Of a large y, nothing of its size is made, whatever its strides."""
    rows = 400_000
    y, table = np.zeros((2, rows), kind).T[:, 0], np.zeros((rows, 1), "f4")
    model = Model([1, 1], loss="squared_error")
    model.loss(table[:10], y[:10])
    tracemalloc.start()
    model.loss(table, y)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < y.nbytes * 0.8


def with_value(value, name="squared_error", K=1, at=7, kind="f8"):
    y = target(name, n, K).astype(kind)
    y[(at,) if y.ndim == 1 else (at, -1)] = value
    return y


def all_methods(model, X, y):
    return [
        lambda: model.fit(X, y, epochs=1),
        lambda: model.fit(X, y, epochs=1, batch_size=None),
        lambda: model.loss(X, y),
        lambda: model.loss_and_gradient(X, y),
        lambda: model.fit(X[:20], np.ones((20, *np.shape(y)[1:])), X_val=X, y_val=y, epochs=1),
    ]


def refuses(model, y, *words, X=X, error=ValueError):
    before = model.parameters.copy()
    for call in all_methods(model, X, y):
        with pytest.raises(error) as caught:
            call()
        for word in words:
            assert word in str(caught.value)
    np.testing.assert_array_equal(model.parameters, before)
    assert model.history == []


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "O"])
@pytest.mark.parametrize(("value", "shown"), [(np.nan, "NaN"), (np.inf, " inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_a_number_that_is_not_finite(name, K, value, shown, kind):
    refuses(model_of(name, [p, 4, K]), with_value(value, name, K, kind=kind), "y", shown, "row 7")


@pytest.mark.parametrize("kind", ["f4", "f8", "i8"])
@pytest.mark.parametrize("K", [1, 3])
def test_a_count_below_zero(K, kind):
    refuses(model_of("poisson", [p, 4, K]), with_value(-1, "poisson", K, kind=kind), "y", "-1", "row 7", "poisson")
    finite = with_value(-0.0, "poisson", K)
    assert np.isfinite(model_of("poisson", [p, 4, K]).loss(X, finite))


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_a_number_whose_square_no_float32_holds(value, kind):
    refuses(Model([p, 4, 1], loss="squared_error"), with_value(value, kind=kind), "y", "1e+30", "row 7", "float64")
    model = Model([p, 4, 1], loss="squared_error", dtype="float64")
    assert np.isfinite(model.loss(X, with_value(value, kind=kind)))


@pytest.mark.parametrize("name", LOSSES)
def test_a_number_of_float64_that_float32_lacks(name):
    refuses(model_of(name, [p, 4, 1]), with_value(1e39, name), "y", "1e+39", "row 7")


def test_the_largest_numbers_of_a_float64_net():
    refuses(Model([p, 4, 1], loss="squared_error", dtype="float64"), with_value(1e200), "y", "1e+200", "row 7")


@pytest.mark.parametrize(("name", "K", "y", "words"), [
    ("squared_error", 1, np.zeros(n - 1), [f"({n - 1},)", f"({n},)"]),
    ("squared_error", 1, np.zeros((n, 2)), [f"({n}, 2)"]),
    ("squared_error", 3, np.zeros((n, 2)), [f"({n}, 2)", f"({n}, 3)"]),
    ("squared_error", 3, np.zeros(n), [f"({n},)", f"({n}, 3)"]),
    ("squared_error", 3, np.zeros((n + 1, 3)), [f"({n + 1}, 3)", f"({n}, 3)"]),
    ("squared_error", 3, np.zeros((n, 3, 1)), [f"({n}, 3, 1)", f"({n}, 3)"]),
    ("quantiles", 4, np.zeros((n, 4)), [f"({n}, 4)", f"({n},)"]),
    ("squared_error", 1, 3.0, ["shape"]),
    ("poisson", 1, np.zeros(n, complex), ["complex128"]),
    ("huber", 1, np.full(n, "3.5"), ["y"]),
    ("huber", 1, ["cheap", "dear"] * (n // 2), ["y", "number"]),
    ("huber", 1, np.zeros(n, "M8[s]"), ["datetime64"]),
    ("huber", 1, np.zeros(n, "m8[s]"), ["timedelta64"]),
    ("huber", 1, np.array([None] + [1.0] * (n - 1), object), ["y"]),
    ("huber", 1, [10**400] + [1.0] * (n - 1), ["large"]),
    ("huber", 1, [pd.NA] + [1.0] * (n - 1), ["y"]),
])  # fmt: skip
def test_what_is_no_table_of_numbers_of_the_rows(name, K, y, words):
    model = model_of(name, [p, 4, K])
    for call in all_methods(model, X, y)[:4]:
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        for word in ["y", *words]:
            assert word in str(caught.value)


def test_masked_numbers():
    y = np.ma.masked_array(target("huber", n), mask=np.arange(n) == 4)
    refuses(Model([p, 4, 1], loss="huber"), y, "y", "masked", error=TypeError)


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("K", [1, 3, 4])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "out of range"])
def test_numbers_that_change_during_a_fit_are_an_error_that_names_the_row(value, name, K, kind):
    """Where they are read in place, or cast beside an X that is cast: an error or a finite model, and never a crash."""
    value = {"poisson": -3.0, "squared_error": 1e30}.get(name, np.nan) if value == "out of range" else value
    for table in (X, np.asfortranarray(X), X.astype(np.float16)):
        y, model = target(name, n, K).astype(kind), model_of(name, [p, 8, K])

        def spoil(model, record, y=y):
            y[(9,) if y.ndim == 1 else (9, -1)] = value

        with pytest.raises(RowError, match=r"^y.* row 9"):
            model.fit(table, y, epochs=3, batch_size=16, callbacks=spoil)
        assert np.isfinite(model.parameters).all()
        assert np.isfinite(model.predict(X)).all()
