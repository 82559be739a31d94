"""NaN, infinite, huge and subnormal numbers in nets of mixed_bfloat16: what float32 notices is noticed."""

import numpy as np
import pytest
from mixed_nets import MIXED

from fastmlp import SGD, DivergenceError, Model, RowError

pytestmark = pytest.mark.usefixtures("bfloat16")
random = np.random.default_rng(0)
X = random.standard_normal((100, 5)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
# NaN whose upper halves alone are infinite, or to which rounding would carry: the sums of bits are -0 and 0.
NAN_BITS = 0x7FC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F80FFFF


def model_of(activation="tanh", dtype=MIXED, K=1):
    return Model([5, 33, 7, K], activation, dtype=dtype, seed=1)


@pytest.mark.parametrize("bits", NAN_BITS)
@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "identity"])
def test_nan_in_weights_stays(activation, K, layer, bits):
    model, labels = model_of(activation, K=K), y if K == 1 else y % K
    W = model.weights[layer]
    W.view(np.uint32)[-1, -1] = bits
    assert np.isnan(model.loss(X, labels))
    with pytest.raises(ValueError, match="parameters contain NaN or inf"):
        model.predict(X)
    J, gradient = model.loss_and_gradient(X, labels)
    assert np.isnan(J)
    assert np.isnan(gradient.weights[0]).any()
    before = model.parameters.tobytes()
    with pytest.raises(ValueError, match="parameters contain NaN or inf; set them before training"):
        model.fit(X, labels)
    assert model.parameters.tobytes() == before


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("part", ["weights", "biases"])
@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_what_float32_makes_of_parameters_that_are_not_finite(activation, layer, part, value):
    """The same exceptions, or the same loss where an activation bounds it."""
    outcomes = []
    for dtype in ("float32", MIXED):
        model = model_of(activation, dtype)
        getattr(model, part)[layer].flat[0] = value
        outcome = [np.isfinite(model.loss(X, y))]
        for call in (lambda m: m.predict(X), lambda m: m.fit(X, y, epochs=1), lambda m: m.fit(X, y, batch_size=None)):
            try:
                call(model)
                outcome.append("none")
            except (ValueError, DivergenceError) as error:
                outcome.append((type(error), str(error)))
        outcomes.append(outcome)
    assert outcomes[0] == outcomes[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("batch_size", [20, None])
def test_divergence_is_seen_and_the_last_finite_weights_kept(batch_size):
    model, optimizer = Model([5, 16, 16, 1], "identity", dtype=MIXED, seed=1), SGD(1e-3)
    kept = [model.parameters.copy()]

    def callback(model, record):
        kept.append(model.parameters.copy())
        optimizer.learning_rate = 1e18

    with pytest.raises(DivergenceError, match=r"epoch (\d+), batch (\d+): .*learning_rate=1e\+18"):
        model.fit(X, y, epochs=100, batch_size=batch_size, optimizer=optimizer, callbacks=callback)
    np.testing.assert_array_equal(model.parameters, kept[-1])
    assert np.isfinite(model.parameters).all()


def test_numbers_that_bfloat16_rounds_to_infinity():
    """3.4e38 is finite in float32, and no bfloat16 is so large: the row is named, and training ends."""
    large = X.copy()
    large[45, 0] = 3.4e38
    model = model_of("identity")
    with pytest.raises(RowError, match="row 45: the output is"):
        model.predict(large)
    with pytest.raises(DivergenceError, match="epoch 1, batch 3:"):
        model.fit(large, y, epochs=1, batch_size=20, shuffle=False)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_refused(value):
    bad = X.copy()
    bad[45, 3] = value
    for call in (lambda m: m.predict(bad), lambda m: m.fit(bad, y), lambda m: m.loss(bad, y)):
        with pytest.raises(RowError, match="row 45, column 3"):
            call(model_of())


@pytest.mark.parametrize("tiny", [1e-39, -1e-39, 1e-45, 2.0**-126 * (1 - 2.0**-23)])
def test_subnormal_numbers_are_zeros(tiny):
    """In X, in W, and in dZ, beside factors that would lift them back."""
    model = Model([2, 1], dtype=MIXED, loss="squared_error", bias=False)
    model.weights[0][:] = [[2.0**100], [tiny]]
    assert model.predict([[tiny, 2.0**100], [0, 1]]).tolist() == [0, 0]
    model.weights[0][:] = 0
    _, gradient = model.loss_and_gradient([[2.0**100, 1.0]], [tiny])
    assert gradient.parameters.tolist() == [0, 0]
    _, gradient = model.loss_and_gradient([[tiny, 1.0]], [2.0**60])
    assert gradient.parameters.tolist() == [0, -(2.0**60)]


def test_the_least_normal_number_counts():
    model = Model([1, 1], dtype=MIXED, loss="squared_error", bias=False)
    model.weights[0][:] = 2.0**100
    assert model.predict([[2.0**-126]]).tolist() == [2.0**-26]
