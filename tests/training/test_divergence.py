"""What becomes of a fit whose loss, gradient or weights leave the finite numbers, or nearly do."""

import warnings

import numpy as np
import pytest

from fastmlp import SGD, Adam, DivergenceError, MLPClassifier, Model

random = np.random.default_rng(0)
X = random.standard_normal((400, 5))
y = (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("dtype", "rate"), [("float32", 1e18), ("float64", 1e150)])
@pytest.mark.parametrize("batch_size", [20, None])
def test_epoch_and_batch_are_named_and_the_last_finite_weights_kept(dtype, rate, batch_size):
    model, optimizer = Model([5, 16, 16, 1], "identity", dtype=dtype, seed=1), SGD(1e-3)
    kept, rates = [model.parameters.copy()], iter([1e-3, 1e-3, rate])

    def callback(model, record):
        kept.append(model.parameters.copy())
        optimizer.learning_rate = next(rates, rate)

    with pytest.raises(DivergenceError, match=r"epoch (\d+), batch (\d+): .*learning_rate=1e\+1"):
        model.fit(X, y, epochs=100, batch_size=batch_size, optimizer=optimizer, callbacks=callback)
    np.testing.assert_array_equal(model.parameters, kept[-1])
    assert np.isfinite(model.parameters).all()
    assert len(model.history) == len(kept) - 1 >= 3
    assert optimizer.t == len(model.history) * (1 if batch_size is None else 20)


def test_the_batch_is_that_whose_loss_is_not_finite():
    """Rows in order; the third batch holds a number that is finite, and its product with a weight is not."""
    large = X.astype("float32")
    large[45, 0] = 3e38
    model = Model([5, 4, 1], seed=1)
    model.weights[0][:] = 10
    before = model.parameters.copy()
    with pytest.raises(DivergenceError, match="epoch 1, batch 3:"):
        model.fit(large, y, epochs=2, batch_size=20, shuffle=False)
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize(
    ("optimizer", "factors", "remedy"),
    [
        (Adam(epsilon=0), [1, 1, 1, 1, 0], r"Raise epsilon=0$"),
        (SGD(0.1), [1e30] * 5, r"Scale the features of X, which go up to \d.*e\+30$"),
        (SGD(50), [1e30] * 5, r"Lower learning_rate=50, or scale the features of X, which go up to \d.*e\+30$"),
    ],
)
def test_remedies_are_about_what_the_net_sees(optimizer, factors, remedy):
    model = Model([5, 16, 1], seed=0)
    model.scaling = np.zeros(5), np.array(factors)
    with pytest.raises(DivergenceError, match=remedy):
        model.fit(X, y, epochs=5, batch_size=20, optimizer=optimizer)


def test_the_estimator_says_what_scikit_learn_says():
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPClassifier((8,), solver="sgd", learning_rate_init=1e300, activation="identity", random_state=0).fit(X, y)


def exploding(**options):
    model = Model([5, 1], seed=0)
    rates = iter([1e-3, 1e-3, 1e3, 1e3, 1e3])
    optimizer = SGD(1e-3)

    def faster(model, record):
        optimizer.learning_rate = next(rates)

    return model.fit(X, y, epochs=5, batch_size=None, optimizer=optimizer, callbacks=faster, **options)


def test_a_loss_that_explodes_and_stays_finite_warns_once():
    with pytest.warns(RuntimeWarning, match="the loss of epoch 5 is .* that of the first was 1") as caught:
        exploding()
    assert len(caught) == 1


def test_a_loss_that_only_wavers_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Model([5, 16, 1], seed=0).fit(X, random.integers(0, 2, 400), epochs=30, optimizer=Adam(0.05))
