"""Importances and partial dependences of columns are scikit-learn's."""

import datetime

import numpy as np
import pytest
from pages import Page
from sklearn import metrics
from sklearn.inspection import partial_dependence, permutation_importance

import fastmlp
from fastmlp import MLPClassifier, MLPRegressor, TabularClassifier
from fastmlp.reporting import columns, dependence

pytestmark = [
    pytest.mark.usefixtures("undrawn"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

random = np.random.default_rng(0)
n = 300
X = random.standard_normal((n, 4))
X[:, 1] = np.round(X[:, 1])
y = 2 * X[:, 0] + X[:, 1] ** 2 > 1
w = random.random(n)


def importances(page):
    return {row[0]: (float(row[1]), float(row[2])) for row in page.table("Permutation importances")}


@pytest.mark.parametrize("weights", [None, w])
def test_importances_of_columns(weights):
    model = MLPClassifier((8,), solver="lbfgs", max_iter=50, random_state=0).fit(X, y)
    page = Page(fastmlp.report(model, X, y, weights, n_repeats=3, random_state=5).html)
    found = permutation_importance(
        model, X, y, scoring="neg_log_loss", n_repeats=3, random_state=5, sample_weight=weights
    )
    expected = zip(found.importances_mean, found.importances_std, strict=True)
    shown = importances(page)
    assert shown == {f"x{k}": pytest.approx(each, rel=1e-3, abs=1e-5) for k, each in enumerate(expected)}
    assert [*shown] == [f"x{k}" for k in np.argsort(-found.importances_mean, kind="stable")]


def test_importances_of_labels_are_rises_of_the_sum_of_their_log_losses():
    Y = np.column_stack([y, X[:, 2] > 0]).astype(int)
    model = MLPClassifier((8,), solver="lbfgs", max_iter=30, alpha=1, random_state=0).fit(X, Y)
    page = Page(fastmlp.report(model, X, Y, w, n_repeats=2).html)

    def score(model, X, Y, sample_weight):
        P = model.predict_proba(X).astype(float)
        return -sum(metrics.log_loss(Y[:, k], P[:, k], sample_weight=sample_weight) for k in range(2))

    found = permutation_importance(model, X, Y, scoring=score, n_repeats=2, random_state=0, sample_weight=w)
    for k in range(4):
        assert importances(page)[f"x{k}"][0] == pytest.approx(found.importances_mean[k], rel=1e-3, abs=1e-5)


def test_importances_of_numbers_are_rises_of_the_rmse():
    z = 3 * X[:, 0] + X[:, 2]
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=50, random_state=0).fit(X, z)
    page = Page(fastmlp.report(model, X, z, n_repeats=2).html)
    found = permutation_importance(
        model, X, z, scoring="neg_root_mean_squared_error", n_repeats=2, random_state=0
    ).importances_mean
    for k in range(4):
        assert importances(page)[f"x{k}"][0] == pytest.approx(found[k], rel=1e-3, abs=1e-5)


def test_importances_of_a_table_are_those_of_the_estimator():
    model = TabularClassifier(n_members=1, random_state=0).fit(X, y)
    page = Page(fastmlp.report(model, X, y, n_repeats=2).html)
    found = model.feature_importances(X, y, n_repeats=2, scoring="neg_log_loss")
    assert importances(page) == {
        name: pytest.approx((mean, deviation), rel=1e-3, abs=1e-5)
        for name, mean, deviation in zip(found.names, found.means, found.deviations, strict=True)
    }


def test_partial_dependences():
    model = MLPClassifier((8,), solver="lbfgs", max_iter=50, random_state=0).fit(X, y)
    page = Page(fastmlp.report(model, X, y, n_repeats=1).html)
    for name, column in (("x0", 0), ("x1", 1)):
        rows = page.table(f"Partial dependence on {name}")
        values = np.array([float(row[0]) for row in rows])
        found = partial_dependence(model, X, [column], custom_values={column: values}, kind="average")
        np.testing.assert_allclose([float(row[1]) for row in rows], found["average"][0], atol=2e-4)
    assert [row[0] for row in page.table("Partial dependence on x1")] == [
        f"{value:.4f}" if value else "0" for value in np.unique(X[:, 1])
    ]
    assert float(page.table("Partial dependence on x0")[0][0]) == pytest.approx(np.quantile(X[:, 0], 0.01), abs=0.3)


def test_partial_dependences_of_more_classes_and_of_quantiles():
    Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    model = MLPClassifier((8,), solver="lbfgs", max_iter=50, random_state=0).fit(X, Y)
    page = Page(fastmlp.report(model, X, Y, n_repeats=1).html)
    rows = page.table("Partial dependence on x0")
    shares = np.array([[float(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=2e-4)
    header = next(rows[0] for caption, rows in page.tables.items() if caption == "Partial dependence on x0")
    assert header == ["x0", "P(0)", "P(1)", "P(2)"]
    z = X[:, 0] + random.standard_normal(n)
    settings = {"learning_rate_init": 0.05, "max_iter": 30, "random_state": 0}
    model = MLPRegressor("quantile", (8,), quantile=[0.1, 0.9], **settings).fit(X, z)
    page = Page(fastmlp.report(model, X, z, n_repeats=1).html)
    for row in page.table("Partial dependence on x0"):
        assert float(row[1]) <= float(row[2])


def test_many_columns_stay_readable():
    wide = random.standard_normal((120, 500))
    model = MLPClassifier((4,), solver="lbfgs", max_iter=10, random_state=0).fit(wide, wide[:, 17] > 0)
    page = Page(fastmlp.report(model, wide, wide[:, 17] > 0, n_repeats=1).html)
    assert len(page.table("Permutation importances of the first 30 columns")) == 30
    every = page.table("Permutation importances of all columns")
    assert sorted(row[0] for row in every) == sorted(f"x{k}" for k in range(500))
    assert every[0][0] == "x17"
    assert "the 20 most important of 500 columns" in page.text


def test_columns_that_are_not_used():
    table = np.column_stack([X, np.zeros(n)])
    model = TabularClassifier(n_members=1, random_state=0).fit(table, y)
    page = Page(fastmlp.report(model, table, y, n_repeats=1).html)
    assert importances(page)["x4"] == (0, 0)
    assert ["5", "x4", "not used"] in page.table("Columns")


@pytest.mark.parametrize(("most", "weights", "why"), [
    ({"MOST_PREDICTIONS": 1000}, None, "There are 4 columns, too many to shuffle each of them 5 times."),
    ({"MOST_ROWS": 1, "FEWEST_ROWS": 1}, np.arange(n) == n - 1, "None of the rows drawn for this has a weight."),
])  # fmt: skip
def test_columns_that_cannot_be_shuffled_are_told(most, weights, why, monkeypatch):
    for name, value in most.items():
        monkeypatch.setattr(columns, name, value)
    model = MLPClassifier((4,), solver="lbfgs", max_iter=5, random_state=0).fit(X, y)
    given = None if weights is None else weights.astype(float)
    page = Page(fastmlp.report(model, X, y, given, random_state=0).html)
    assert why in page.text
    assert "Permutation importances" not in page.tables


def test_numbers_spelled_as_text_are_placed_as_numbers():
    """As the encoding reads them, so that what is no number is missing."""
    assert [dependence.as_number(value) for value in ("1.5", 2, "1e3")] == [1.5, 2.0, 1000.0]
    assert all(np.isnan(dependence.as_number(value)) for value in ("one", "", None))


def test_durations_and_times_are_placed_on_an_axis_as_numbers():
    values = datetime.timedelta(hours=1, seconds=2), datetime.time(12, 30, 36), np.float32(0.5)
    assert [dependence.placed(value) for value in values] == [3602.0, 12.51, 0.5]
