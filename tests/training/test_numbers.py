"""Models of numbers: predictions, what they learn, figures of validation rows and early stopping."""

import math

import numpy as np
import pytest
from numeric_losses import LEVELS, LOSSES, X, fitted, learnable, model_of, n, outputs_of, p
from reference import assert_close
from sklearn.metrics import mean_pinball_loss, r2_score

from fastmlp import SGD, Adam, Model, rows
from fastmlp.rows.array import ArrayRows
from fastmlp.training.validation import evaluate

w = np.random.default_rng(1).integers(0, 4, n) / 2


def logits(model, X):
    A = X
    for l, (W, b) in enumerate(zip(model.weights, model.biases, strict=True)):
        A = A @ W + b
        A = np.tanh(A) if l < len(model.weights) - 1 else A
    return A


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_predictions_are_the_link_of_the_outputs(name, K, dtype):
    model = fitted(name, K, dtype=dtype)
    K, predicted = outputs_of(name, K), model.predict(X)
    expected = LOSSES[name].twin(dtype).link(logits(model, X))
    expected = np.sort(expected, axis=1) if name == "quantiles" else expected
    assert predicted.shape == ((n,) if K == 1 else (n, K))
    assert predicted.dtype == dtype
    assert_close(predicted, expected[:, 0] if K == 1 else expected, {"float32": 1e-4, "float64": 1e-11}[dtype])
    parts = list(model.iter_predict(rows.Array(X, window_rows=64)))
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate(parts), predicted)
    np.testing.assert_array_equal(np.concatenate(list(model.iter_predict(X))), predicted)
    for call in (lambda: model.predict_proba(X), lambda: list(model.iter_proba(X))):
        with pytest.raises(AttributeError, match=r"(predict|iter)_proba: .*loss=.*; call predict"):
            call()


def test_classes_have_iter_predict_too():
    model = Model([p, 8, 3]).fit(X, np.arange(n) % 3, epochs=1)
    parts = list(model.iter_predict(rows.Array(X, window_rows=64)))
    np.testing.assert_array_equal(np.concatenate(parts), model.predict(X))


def test_quantiles_that_cross_are_put_in_order():
    model = model_of("quantiles", [p, 1], dtype="float64")
    model.weights[0][:] = [[1, -1, 2, 0]] + [[0] * 4] * 3
    model.biases[0][:] = 0
    np.testing.assert_array_equal(model.predict(X), np.sort(X @ model.weights[0], axis=1))


@pytest.mark.parametrize(
    ("name", "K"), [(name, K) for name, case in LOSSES.items() for K in ([1, 3] if case.outputs is None else [1])]
)
def test_numbers_are_learned(name, K):
    y = learnable(name, K)
    model = fitted(name, K, epochs=80, optimizer=Adam(0.01))
    losses = [record["loss"] for record in model.history]
    assert losses[-1] < 0.7 * losses[0]
    predicted = model.predict(X)
    if name in ("squared_error", "huber", "huber 0.3", "median"):
        assert r2_score(y, predicted) > 0.8
    if name == "quantile 0.9":
        assert 0.8 < (y < predicted).mean() < 0.97
    if name == "quantiles":
        np.testing.assert_allclose((y[:, None] < predicted).mean(axis=0), LEVELS, atol=0.15)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_figures_of_validation_rows(name, K, weighted):
    y, v = learnable(name, K), w if weighted else None
    how = {"X_val": X, "y_val": y, "sample_weight_val": v}
    model = fitted(name, K, epochs=3, **how)
    record, predicted = model.history[-1], model.predict(X)
    assert record["validation_loss"] == pytest.approx(model.loss(X, y, v) / (n if v is None else v.sum()), rel=1e-9)
    levels = {"quantiles": LEVELS, "median": [0.5], "quantile 0.9": [0.9]}.get(name)
    if levels:
        assert "validation_r2" not in record  # it is highest for what is near the mean
        columns = enumerate(predicted.reshape(n, -1).T)
        losses = [mean_pinball_loss(y, column, sample_weight=v, alpha=levels[k]) for k, column in columns]
        assert sum(losses) <= record["validation_loss"] * (1 + 1e-9)  # put in order, they can only be better
    else:
        assert record["validation_r2"] == pytest.approx(r2_score(y, predicted, sample_weight=v), rel=1e-9, abs=1e-12)
    assert "validation_accuracy" not in record


def test_verbose_prints_r2(capsys):
    model = fitted("squared_error", epochs=2, validation_fraction=0.2, verbose=1)
    for line, record in zip(capsys.readouterr().out.splitlines(), model.history, strict=True):
        assert line.endswith(f"validation_r2 = {record['validation_r2']:.8f}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("z", [-1e4, 60, 90, 600, 708, 1e4])
def test_figures_of_poisson_far_away_are_those_of_the_kernels(z, dtype):
    """Also beyond the bound of e^z, which is that of the net's dtype although the figures are in float64."""
    model, y = Model([p, 1], loss="poisson", dtype=dtype), np.array([1.0, 0, 7])
    model.weights[0][:], model.biases[0][:] = 0, z
    network = model.network
    array_rows = ArrayRows(X[:3], y, n_features=p, dtype=model.dtype, loss=network.plan.loss)
    loss, r2 = evaluate(network, array_rows, array_rows.order())
    assert loss == pytest.approx(model.loss(X[:3], y) / 3, rel=1e-4)
    assert r2 == pytest.approx(r2_score(y, model.predict(X[:3]).astype(float)) if z < 80 else r2, rel=1e-4)


@pytest.mark.parametrize("K", [1, 3])
def test_r2_of_constant_targets_is_that_of_scikit_learn(K):
    y = np.column_stack([np.full(n, 2.5)] * K)
    y = y[:, 0] if K == 1 else y
    model = model_of("squared_error", [p, K], dtype="float64")
    record = model.fit(X, y, X_val=X, y_val=y, epochs=1).history[-1]
    assert record["validation_r2"] == r2_score(y, model.predict(X)) == 0
    model.weights[0][:], model.biases[0][:] = 0, 2.5
    record = model.fit(X, y, X_val=X, y_val=y, epochs=1).history[-1]
    assert record["validation_r2"] == r2_score(y, model.predict(X)) == 1


def test_r2_of_numbers_far_from_0_loses_no_digits():
    y = learnable("squared_error") + 1e7
    model = fitted("squared_error", y=y, scaling=(np.array([1e7]), np.ones(1)), X_val=X, y_val=y)
    assert model.history[-1]["validation_r2"] == pytest.approx(r2_score(y, model.predict(X)), abs=1e-8)


def test_r2_over_a_stream_of_several_windows():
    y = learnable("squared_error", 3)
    stream = rows.Array(X, y, w, block_rows=50, window_rows=120)
    model = fitted("squared_error", 3, X_val=stream)
    expected = r2_score(y, model.predict(X), sample_weight=w)
    assert model.history[-1]["validation_r2"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_early_stopping_returns_to_the_best_epoch(name):
    y = learnable(name) if name == "poisson" else np.random.default_rng(5).standard_normal(n)
    seen = []

    def remember(model, record):
        seen.append((record["validation_loss"], model.parameters.copy()))

    model = fitted(
        name, y=y, X_val=X[:100], y_val=y[:100], epochs=60, early_stopping=True, n_iter_no_change=3,
        optimizer=Adam(0.1), callbacks=remember,
    )  # fmt: skip
    assert len(seen) < 60
    best = min(range(len(seen)), key=lambda k: seen[k][0])
    assert best < len(seen) - 1
    np.testing.assert_array_equal(model.parameters, seen[best][1])


@pytest.mark.parametrize("name", LOSSES)
def test_a_fraction_of_the_rows_is_kept_for_validation(name):
    """Numbers are no classes: any of them may be drawn, whatever values there are how often."""
    for given in (X,), (rows.Array(X, learnable(name), block_rows=50, window_rows=100),):
        model = model_of(name, [p, 6, 1])
        y = () if isinstance(given[0], rows.Stream) else (learnable(name),)
        model.fit(*given, *y, epochs=2, validation_fraction=0.2)
        assert math.isfinite(model.history[-1]["validation_loss"])


def test_the_validation_loss_of_large_counts_is_the_kernels():
    """Its terms are far larger than their sum."""
    model = Model([2, 1], loss="poisson", dtype="float64")
    model.parameters[:] = 0
    model.biases[0][:] = np.log(1e14) + 1e-7
    X, y = np.zeros((3, 2)), np.full(3, 1e14)
    J = model.loss(X, y) / 3
    figures = model.fit(X, y, epochs=1, optimizer=SGD(1e-300), X_val=X, y_val=y).history[-1]
    assert abs(J - 0.5) < 1e-3
    assert figures["validation_loss"] == pytest.approx(J, rel=1e-6)
