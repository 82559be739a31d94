"""Importances of columns, their plot, and scikit-learn's own tools of inspection."""

import matplotlib
import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from matplotlib import pyplot
from scipy import sparse
from sklearn.inspection import PartialDependenceDisplay, partial_dependence, permutation_importance
from small_tables import SMALL, numbers, table, train_little

from fastmlp import TabularClassifier, TabularRegressor, plot

matplotlib.use("Agg")
X = table(240)
LABELS = np.where((X["number"] > 50) ^ (X["kind"] == "b"), "yes", "no")


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        train_little(patch, SMALL, width=32, epochs=40, learning_rate=1e-2)
        return TabularClassifier(n_members=2, random_state=0).fit(X, LABELS)


@pytest.fixture(autouse=True)
def _figures_closed():
    yield
    pyplot.close("all")


def test_columns_that_decide_come_first(model):
    found = model.feature_importances(X, LABELS)
    assert {*found.names[:2]} == {"number", "kind"}
    assert {*found.names} == {*X.columns}
    assert (np.diff(found.means) <= 0).all()
    assert found.means[1] > 0.1 > found.means[2]
    assert found.repeats.shape == (X.shape[1], 5)
    np.testing.assert_allclose(found.repeats.mean(axis=1), found.means)
    np.testing.assert_allclose(found.repeats.std(axis=1), found.deviations)
    at = found.names.index("same")
    assert (found.repeats[at] == 0).all()  # constant, and left out
    first, *lines = str(found).splitlines()
    assert first == f"{found.names[0]:<6}  {found.means[0]:.4f} ± {found.deviations[0]:.4f}"
    assert len(lines) == X.shape[1] - 1


def test_they_are_scikit_learns(model):
    """Whatever the score; those of other random draws differ."""
    by_name = X[model.reading_.encoding.columns]
    for scoring in (None, "neg_log_loss", "roc_auc"):
        theirs = permutation_importance(model, by_name, LABELS, scoring=scoring, random_state=0, n_repeats=3)
        ours = model.feature_importances(X, LABELS, n_repeats=3, scoring=scoring)
        means = dict(zip(ours.names, ours.means, strict=True))
        np.testing.assert_allclose([means[name] for name in by_name], theirs.importances_mean, atol=1e-12)
    again = model.feature_importances(X, LABELS, n_repeats=3, scoring="roc_auc")
    np.testing.assert_array_equal(again.repeats, ours.repeats)
    other = model.feature_importances(X, LABELS, n_repeats=3, scoring="roc_auc", random_state=1)
    assert (other.means != ours.means).any()


def test_tables_of_any_kind_and_weights(model):
    expected = model.feature_importances(X, LABELS)
    for other in (polars.from_pandas(X), pyarrow.Table.from_pandas(X), X[X.columns[::-1]]):
        found = model.feature_importances(other, LABELS)
        assert found.names == expected.names
        np.testing.assert_array_equal(found.repeats, expected.repeats)
    half = np.arange(len(X)) < 120
    weighted = model.feature_importances(X, LABELS, half * 1.0, scoring="neg_log_loss")
    assert weighted.means[0] != model.feature_importances(X, LABELS, scoring="neg_log_loss").means[0]


def test_numbers_and_sparse_tables(monkeypatch):
    train_little(monkeypatch, width=32, epochs=40, learning_rate=1e-2)
    random = np.random.default_rng(0)
    A = random.standard_normal((200, 3))
    regressor = TabularRegressor(n_members=1, random_state=0).fit(sparse.csr_matrix(A), A[:, 1])
    found = regressor.feature_importances(sparse.csr_matrix(A), A[:, 1])
    assert found.names[0] == "x1"
    assert found.means[0] > 1
    quantiles = TabularRegressor(loss="quantile", quantile=[0.2, 0.8], n_members=1, random_state=0)
    assert quantiles.fit(X, numbers(X)).feature_importances(X, numbers(X)).names[0] in ("number", "flag")


def test_partial_dependence_of_categories_and_numbers(model):
    columns = ["number", "kind"]
    whole = X.fillna({"kind": "a"})  # scikit-learn takes no categories that are missing
    found = partial_dependence(model, whole, ["kind"], categorical_features=["kind"])
    assert set(found["grid_values"][0]) == {"a", "b", "ü"}
    high = X[X["number"] > 60].fillna({"kind": "a"})
    chances = dict(zip(found["grid_values"][0], partial_dependence(
        model, high, ["kind"], categorical_features=["kind"])["average"][0], strict=True))  # fmt: skip
    assert chances["a"] > 0.5 > chances["b"]
    display = PartialDependenceDisplay.from_estimator(model, whole, columns, categorical_features=["kind"])
    display.figure_.canvas.draw()


def test_plot(model):
    found = model.feature_importances(X.rename(columns=str), LABELS)
    ax = plot.importances(found, most=3)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(found.names[:3])
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], found.means[:3])
    assert ax.yaxis_inverted()
    _, own = pyplot.subplots()
    assert plot.importances(found, ax=own) is own
    assert len(own.patches) == X.shape[1]


def test_names_that_look_like_formulas(monkeypatch):
    train_little(monkeypatch)
    odd, y = pd.DataFrame({"$a_{": np.arange(60.0), "b" * 200: np.arange(60) % 7}), np.arange(60) > 30
    ax = plot.importances(TabularClassifier(n_members=1, random_state=0).fit(odd, y).feature_importances(odd, y))
    ax.figure.canvas.draw()
    assert {label.get_text() for label in ax.get_yticklabels()} == {r"\$a_{", "b" * 40 + "…"}
