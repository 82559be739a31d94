"""Model with K outputs: classes of which a row has one, and labels of which it has any."""

import pickle

import numpy as np
import pytest
from reference import assert_close, loss_and_gradient
from sklearn.datasets import make_classification, make_multilabel_classification

from fastmlp import Model, RowError

X, y = make_classification(900, 10, n_informative=8, n_classes=4, random_state=0)
X_labels, Y = make_multilabel_classification(600, n_classes=5, random_state=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_and_gradient(dtype):
    tolerance = {"float32": 1e-4, "float64": 1e-11}[dtype]
    for model, table, target in (
        (Model([10, 20, 4], "tanh", dtype=dtype), X, y),
        (Model([20, 16, 5], "tanh", dtype=dtype, out_activation="logistic"), X_labels, Y),
    ):
        J, gradient = model.loss_and_gradient(table, target)
        classes = model.out_activation == "softmax"
        expected, dWs, dbs = loss_and_gradient(
            table, target, None, model.weights, model.biases, ["tanh"], classes=classes
        )
        assert_close(J, expected, tolerance)
        assert model.loss(table, target) == J
        for got, want in zip([*gradient.weights, *gradient.biases], [*dWs, *dbs], strict=True):
            assert_close(got, want, tolerance)


@pytest.mark.parametrize(("out_activation", "target"), [("softmax", y[:50]), ("logistic", Y[:50, :4])])
def test_a_loss_that_is_not_finite_leaves_nothing_behind(out_activation, target):
    """The next call over the same buffers, with finite weights again, has the numbers from before."""
    model = Model([10, 8, 4], out_activation=out_activation)
    J, P, theta = model.loss(X[:50], target), model.predict_proba(X[:50]), model.parameters.copy()
    model.parameters[:] = 3e38
    assert np.isnan(model.loss(X[:50], target))
    model.parameters[:] = theta
    assert model.loss(X[:50], target) == J
    np.testing.assert_array_equal(model.predict_proba(X[:50]), P)


def test_classes_are_learned_and_saved(tmp_path):
    model = Model([10, 64, 64, 4]).fit(X, y, epochs=60, batch_size=64, validation_fraction=0.2)
    P = model.predict_proba(X)
    assert P.shape == (900, 4)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), P.argmax(axis=1))
    assert (model.predict(X) == y).mean() > 0.9
    record = model.history[-1]
    assert record["validation_accuracy"] > 0.75
    assert record["validation_loss"] > 0
    model.save(tmp_path / "model.fastmlp")
    for twin in (Model.load(tmp_path / "model.fastmlp"), pickle.loads(pickle.dumps(model))):
        assert twin.out_activation == "softmax"
        np.testing.assert_array_equal(twin.predict_proba(X), P)


def test_labels_are_learned():
    model = Model([20, 64, 5], out_activation="logistic").fit(X_labels, Y, epochs=100, batch_size=50)
    assert model.predict(X_labels).shape == Y.shape
    assert (model.predict(X_labels) == Y).mean() > 0.85
    np.testing.assert_array_equal(model.predict(X_labels), model.predict_proba(X_labels) > 0.5)


def test_two_outputs_of_softmax_are_one_of_sigmoid():
    """softmax over (0, z) is σ(z): with the first output's weights at 0, loss and gradient are the same."""
    one, two = Model([10, 6, 1], dtype="float64"), Model([10, 6, 2], dtype="float64")
    two.weights[0][:], two.biases[0][:] = one.weights[0], one.biases[0]
    two.weights[1][:], two.biases[1][:] = np.c_[np.zeros(6), one.weights[1]], [0, one.biases[1][0]]
    J_one, g_one = one.loss_and_gradient(X, y > 1)
    J_two, g_two = two.loss_and_gradient(X, y > 1)
    assert_close(J_two, J_one, 1e-13)
    assert_close(g_two.weights[0], g_one.weights[0], 1e-12)
    assert_close(g_two.weights[1][:, 1:], g_one.weights[1], 1e-12)


@pytest.mark.parametrize(("target", "message"), [
    (y + 1, r"y must hold classes 0 … 3; it contains 1 … 4"),
    (y - 0.5, r"y must hold classes 0 … 3"),
    (y[:-1], "shape"),
    (np.zeros(900), "only one class"),
])  # fmt: skip
def test_bad_classes(target, message):
    with pytest.raises(ValueError, match=message):
        Model([10, 4]).fit(X, target)


@pytest.mark.parametrize("target", [Y[:, :4], Y * 2, Y - 0.5, Y[:-1]])
def test_bad_labels(target):
    with pytest.raises(ValueError, match="y "):
        Model([20, 5], out_activation="logistic").fit(X_labels, target)


def test_a_number_that_overflows_is_refused_by_its_row():
    """Infinite logits are good probabilities, but an infinite number is no prediction."""
    X = np.zeros((5, 2))
    X[3] = 3e38
    model = Model([2, 1], loss="squared_error")
    model.weights[0][:] = 2
    with pytest.raises(RowError, match=r"X, row 3: the output is infinite, as a layer overflows float32; scale X"):
        model.predict(X)
    binary = Model([2, 1])
    binary.weights[0][:] = 2
    assert binary.predict_proba(X)[3] == 1


def test_numbers_beyond_the_dtype_in_the_units_of_y_are_refused():
    X = np.ones((5, 2))
    model = Model([2, 1], loss="squared_error")
    model.target_scaling = np.array([0.0]), np.array([1e-307])
    model.biases[0][:] = 100
    with pytest.raises(RowError, match=r"X, row 0: the prediction exceeds float64 .*; scale y"):
        model.predict(X)


def test_predictions_with_a_target_scaling_are_of_float64():
    """Seconds since 1970 that differ by minutes: float32 cannot hold them, but their deviations."""
    X = np.linspace(-1, 1, 50)[:, None]
    y = 1.7e9 + 60 * X[:, 0]
    model = Model([1, 1], loss="squared_error")
    model.target_scaling = y.mean(), 1 / y.std()
    model.fit(X, y, epochs=300, batch_size=None, optimizer="sgd")
    assert model.predict(X).dtype == np.float64
    assert np.abs(model.predict(X) - y).max() < 1


def test_outputs_come_in_parts_however_many_they_are():
    X = np.random.default_rng(0).standard_normal((3000, 4)).astype("float32")
    model = Model([4, 3000])
    parts = list(model.iter_proba(X))
    assert len(parts) > 1
    assert max(part.size for part in parts) <= 2**22
    assert np.array_equal(np.concatenate(parts), model.predict_proba(X))
