"""`TabularClassifier` and `TabularRegressor` on small tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_friedman1
from sklearn.model_selection import train_test_split

from fastmlp import TabularClassifier, TabularRegressor


def frame(n=600, seed=0):
    """Return a table with numbers, categories and holes, and classes that a step and a category decide."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({
        "number": random.normal(50, 20, n), "other": random.standard_normal(n),
        "kind": random.choice(["a", "b", "c"], n), "flag": random.random(n) < 0.5,
    })  # fmt: skip
    table.loc[::7, "other"] = np.nan
    y = np.where((table["number"] > 60) ^ (table["kind"] == "b"), "yes", "no")
    return table, y


def test_numbers_categories_and_holes_are_learned():
    X, y = frame()
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = TabularClassifier(n_members=2, random_state=0).fit(train, y_train)
    assert model.score(test, y_test) > 0.95
    assert model.classes_.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(model.predict_proba(test[test.columns[::-1]]), model.predict_proba(test))


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_classes(load):
    X, y = load(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    model = TabularClassifier(n_members=4, random_state=0).fit(train, y_train)
    assert model.score(test, y_test) > 0.9
    P = model.predict_proba(test)
    assert P.shape == (len(test), len(np.unique(y)))
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_numbers():
    X, y = make_friedman1(800, noise=0.5, random_state=0)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    assert TabularRegressor(n_members=4, random_state=0).fit(train, y_train).score(test, y_test) > 0.9


def test_any_number_of_threads_gives_the_same_bits():
    X, y = frame(300)
    one, three = (TabularClassifier(n_members=4, random_state=3, n_threads=n).fit(X, y) for n in (1, 3))
    np.testing.assert_array_equal(one.predict_proba(X), three.predict_proba(X))
    other = TabularClassifier(n_members=4, random_state=4).fit(X, y)
    assert (other.predict_proba(X) != one.predict_proba(X)).any()
