"""The type, order and stride of X change nothing: every result equals that of a contiguous native array."""

import numpy as np
import pytest

import fastmlp.rows.array
from fastmlp import Adam, Model

n, p = 257, 5
random = np.random.default_rng(0)
SMALL = random.integers(-4, 5, (n, p))  # exactly representable in every type below
BITS = random.integers(0, 2, (n, p))
y = np.arange(n) % 3 == 0
w = random.integers(1, 5, n) / 4


def strided(X):
    wide = np.full((2 * n, 3 * p), np.nan)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def reversed_view(X):
    return np.ascontiguousarray(X[::-1, ::-1], np.float64)[::-1, ::-1]


def read_only(X):
    X = np.array(X, np.float32)
    X.flags.writeable = False
    return X


def unaligned_field(X):
    table = np.zeros(n, [("tag", np.int8), ("x", np.float64, (p,)), ("end", np.int16)])
    table["x"] = X
    assert not table["x"].flags.aligned
    return table["x"]


def of_type(dtype):
    return lambda X: np.asarray(X, dtype)


VARIANTS = {
    "float32 C": of_type("f4"),
    "float64 C": of_type("f8"),
    "float32 Fortran": lambda X: np.asfortranarray(X, np.float32),
    "float64 Fortran": lambda X: np.asfortranarray(X, np.float64),
    "strided": strided,
    "negative strides": reversed_view,
    "read-only": read_only,
    "unaligned field": unaligned_field,
    "big-endian float64": of_type(">f8"),
    "big-endian int32": of_type(">i4"),
    "float16": of_type("f2"),
    "long double": of_type(np.longdouble),
    "int8": of_type("i1"),
    "int64": of_type("i8"),
    "object": of_type(object),
    "list of lists": lambda X: X.tolist(),
    "masked array without masks": np.ma.array,
}


def results(X, dtype, batch_size=32):
    """J, gradient, weights after a shuffled fit, and predictions: bytes, so that equal means equal in every bit."""
    model = Model([p, 9, 4, 1], ["tanh", "relu"], dtype=dtype, seed=3)
    J, gradient = model.loss_and_gradient(X, y, w)
    model.fit(X, y, w, epochs=2, batch_size=batch_size, optimizer=Adam(0.01))
    loss, P = model.history[-1]["loss"], model.predict_proba(X)
    parts = J, gradient.parameters, model.parameters, loss, P, model.predict(X)
    return [np.asarray(part).tobytes() for part in parts]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", VARIANTS)
def test_layout_and_type_change_no_bit(name, dtype):
    X = VARIANTS[name](SMALL)
    np.testing.assert_array_equal(np.asarray(X, np.float64), SMALL)
    assert results(X, dtype) == results(np.array(SMALL, dtype), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [bool, np.uint8])
def test_bool_and_unsigned_change_no_bit(kind, dtype):
    assert results(BITS.astype(kind), dtype) == results(BITS.astype(dtype), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["f4", "f8", "i2", ">f4"])
def test_memmap_changes_no_bit(kind, dtype, tmp_path):
    SMALL.astype(kind).tofile(tmp_path / "X")
    X = np.memmap(tmp_path / "X", kind, "r", shape=(n, p))
    assert results(X, dtype) == results(np.array(SMALL, dtype), dtype)


@pytest.mark.parametrize("kind", ["f4", "f8", "i1"])
def test_stride_zero_changes_no_bit(kind):
    X = np.broadcast_to(SMALL[0].astype(kind), (n, p))
    assert results(X, "float32") == results(np.array(X, "float32", order="C"), "float32")
    column = np.broadcast_to(SMALL[:, :1].astype(kind), (n, p))
    assert results(column, "float32") == results(np.array(column, "float32", order="C"), "float32")


def test_real_numbers_are_rounded_once_to_the_models_dtype():
    X = random.standard_normal((n, p))
    assert results(X, "float32") == results(X.astype("float32"), "float32")
    assert results(np.asfortranarray(X.astype("float32")), "float64") == results(X.astype("float32") * 1.0, "float64")
    assert results(X, "float64") != results(X.astype("float32"), "float64")


@pytest.mark.parametrize("labels", [y, y.astype("f4"), y.astype(">i8"), y.tolist(), y[:, None], y.repeat(2)[::2]])
def test_types_of_labels_change_no_bit(labels):
    X = SMALL.astype("float32")
    model, other = (Model([p, 9, 1], seed=1).fit(X, labels_, w, epochs=1, batch_size=32) for labels_ in (y, labels))
    assert model.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("weights", [w.astype("f4"), w.astype(">f8"), w.astype("f2"), w.tolist(), w.repeat(2)[::2],
                                     w[::-1].copy()[::-1]])  # fmt: skip
def test_types_of_weights_change_no_bit(weights):
    X = SMALL.astype("float32")
    model, other = (Model([p, 9, 1], seed=1).fit(X, y, w_, epochs=1, batch_size=32) for w_ in (w, weights))
    assert model.parameters.tobytes() == other.parameters.tobytes()


def test_X_y_and_weights_stay_as_they_were():
    X, labels, weights = SMALL.astype("float32"), y.astype("float64"), w.copy()
    results(X, "float32")
    Model([p, 1]).fit(X, labels, weights, epochs=1)
    np.testing.assert_array_equal(X, SMALL)
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(weights, w)


# --- windows: types that NumPy casts come a bounded number of rows at a time ---------------------------


def window_of(rows, monkeypatch):
    monkeypatch.setattr(fastmlp.rows.array, "WINDOW_BYTES", rows * p * 8)


@pytest.mark.parametrize("rows", [32, 70, 100, 10**6])
def test_windows_of_whole_batches_change_no_bit_of_training(rows, monkeypatch):
    window_of(rows, monkeypatch)
    fits = [Model([p, 9, 1], seed=1, dtype="float64").fit(X, y, w, epochs=3, batch_size=32)
            for X in (SMALL.astype("f8"), SMALL)]  # fmt: skip
    assert fits[0].parameters.tobytes() == fits[1].parameters.tobytes()
    assert fits[0].history[-1]["loss"] == pytest.approx(fits[1].history[-1]["loss"], rel=1e-14)
    assert fits[0].optimizer.t == fits[1].optimizer.t


@pytest.mark.parametrize("batch_size", [None, 100, 250, 257])
@pytest.mark.parametrize("rows", [1, 7, 64, 99])
def test_a_batch_in_several_windows_is_one_step(rows, batch_size, monkeypatch):
    window_of(rows, monkeypatch)
    fits = [Model([p, 9, 1], "tanh", seed=1, dtype="float64").fit(X, y, w, epochs=3, batch_size=batch_size, l2=0.01)
            for X in (SMALL.astype("f8"), SMALL)]  # fmt: skip
    np.testing.assert_allclose(fits[0].parameters, fits[1].parameters, rtol=0, atol=1e-12)
    assert fits[0].optimizer.t == fits[1].optimizer.t
    for records in zip(fits[0].history, fits[1].history, strict=True):
        assert records[0]["loss"] == pytest.approx(records[1]["loss"], rel=1e-12)


def test_a_batch_in_several_windows_whose_weights_are_all_zero_is_skipped(monkeypatch):
    window_of(16, monkeypatch)
    weights = w.copy()
    weights[100:200] = 0
    fits = [Model([p, 9, 1], seed=1).fit(X, y, weights, epochs=1, batch_size=100, shuffle=False)
            for X in (SMALL.astype("f4"), SMALL)]  # fmt: skip
    assert [fit.optimizer.t for fit in fits] == [2, 2]
    np.testing.assert_allclose(fits[0].parameters, fits[1].parameters, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 7, 64, 257])
def test_windows_change_gradient_and_predictions_by_rounding_only(rows, monkeypatch):
    window_of(rows, monkeypatch)
    model = Model([p, 9, 1], "tanh", seed=1, dtype="float64")
    (J, gradient), (J_cast, cast) = (model.loss_and_gradient(X, y, w) for X in (SMALL.astype("f8"), SMALL))
    assert abs(J - J_cast) <= 1e-13 * J
    np.testing.assert_allclose(gradient.parameters, cast.parameters, rtol=0, atol=1e-11)
    assert model.predict_proba(SMALL).tobytes() == model.predict_proba(SMALL.astype("f8")).tobytes()
