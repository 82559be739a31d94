"""Three steps of each optimizer, worked out by the oracle, beside those of `fit`."""

import math

import numpy as np
import pytest
from reference import Stepper, assert_close, train

from fastmlp import SGD, Adam, AdamW, Model, Momentum, Nesterov
from fastmlp.network.chunks import Chunks

OPTIMIZERS = {
    "sgd": (SGD(0.3), Stepper("sgd", 0.3)),
    "momentum": (Momentum(0.2, momentum=0.7), Stepper("momentum", 0.2, momentum=0.7)),
    "nesterov": (Nesterov(0.2, momentum=0.7), Stepper("nesterov", 0.2, momentum=0.7)),
    "adam": (Adam(0.02, 0.8, 0.95), Stepper("adam", 0.02, beta_1=0.8, beta_2=0.95)),
    "adam epsilon": (Adam(0.02, epsilon=0.05), Stepper("adam", 0.02, epsilon=0.05)),
    "adamw": (AdamW(0.02, weight_decay=0.5), Stepper("adamw", 0.02, decay=0.5)),
}
WIDTHS, ACTIVATIONS = [6, 9, 5, 1], ["tanh", "softplus"]
TOLERANCE = {"float64": 1e-11, "float32": 1e-5}
SMALL, LARGE = 40, 600  # rows of a batch that lies whole in shared buffers, and of one that is cut into chunks


def fresh(name):
    """Return a new optimizer with the settings of OPTIMIZERS, and a new stepper."""
    optimizer, stepper = OPTIMIZERS[name]
    return type(optimizer)(**optimizer.settings()), Stepper(**{**vars(stepper), "m": [], "v": []})


def data(n, dtype="float64"):
    random = np.random.default_rng(n)
    X = random.standard_normal((n, WIDTHS[0])).astype(dtype)
    return X, np.int64(X[:, 0] + random.standard_normal(n) > 0), random.uniform(0.1, 3, n)


def a_model(dtype="float64", bias=True):
    model = Model(WIDTHS, ACTIVATIONS, dtype=dtype, bias=bias, seed=1)
    for b in model.biases:
        b[...] = np.linspace(-1, 1, len(b)) + 0.3
    return model


def check(name, n, batch_size, dtype="float64", l2=0.0, weighted=False, bias=True, steps=3):
    """Fit one epoch without shuffling, and compare every W and b, and what they moved by, with the oracle."""
    X, y, w = data(n, dtype)
    w = w if weighted else None
    model, (optimizer, stepper) = a_model(dtype, bias), fresh(name)
    start = [np.float64(a) for a in (*model.weights, *model.biases)]
    rows = n if batch_size is None else batch_size
    weights, biases = train(X, y, w, model.weights, model.biases, ACTIVATIONS, stepper, rows, l2)
    model.fit(X, y, w, epochs=1, batch_size=batch_size, optimizer=optimizer, l2=l2, shuffle=False)
    assert optimizer.t == stepper.t == steps
    for before, got, expected in zip(start, (*model.weights, *model.biases), weights + biases, strict=True):
        assert_close(got - before, expected - before, TOLERANCE[dtype], floor=0.1)


def test_a_setting_beyond_float64_is_refused_by_its_name():
    for make in (SGD, lambda rate: Model(WIDTHS, ACTIVATIONS).fit(*data(SMALL)[:2], optimizer=changed(SGD(), rate))):
        with pytest.raises(ValueError, match="learning_rate=1000"):
            make(10**400)


def changed(optimizer, rate):
    optimizer.learning_rate = rate
    return optimizer


def test_the_two_sizes_take_the_two_paths():
    plan = a_model()._network.plan
    assert Chunks(plan).of_batch(SMALL)[0] == 0
    assert Chunks(plan).of_batch(LARGE)[0] > 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [SMALL, LARGE])
@pytest.mark.parametrize("name", OPTIMIZERS)
class TestThreeSteps:
    def test_plain(self, name, batch_size, dtype):
        check(name, 3 * batch_size, batch_size, dtype)

    def test_with_l2_on_W_only_and_row_weights(self, name, batch_size, dtype):
        check(name, 3 * batch_size, batch_size, dtype, l2=0.4, weighted=True)

    def test_a_short_last_batch_counts_as_its_own_mean(self, name, batch_size, dtype):
        check(name, 2 * batch_size + 3, batch_size, dtype, l2=0.1)

    def test_without_bias(self, name, batch_size, dtype):
        check(name, 3 * batch_size, batch_size, dtype, bias=False)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("n", [SMALL, LARGE])
def test_full_batch_is_one_step(name, n):
    check(name, n, None, l2=0.2, weighted=True, steps=1)


@pytest.mark.parametrize("batch_size", [SMALL, LARGE])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_batch_without_weight_is_skipped(name, batch_size):
    X, y, w = data(3 * batch_size)
    w[batch_size : 2 * batch_size] = 0
    model, (optimizer, stepper) = a_model(), fresh(name)
    weights, biases = train(X, y, w, model.weights, model.biases, ACTIVATIONS, stepper, batch_size, 0.4)
    model.fit(X, y, w, epochs=1, batch_size=batch_size, optimizer=optimizer, l2=0.4, shuffle=False)
    assert optimizer.t == stepper.t == 2
    for got, expected in zip((*model.weights, *model.biases), weights + biases, strict=True):
        assert_close(got, expected, 1e-11)


def test_the_oracle_notices_what_would_be_wrong():
    """The settings above are such that a slip in one of them is far beyond the tolerance."""
    X, y, w = data(3 * SMALL)
    model = a_model()

    def weights(stepper):
        weights, _ = train(X, y, w, model.weights, [], ACTIVATIONS, stepper, SMALL, 0.4)
        return np.concatenate([W.ravel() for W in weights])

    for name, slip in (("adam epsilon", "epsilon"), ("adamw", "decay"), ("momentum", "momentum"), ("adam", "beta_2")):
        right, wrong = fresh(name)[1], fresh(name)[1]
        setattr(wrong, slip, getattr(wrong, slip) * 1.01)
        with pytest.raises(AssertionError):
            assert_close(weights(wrong), weights(right), TOLERANCE["float32"])


@pytest.mark.parametrize("batch_size", [SMALL, LARGE])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_second_fit_with_the_same_object_continues(name, batch_size):
    X, y, w = data(3 * batch_size + 1)
    settings = {"batch_size": batch_size, "l2": 0.01}
    model, (optimizer, _) = a_model(), fresh(name)
    model.fit(X, y, w, epochs=2, optimizer=optimizer, **settings)
    model.fit(X, y, w, epochs=1, optimizer=optimizer, **settings)
    longer = a_model().fit(X, y, w, epochs=3, optimizer=fresh(name)[0], **settings)
    assert model.parameters.tobytes() == longer.parameters.tobytes()
    assert [record["epoch"] for record in model.history] == [1, 2, 3]
    assert [record["loss"] for record in model.history] == [record["loss"] for record in longer.history]
    assert optimizer.t == longer.optimizer.t == 12


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_a_new_object_starts_without_moments(name):
    X, y, _ = data(120)
    model = a_model().fit(X, y, epochs=1, batch_size=SMALL, optimizer=fresh(name)[0])
    theta = model.parameters.copy()
    model.fit(X, y, epochs=1, batch_size=SMALL, optimizer=fresh(name)[0])
    other = a_model()
    other.parameters[:] = theta
    other.history = model.history[:1]
    other.fit(X, y, epochs=1, batch_size=SMALL, optimizer=fresh(name)[0])
    assert model.parameters.tobytes() == other.parameters.tobytes()
    assert model.optimizer.t == 3


def test_a_name_means_the_defaults():
    X, y, _ = data(200)
    for name, kind in (("sgd", SGD), ("momentum", Momentum), ("nesterov", Nesterov), ("adam", Adam), ("adamw", AdamW)):
        by_name = a_model().fit(X, y, epochs=1, batch_size=50, optimizer=name)
        by_object = a_model().fit(X, y, epochs=1, batch_size=50, optimizer=kind())
        assert by_name.parameters.tobytes() == by_object.parameters.tobytes()
        assert by_name.optimizer.name == name


@pytest.mark.parametrize("value", [0, -0.1, math.nan, math.inf, "0.1", None, True])
@pytest.mark.parametrize("kind", [SGD, Momentum, Nesterov, Adam, AdamW])
def test_bad_learning_rate(kind, value):
    with pytest.raises(ValueError, match="learning_rate"):
        kind(learning_rate=value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_bad_momentum(kind, value):
    with pytest.raises(ValueError, match="momentum"):
        kind(momentum=value)


@pytest.mark.parametrize("value", [-0.1, 1, 1.5, math.nan])
@pytest.mark.parametrize(("kind", "name"), [(Adam, "beta_1"), (Adam, "beta_2"), (AdamW, "beta_1")])
def test_bad_decay_of_moments(kind, name, value):
    with pytest.raises(ValueError, match=name):
        kind(**{name: value})


@pytest.mark.parametrize("value", [-1e-9, math.inf, math.nan])
@pytest.mark.parametrize(("kind", "name"), [(Adam, "epsilon"), (AdamW, "weight_decay")])
def test_bad_epsilon_and_weight_decay(kind, name, value):
    with pytest.raises(ValueError, match=name):
        kind(**{name: value})


@pytest.mark.parametrize(("setting", "value", "error"), [
    ("optimizer", "adagrad", ValueError), ("optimizer", Adam, ValueError), ("optimizer", None, ValueError),
    ("l2", -1, ValueError), ("l2", math.nan, ValueError), ("l2", "x", TypeError),
    ("batch_size", 0, ValueError), ("batch_size", -5, ValueError), ("batch_size", 2.5, TypeError),
    ("epochs", -1, ValueError), ("epochs", 1.5, TypeError), ("epochs", True, ValueError),
])  # fmt: skip
def test_bad_settings_of_fit(setting, value, error):
    X, y, _ = data(60)
    model = a_model()
    before = model.parameters.copy()
    with pytest.raises(error, match=setting):
        model.fit(X, y, **{setting: value})
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("other", [Model([6, 3, 1], dtype="float64"), Model(WIDTHS, ACTIVATIONS, dtype="float32")])
def test_moments_of_another_net_are_refused(other):
    X, y, _ = data(60)
    optimizer = Adam()
    a_model().fit(X, y, epochs=1, optimizer=optimizer)
    with pytest.raises(ValueError, match="optimizer: this Adam"):
        other.fit(X, y, epochs=1, optimizer=optimizer)
    assert optimizer.t == 1


def rate_of(schedule, f):
    """Return the part of the learning rate that a schedule leaves after a part f of the steps."""
    if schedule == "constant":
        return 1
    if schedule == "cosine":
        return (1 + math.cos(math.pi * f)) / 2
    if f < 0.3:
        return 1 - 0.96 * (1 + math.cos(math.pi * f / 0.3)) / 2
    return 4e-6 + (1 - 4e-6) * (1 + math.cos(math.pi * (f - 0.3) / 0.7)) / 2


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_schedules_step_by_step(schedule, name):
    """Each step is that of the oracle with this step's rate, wherever the rate stands in its equation."""
    random, epochs = np.random.default_rng(0), 5
    X, y = random.standard_normal((60, 3)), np.tile([0, 1], 30)
    model = Model([3, 6, 1], "tanh", dtype="float64")
    theta = [W.copy() for W in model.weights], [b.copy() for b in model.biases]
    optimizer, stepper = fresh(name)
    optimizer.schedule = schedule
    model.fit(X, y, epochs=epochs, batch_size=20, optimizer=optimizer, l2=0.1, shuffle=False)
    rate, steps = stepper.rate, epochs * 3
    for step in range(steps):
        stepper.rate = rate * rate_of(schedule, step / steps)
        batch = slice(step % 3 * 20, step % 3 * 20 + 20)
        theta = train(X[batch], y[batch], None, *theta, ["tanh"], stepper, 20, 0.1)
    for got, expected in zip([*model.weights, *model.biases], [*theta[0], *theta[1]], strict=True):
        assert_close(got, expected, 1e-12)
    assert (model.history[-1]["learning_rate"] < 1e-3 * rate) == (schedule != "constant")


def test_a_schedule_begins_anew_with_each_fit():
    X, y = np.random.default_rng(0).standard_normal((60, 3)), np.tile([0, 1], 30)
    model, optimizer = Model([3, 6, 1]), Adam(0.01, schedule="cosine")
    for _ in range(2):
        model.fit(X, y, epochs=4, batch_size=20, optimizer=optimizer)
    rates = [record["learning_rate"] for record in model.history]
    assert rates[:4] == rates[4:]
    assert rates[0] > rates[1] > rates[2] > rates[3]


def test_bad_schedule():
    with pytest.raises(ValueError, match=r"schedule='linear': choose one of constant, cosine, one_cycle"):
        Adam(schedule="linear")


@pytest.mark.parametrize("rest", [1e-3, 1e-6, 1e-7, 1e-8, 1e-12])
@pytest.mark.parametrize("which", ["beta_1", "beta_2"])
def test_betas_near_one_are_not_rounded_before_they_are_subtracted(which, rest):
    """The first step of Adam is η for each parameter, whatever the betas."""
    X, y, _ = data(SMALL, "float32")
    model = a_model("float32")
    before = model.parameters.copy()
    optimizer = Adam(1e-2, epsilon=1e-12, **{which: 1 - rest})
    model.fit(X, y, epochs=1, batch_size=None, optimizer=optimizer)
    np.testing.assert_allclose(np.abs(model.parameters - before), 1e-2, rtol=2e-5)


def test_a_small_decay_is_not_rounded_beside_one():
    """η λ = 15.5 × 2^-24 lies between two numbers that 1 - η λ can be in float32."""
    steps, decay, (X, y, _) = 300, 15.5 * 2.0**-24, data(SMALL, "float32")
    model = Model([6, 64, 64, 1], dtype="float32")
    W = np.concatenate([W.ravel() for W in model.weights]).astype(float)
    model.fit(X, y, epochs=steps, batch_size=None, optimizer=AdamW(1e-12, weight_decay=1e12 * decay))
    after = np.concatenate([W.ravel() for W in model.weights]).astype(float)
    assert 1 - W @ after / (W @ W) == pytest.approx(steps * decay, rel=0.01)


@pytest.mark.parametrize(("kind", "settings", "words"), [
    (Adam, {"epsilon": 1e-37}, r"epsilon=1e-37: adam computes with 3.16e-39, which is 0 in float32"),
    (Adam, {"learning_rate": 1e-50}, "learning_rate=1e-50: adam computes with 3.16e-51, which is 0 in float32"),
    (SGD, {"learning_rate": 1e-50}, "learning_rate=1e-50: sgd computes with 1e-50, which is 0 in float32"),
    (Momentum, {"learning_rate": 1e39}, r"learning_rate=1e\+39: momentum .* infinite in float32"),
])  # fmt: skip
def test_constants_that_a_dtype_cannot_hold_are_refused(kind, settings, words):
    X, y, _ = data(SMALL)
    with pytest.raises(ValueError, match=words):
        a_model("float32").fit(X, y, optimizer=kind(**settings))
    model = a_model("float64").fit(X, y, epochs=1, optimizer=kind(**{**settings, "learning_rate": 1e-50}))
    assert np.isfinite(model.parameters).all()
    with pytest.raises(ValueError, match=r"which is 0 in float64; use a value nearer to 1$"):
        a_model("float64").fit(X, y, optimizer=kind(1e-320))
