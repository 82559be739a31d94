"""What X, y and weights must not be, beside the numbered cases of tests/catalogue: the error, and what it names."""

import numpy as np
import pytest

from fastmlp import DivergenceError, Model

X = np.random.default_rng(0).standard_normal((30, 3))
y = np.arange(30) % 2
weights = np.ones(30)


def with_value(value):
    bad = X.copy()
    bad[7, 2] = value
    return bad


BAD_X = {
    "NaN in Fortran order": (np.asfortranarray(with_value(np.nan)), "X contains NaN in row 7, column 2"),
    "NaN in a view": (with_value(np.nan)[::-1, ::-1], "X contains NaN in row 22, column 0"),
    "a number": (3.0, "X has 0 dimension"),
    "None": (None, "X has 0 dimension"),
    "dates": (X.astype("M8[s]"), "X has dtype datetime64"),
}

BAD_Y = {
    "two columns": (np.c_[y, y], r"y has shape \(30, 2\)"),
    "a row": (y[None], r"y has shape \(1, 30\)"),
    "complex": (y + 0j, "y has dtype complex"),
    "ragged": ([[0]] * 29 + [[0, 1]], "y must hold one real number for each row"),
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
    bad, message = BAD_X[name]
    for call in (
        lambda: model.fit(bad, y, epochs=2, batch_size=4),
        lambda: model.loss_and_gradient(bad, y),
        lambda: model.predict(bad),
    ):
        refused(call, ValueError, message)


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y(model, name):
    bad, message = BAD_Y[name]
    for call in (model.fit, model.loss, model.loss_and_gradient):
        refused(lambda call=call: call(X, bad), ValueError, message)


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
def test_bad_rows_to_validate_on(validation):
    model = Model([3, 6, 1])
    before = model.parameters.copy()
    given = dict(zip(("X_val", "y_val", "sample_weight_val"), validation, strict=False))
    refused(lambda: model.fit(X, y, epochs=2, **given), ValueError, "X|y|sample_weight")
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("activation", ["relu", "silu"])
@pytest.mark.parametrize("n", [30, 3000])
def test_a_loss_that_overflows_is_not_taken_for_a_number(activation, n):
    model = Model([3, 6, 1], activation)
    model.weights[0][...] *= 1e30
    large, labels = 1e30 * np.resize(X, (n, 3)), np.resize(y, n)
    assert not np.isfinite(model.loss(large, labels))
    assert not np.isfinite(model.loss_and_gradient(large, labels)[0])


@pytest.mark.parametrize("value", [3, [1.0], ("a", "b"), (np.zeros(3),) * 3])
def test_a_scaling_is_a_pair_of_arrays(value):
    model = Model([3, 1])
    with pytest.raises(TypeError, match=r"scaling=.*: must be a pair \(shift, factor\) of arrays, or None"):
        model.scaling = value
    assert model.scaling is None


def test_memory_does_not_grow_with_n():
    n = 2**22 + 5
    rows, labels = np.broadcast_to(np.float32([[1, 2, 3]]), (n, 3)), np.broadcast_to(np.int8(1), n)
    model = Model([3, 1])
    assert model.loss(rows, labels) == pytest.approx(n / 7 * model.loss(rows[:7], labels[:7]), rel=1e-6)
    assert all(workspace.net.work.nbytes < 2**21 for workspace in model._network._workspaces._idle.values())
