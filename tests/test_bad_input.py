"""What X, y and weights must not be: the error's type, and a message that names the argument and the fault."""

import numpy as np
import pytest

from fastmlp import DivergenceError, Model

X = np.random.default_rng(0).standard_normal((30, 3))
y = np.arange(30) % 2


def with_value(value, kind="f8", row=7, column=2):
    bad = X.astype(kind)
    bad[row, column] = value
    return bad


def objects(value):
    bad = X.astype(object)
    bad[0, 0] = value
    return bad


masked = np.ma.masked_greater(X, 1)
ragged = [[1.0, 2.0, 3.0]] * 29 + [[1.0, 2.0]]
weights = np.ones(30)

BAD_X = {
    "NaN": (with_value(np.nan), ValueError, "X contains NaN in row 7, column 2"),
    "NaN in float32": (with_value(np.nan, "f4"), ValueError, "X contains NaN in row 7, column 2"),
    "NaN in float16": (with_value(np.nan, "f2"), ValueError, "X contains NaN in row 7, column 2"),
    "NaN in Fortran order": (np.asfortranarray(with_value(np.nan)), ValueError, "X contains NaN in row 7, column 2"),
    "None in an object array": (objects(None), ValueError, "X contains NaN in row 0, column 0"),
    "inf": (with_value(np.inf), ValueError, "X contains inf in row 7, column 2"),
    "-inf": (with_value(-np.inf), ValueError, "X contains inf in row 7, column 2"),
    "exceeds float32": (with_value(1e300), ValueError, r"X contains 1e\+300 in row 7, column 2, which exceeds float32"),
    "exceeds float32, big-endian": (with_value(1e300, ">f8"), ValueError, "X .*row 7, column 2, which exceeds float32"),
    "no columns": (X[:, :0], ValueError, r"X .*0 feature\(s\)"),
    "one dimension": (X[:, 0], ValueError, r"X has 1 dimension.*reshape\(-1, 1\)"),
    "three dimensions": (X[:, :, None], ValueError, "X has 3 dimension"),
    "a number": (3.0, ValueError, "X has 0 dimension"),
    "None": (None, ValueError, "X has 0 dimension"),
    "complex": (X + 1j, ValueError, "X has dtype complex128.*real numbers"),
    "dict in an object array": (objects({}), TypeError, "X .*dict"),
    "word in an object array": (objects("word"), ValueError, "X .*word"),
    "strings": (X.astype(str), ValueError, "X has dtype <U"),
    "bytes": (X.astype("S"), ValueError, r"X has dtype \|S"),
    "dates": (X.astype("M8[s]"), ValueError, "X has dtype datetime64"),
    "masked": (masked, TypeError, "X is a masked array"),
    "ragged": (ragged, ValueError, "X: rows must have the same number of features"),
    "two features": (X[:, :2], ValueError, "X has 2 features.*3"),
    "four features": (np.hstack([X, X[:, :1]]), ValueError, "X has 4 features.*3"),
}

BAD_Y = {
    "shorter": (y[:-1], ValueError, r"y has shape \(29,\).*30 rows"),
    "longer": (np.append(y, 1), ValueError, r"y has shape \(31,\).*30 rows"),
    "two columns": (np.c_[y, y], ValueError, r"y has shape \(30, 2\)"),
    "a row": (y[None], ValueError, r"y has shape \(1, 30\)"),
    "three classes": (np.arange(30) % 3, ValueError, "y contains 2.*binary"),
    "-1 and 1": (2 * y - 1, ValueError, "y contains -1.*0 and 1"),
    "continuous": (y + 0.25, ValueError, r"y contains .*25.*0 and 1"),
    "NaN": (np.where(y, np.nan, 0), ValueError, "y contains nan"),
    "inf": (np.where(y, np.inf, 0), ValueError, "y contains inf"),
    "strings": (np.where(y, "yes", "no"), ValueError, "y has dtype <U.*0 and 1"),
    "strings and numbers": (np.array(["a", 1] * 15, object), ValueError, "y must hold one real number"),
    "complex": (y + 0j, ValueError, "y has dtype complex"),
}

BAD_W = {
    "shorter": (weights[:-1], ValueError, r"sample_weight has shape \(29,\).*30 rows"),
    "column": (weights[:, None], ValueError, r"sample_weight has shape \(30, 1\)"),
    "a number": (1.0, ValueError, r"sample_weight has shape \(\)"),
    "negative": (np.r_[weights[1:], -1], ValueError, "sample_weight contains -1"),
    "NaN": (np.r_[weights[1:], np.nan], ValueError, "sample_weight contains NaN"),
    "inf": (np.r_[weights[1:], np.inf], ValueError, "sample_weight contains .*inf"),
    "all zero": (0 * weights, ValueError, "sample_weight is 0 for every row"),
    "strings": (np.array(["a"] * 30), (ValueError, TypeError), "sample_weight"),
    "complex": (weights + 1j, (ValueError, TypeError), "sample_weight"),
    "objects": (np.array([{}] * 30), (ValueError, TypeError), "sample_weight"),
}


def refused(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert not isinstance(caught.value, DivergenceError)


@pytest.fixture
def model():
    model = Model([3, 6, 1])
    before = model.parameters.copy()
    yield model
    np.testing.assert_array_equal(model.parameters, before)  # whatever was refused changed no weight
    assert model.history == []


@pytest.mark.parametrize("name", BAD_X)
def test_bad_X(model, name):
    bad, error, message = BAD_X[name]
    for call in (
        lambda: model.fit(bad, y, epochs=2, batch_size=4),
        lambda: model.fit(bad, y, epochs=1, batch_size=None),
        lambda: model.loss_and_gradient(bad, y),
        lambda: model.loss(bad, y),
        lambda: model.predict(bad),
        lambda: model.predict_proba(bad),
    ):
        refused(call, error, message)


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y(model, name):
    bad, error, message = BAD_Y[name]
    for call in (model.fit, model.loss, model.loss_and_gradient):
        refused(lambda call=call: call(X, bad), error, message)


@pytest.mark.parametrize("name", BAD_W)
def test_bad_weights(model, name):
    bad, error, message = BAD_W[name]
    for call in (model.fit, model.loss, model.loss_and_gradient):
        refused(lambda call=call: call(X, y, bad), error, message)


@pytest.mark.parametrize("method", ["fit", "loss", "loss_and_gradient"])
def test_y_none(model, method):
    refused(lambda: getattr(model, method)(X, None), (ValueError, TypeError), r"\by\b")


@pytest.mark.parametrize("method", ["fit", "loss", "loss_and_gradient"])
def test_ragged_y_is_named(model, method):
    refused(lambda: getattr(model, method)(X, [[0]] * 29 + [[0, 1]]), ValueError, r"\by\b")


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused_by_fit_only(model, label):
    one = np.full(30, label)
    refused(lambda: model.fit(X, one), ValueError, f"y .*one class \\({label}\\)")
    assert model.loss(X, one) > 0
    assert np.isfinite(model.loss_and_gradient(X, one)[1].parameters).all()


@pytest.mark.parametrize("label", [0, 1])
def test_weights_that_leave_one_class(model, label):
    refused(lambda: model.fit(X, y, y == label), ValueError, f"y .*one class \\({label}\\).*weight")


@pytest.mark.parametrize("kind", ["f4", "f8", "i8"])
def test_zero_rows(model, kind):
    nothing = np.zeros((0, 3), kind)
    refused(lambda: model.fit(nothing, y[:0]), ValueError, "X has 0 rows")
    assert model.predict_proba(nothing).shape == model.predict(nothing).shape == (0,)


@pytest.mark.parametrize("kind", ["f8", "i8"])
@pytest.mark.parametrize("method", ["loss", "loss_and_gradient"])
def test_loss_of_zero_rows_is_an_empty_sum(model, method, kind):
    result = getattr(model, method)(np.zeros((0, 3), kind), y[:0])
    assert (result if method == "loss" else result[0]) == 0


def test_numbers_beyond_float32_are_fine_in_float64():
    model = Model([3, 1], dtype="float64")
    model.parameters[...] = 0
    np.testing.assert_array_equal(model.predict_proba(with_value(1e300)), 0.5)


@pytest.mark.parametrize("validation", [(with_value(np.nan), y), (X, y + 1), (X[:, :2], y), (X, y, weights[:3])])
def test_bad_validation_data(validation):
    model = Model([3, 6, 1])
    before = model.parameters.copy()
    refused(lambda: model.fit(X, y, epochs=2, validation_data=validation), ValueError, "X|y|sample_weight")
    np.testing.assert_array_equal(model.parameters, before)


def test_a_layer_that_overflows_diverges_and_keeps_the_weights():
    model = Model([3, 6, 1])
    model.weights[0][...] = 1e30
    before = model.parameters.copy()
    with pytest.raises(DivergenceError):
        model.fit(1e30 * X, y, epochs=1)
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("activation", ["relu", "silu"])
@pytest.mark.parametrize("n", [30, 3000])
def test_a_loss_that_overflows_is_not_taken_for_a_number(activation, n):
    model = Model([3, 6, 1], activation)
    model.weights[0][...] *= 1e30
    large, labels = 1e30 * np.resize(X, (n, 3)), np.resize(y, n)
    assert not np.isfinite(model.loss(large, labels))
    assert not np.isfinite(model.loss_and_gradient(large, labels)[0])


def test_weights_many_orders_apart_are_finite():
    apart = np.where(np.arange(30) < 15, 1e-15, 1e15)
    model = Model([3, 6, 1]).fit(X, y, apart, epochs=3, batch_size=4)
    assert np.isfinite(model.parameters).all()


def test_odd_but_good_X():
    constant = np.tile([1.0, 0.0, -2.5], (30, 1))
    subnormal = np.full((30, 3), 1e-310)
    for good in (constant, subnormal, X[:2], (X * 1e-42).astype("f4")):
        model = Model([3, 6, 1]).fit(good, y[: len(good)], epochs=2, batch_size=1)
        assert np.isfinite(model.predict_proba(good)).all()


def test_memory_does_not_grow_with_n():
    n = 2**22 + 5
    rows, labels = np.broadcast_to(np.float32([[1, 2, 3]]), (n, 3)), np.broadcast_to(np.int8(1), n)
    model = Model([3, 1])
    assert model.loss(rows, labels) == pytest.approx(n / 7 * model.loss(rows[:7], labels[:7]), rel=1e-6)
    assert all(workspace.net.work.nbytes < 2**21 for workspace in model._network._workspaces._idle.values())
