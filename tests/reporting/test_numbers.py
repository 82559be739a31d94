"""Reports on numbers, counts and quantiles: their figures are scikit-learn's, on the same rows."""

import functools

import numpy as np
import pytest
from pages import Page
from sklearn import metrics

import fastmlp
from fastmlp import MLPRegressor, Model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

random = np.random.default_rng(0)
n = 400
X = random.standard_normal((n, 4))
y = 500 + 100 * X[:, 0] + 30 * X[:, 1] ** 2 + 10 * random.standard_normal(n)
COUNTS = random.poisson(np.exp(0.5 + 0.5 * X[:, 0]))
w = random.integers(0, 4, n).astype(float)


@functools.cache
def of_numbers():
    settings = {"standardize_target": True, "learning_rate_init": 0.01, "random_state": 0}
    return MLPRegressor(hidden_layer_sizes=(16,), max_iter=30, **settings).fit(X, y)


def value(text):
    return pytest.approx(float(text), rel=6e-5, abs=6e-5)


def near(figure):
    return pytest.approx(figure, rel=1e-6)  # predict returns float32


@pytest.mark.parametrize("weights", [None, w])
def test_figures_of_numbers(weights, undrawn):
    found = fastmlp.report(of_numbers(), X, y, weights, n_repeats=1)
    p = of_numbers().predict(X)
    expected = {
        "R²": metrics.r2_score(y, p, sample_weight=weights),
        "RMSE": metrics.root_mean_squared_error(y, p, sample_weight=weights),
        "MAE": metrics.mean_absolute_error(y, p, sample_weight=weights),
        "median absolute error": metrics.median_absolute_error(y, p, sample_weight=weights),
        "mean residual": np.average(y - p, weights=weights),
        "mean of the target": np.average(y, weights=weights),
    }
    assert {name: found.figures[name] for name in expected} == near(expected)
    within = np.abs(y - p) <= found.figures["90 % of errors below"]
    assert np.average(within, weights=weights) == pytest.approx(0.9, abs=0.01)
    shown = {row[0]: row[1] for row in Page(found.html).table("All figures")}
    assert shown == {name: f"{x:.4f}" if name == "R²" else f"{x:#.5g}" for name, x in found.figures.items()}
    assert all(type(figure) is float for figure in found.figures.values())


def test_groups_are_deciles_of_the_prediction(undrawn):
    page = Page(fastmlp.report(of_numbers(), X, y, n_repeats=1).html)
    p = of_numbers().predict(X).astype(float)
    rows = page.table("Groups of rows by quantiles of the prediction")
    order = np.argsort(p)
    for row, part in zip(rows, np.array_split(order, 10), strict=True):
        assert int(row[2]) == len(part)
        assert p[part].mean() == value(row[3])
        assert y[part].mean() == value(row[4])
        assert np.abs(y - p)[part].mean() == value(row[5])


@pytest.mark.parametrize("weights", [None, w])
def test_counts(weights):
    model = Model([4, 8, 1], loss="poisson").fit(X, COUNTS, epochs=20, batch_size=32)
    found = fastmlp.report(model, X, COUNTS, weights, n_repeats=1)
    p = model.predict(X).astype(float)
    deviance = metrics.mean_poisson_deviance(COUNTS, p, sample_weight=weights)
    assert found.figures["mean Poisson deviance"] == near(deviance)
    explained = metrics.d2_tweedie_score(COUNTS, p, sample_weight=weights, power=1)
    assert found.figures["D²"] == near(explained)
    total = np.average(p, weights=weights) / np.average(COUNTS, weights=weights)
    assert found.figures["predicted / true total"] == near(total)
    assert any(text.startswith("Mean true y over mean predictions") for text in Page(found.html).alternatives())


def test_counts_that_are_all_zero():
    model = Model([4, 8, 1], loss="poisson")
    found = fastmlp.report(model, X, np.zeros(n), n_repeats=1)
    undefined = {name for name, figure in found.figures.items() if np.isnan(figure)}
    assert undefined == {"D²", "predicted / true total", "R²"}
    shown = {row[0]: row[1] for row in Page(found.html).table("All figures")}
    assert {name for name, text in shown.items() if text == "undefined"} == undefined
    assert shown["mean of the target"] == "0"


@pytest.mark.parametrize("weights", [None, w])
def test_quantiles(weights):
    levels = [0.1, 0.5, 0.9]
    model = MLPRegressor("quantile", (16,), quantile=levels, max_iter=20, standardize_target=True, random_state=0)
    A = model.fit(X, y).predict(X).astype(float)
    found = fastmlp.report(model, X, y, weights, n_repeats=1)
    page = Page(found.html)
    losses = [metrics.mean_pinball_loss(y, A[:, k], sample_weight=weights, alpha=levels[k]) for k in range(3)]
    assert found.figures["mean pinball loss"] == near(np.mean(losses))
    below = [np.average(y <= A[:, k], weights=weights) for k in range(3)]
    for level, share, loss, row in zip(levels, below, losses, page.table("Levels"), strict=True):
        assert found.figures[f"rows up to quantile {level}"] == near(share)
        assert row[:2] == [str(level), f"{100 * share:.1f} %"]
        assert loss == value(row[3])
    (row,) = page.table("Intervals between quantiles")
    assert row[:3] == ["0.1 – 0.9", "80.0 %", f"{100 * (below[2] - below[0]):.1f} %"]
    assert np.average(A[:, 2] - A[:, 0], weights=weights) == value(row[3])


def test_the_median_has_figures_of_numbers_too(undrawn):
    model = MLPRegressor("quantile", (8,), max_iter=3, standardize_target=True, random_state=0).fit(X, y)
    found = fastmlp.report(model, X, y, n_repeats=1)
    assert {"mean pinball loss", "rows up to quantile 0.5", "R²", "MAE"} <= found.figures.keys()
    assert found.figures["R²"] == near(metrics.r2_score(y, model.predict(X)))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_targets(loss):
    Y = np.column_stack([COUNTS, 2.0 * COUNTS + 1, COUNTS + 3, 4.0 * COUNTS])
    model = MLPRegressor(loss, (16,), max_iter=10, random_state=0).fit(X, Y)
    A = model.predict(X).astype(float)
    found = fastmlp.report(model, X, Y, n_repeats=1)
    page = Page(found.html)
    assert found.figures["mean R²"] == near(metrics.r2_score(Y, A))
    for k, row in enumerate(page.table("Each of 4 targets")):
        assert row[0] == f"y {k}"
        assert metrics.r2_score(Y[:, k], A[:, k]) == value(row[1])
    if loss == "poisson":
        deviance = metrics.mean_poisson_deviance(Y.ravel(), A.ravel())
        assert found.figures["mean Poisson deviance"] == near(deviance)


def test_constant_predictions_and_targets():
    model = Model([4, 1], loss="squared_error")
    model.parameters[:] = 0
    found = fastmlp.report(model, X, y, n_repeats=1)
    assert len(Page(found.html).table("Groups of rows")) == 1
    assert np.isnan(fastmlp.report(model, X, np.full(n, 3.0), n_repeats=1).figures["R²"])


def test_one_row():
    found = fastmlp.report(of_numbers(), X[:1], y[:1], n_repeats=1)
    assert np.isnan(found.figures["R²"])
    assert "<dt>R²</dt><dd>undefined</dd>" in found.html  # at the top
    assert found.figures["MAE"] == near(abs(y[0] - of_numbers().predict(X[:1])[0]))
