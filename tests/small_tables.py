"""Small tables with columns of all kinds, and a recipe for them that is trained in no time."""

from dataclasses import replace

import numpy as np
import pandas as pd

from fastmlp import TabularClassifier, TabularRegressor
from fastmlp.tabular.members.recipe import Recipe

SMALL = Recipe(width=8, depth=2, epochs=3, batch_rows=32, activation="relu", smooth_activation="relu")


def train_little(monkeypatch, recipe=SMALL, **settings):
    """Let tabular estimators train a small recipe, changed by settings, whatever the table."""
    changed = replace(recipe, **settings)
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: changed)


def table(n=120, seed=0):
    """Return columns of numbers, whole numbers, categories, truth values and dates, holes, and a constant column."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "number": random.normal(50, 20, n), "holes": random.standard_normal(n), "count": random.integers(0, 90, n),
        "kind": random.choice(["a", "b", "ü"], n), "flag": random.random(n) < 0.5, "same": np.ones(n),
        "day": pd.Timestamp("2020-02-01") + pd.to_timedelta(random.integers(0, 900, n), "D"),
    })  # fmt: skip
    frame.loc[::7, "holes"] = np.nan
    frame.loc[::11, "kind"] = None
    return frame


def classes(X, names=("no", "yes")):
    """Return a class for each row, by quantiles of a number."""
    return np.array(names)[pd.qcut(X["number"], len(names), labels=False)]


def numbers(X):
    """Return a count for each row."""
    return np.rint(X["number"].clip(0, None) + 20 * X["flag"]).to_numpy()


def classifier(**settings):
    return TabularClassifier(**{"n_members": 1, "random_state": 0} | settings)


def regressor(**settings):
    return TabularRegressor(**{"n_members": 1, "random_state": 0} | settings)
