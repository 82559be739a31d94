"""Mean targets of categories, against a slow twin in plain Python."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss
from small_tables import train_little

from fastmlp import TabularClassifier, TabularRegressor
from fastmlp.feature_parts import Bins, Clipped, OneHot
from fastmlp.losses import CROSS_ENTROPY, LOG_LOSS, SQUARED_ERROR
from fastmlp.tabular.members import category_statistics
from fastmlp.tabular.members.category_statistics import CategoryStatistics, choices, learned_statistics, scaling_of
from fastmlp.tabular.members.data import Data
from fastmlp.tabular.members.recipe import FOLDS, MOST_ONE_HOT, PRIOR_ROWS, QUANTILES

N, MANY = 400, MOST_ONE_HOT + 8


def slow(keys, y, w, seed):
    """Return for each row the mean of other folds' targets, and log counts, before they are scaled."""
    folds = np.random.default_rng(seed).integers(FOLDS, size=len(keys))
    mean, prior = np.average(y, weights=w), PRIOR_ROWS * w.mean()
    out = np.empty((len(keys), 2))
    for i, key in enumerate(keys):
        count = sum(other == key for other in keys)
        others = [j for j in range(len(keys)) if keys[j] == key and folds[j] != folds[i]] if count > 1 else []
        total = sum(w[j] * y[j] for j in others) + prior * mean
        out[i] = total / (sum(w[j] for j in others) + prior), math.log(count)
    return out


@pytest.mark.parametrize("weighted", [False, True])
def test_means_are_of_other_rows(weighted):
    random = np.random.default_rng(0)
    matrix = np.stack([random.standard_normal(N), random.integers(MANY, size=N) ** 2 // MANY], axis=1).astype("float32")
    y = random.integers(2, size=N)
    w = random.random(N) + 0.5 if weighted else None
    found, whole = learned_statistics(matrix, [0, MANY], y, w, LOG_LOSS, seed=5)
    expected = slow(matrix[:, 1].tolist(), y, np.ones(N) if w is None else w, 5)
    low, middle, high = np.quantile(expected, [0.25, 0.5, 0.75], axis=0)
    np.testing.assert_allclose(whole[:, 2:], (expected - middle) / (high - low), atol=1e-5)
    np.testing.assert_array_equal(whole[:, :2], matrix)
    again = found.appended(matrix)
    assert again.shape == whole.shape
    np.testing.assert_array_equal(again[:, 3], whole[:, 3])  # counts are those of all rows
    assert (again[:, 2] != whole[:, 2]).mean() > 0.5  # means are not
    unknown = found.appended(np.array([[0.0, MANY + 1]], "float32"))
    assert unknown[0, 2] == pytest.approx((np.average(y, weights=w) - middle[0]) / (high - low)[0], abs=1e-5)


def test_pairs_of_columns_with_many_categories(monkeypatch):
    assert list(choices([0, MANY, 3, 50, 60])) == [
        ((1,), 1), ((3,), 1), ((4,), 1), ((1, 3), 50), ((1, 4), 60), ((3, 4), 60),
    ]  # fmt: skip
    monkeypatch.setattr(category_statistics, "MOST_PAIRS", 2)
    assert [which for which, _ in choices([0, MANY, 3, 50, 60])] == [(1,), (3,), (4,), (1, 3), (1, 4)]
    random = np.random.default_rng(1)
    codes = random.integers([MANY, 50], size=(N, 2))
    codes[: N // 2] = codes[N // 2 :]
    found, _ = learned_statistics(codes.astype("float32"), [MANY, 50], random.random(N), None, SQUARED_ERROR, 0)
    assert found.parts[2].keys.tolist() == sorted(set((codes[:, 0] * 50 + codes[:, 1]).tolist()))


def test_rare_and_many_categories(monkeypatch):
    codes = np.repeat(np.arange(50), 3)[:, np.newaxis].astype("float32")
    codes[0] = 70  # a single row
    y = np.arange(150) % 3
    found, whole = learned_statistics(codes, [100], y, None, CROSS_ENTROPY, 0)
    assert whole.shape == (150, 1 + 3 + 1)
    assert 70 not in found.parts[0].keys
    monkeypatch.setattr(category_statistics, "MOST_KEYS", 7)
    assert len(learned_statistics(codes, [100], y, None, CROSS_ENTROPY, 0)[0].parts[0].keys) == 7


def test_numbers_that_differ_by_rounding_only_are_not_magnified():
    same = 0.1 + 1e-17 * np.arange(40)
    assert len(set(same.tolist())) > 1
    shift, factor = scaling_of(np.stack([same, np.arange(40.0), same == same[0]], axis=1))
    np.testing.assert_allclose(shift, [0.1, 19.5, 0])
    np.testing.assert_allclose(factor, [1, 1 / 19.5, 2])


def test_few_categories_have_no_statistics():
    matrix = np.zeros((10, 2), "float32")
    found, whole = learned_statistics(matrix, [0, MOST_ONE_HOT], np.zeros(10, int), None, LOG_LOSS, 0)
    assert found == CategoryStatistics()
    assert whole is matrix


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_estimators_learn_many_categories_and_keep_them_in_files(kind, tmp_path):
    random = np.random.default_rng(2)
    effect = random.standard_normal(120)
    code, other = random.integers(120, size=(2, 1500))
    X = pd.DataFrame({"code": code.astype(str), "other": other.astype(str), "x": random.standard_normal(1500)})
    z = effect[code] + 0.3 * X["x"].to_numpy()
    y = np.where(z > 0, "a", "b") if kind is TabularClassifier else z
    model = kind(n_members=2, random_state=0).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.8
    X.loc[1200:1210, "code"] = "never seen"
    X.loc[1211:1220, "code"] = None
    expected = model.predict(X)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(kind.load(tmp_path / "m").predict(X), expected)


def test_rows_to_validate_on_have_the_statistics_of_those_to_train_on(monkeypatch):
    train_little(monkeypatch)
    random = np.random.default_rng(4)
    code = random.integers(60, size=300)
    X, y = pd.DataFrame({"code": code.astype(str), "x": random.standard_normal(300)}), code % 2
    model = TabularClassifier(n_members=2, random_state=0).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    assert model.statistics_.parts
    P = model.predict_proba(X[200:])
    assert model.validation_scores_.log_loss == pytest.approx(log_loss(y[200:], P), rel=1e-5)
    assert model.validation_scores_.accuracy == accuracy_score(y[200:], P.argmax(axis=1))


def test_nets_get_statistics_in_place_of_many_categories():
    random = np.random.default_rng(3)
    matrix = np.stack([random.standard_normal(N), random.integers(MANY, size=N)], axis=1).astype("float32")
    data = Data(matrix, [0, MANY], random.integers(2, size=N), None, LOG_LOSS, 1)
    assert any(isinstance(part, OneHot) for part in data.sample(0).features(QUANTILES, 0.3).parts)
    parts = data.with_statistics(0).sample(0).features(QUANTILES, 0.3).parts
    assert [(type(part), part.column) for part in parts] == [(Clipped, 0), (Clipped, 2), (Clipped, 3), (Bins, 0)]
