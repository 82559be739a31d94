"""A recipe for tests in which it does not matter how good the models are, and tables for them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from fastmlp.tabular import estimator
from fastmlp.tabular.recipe import SMOOTH, recipe_for


def small_recipe(monkeypatch, **settings):
    """Let the tabular estimators train nets of two narrow layers for a few epochs."""
    small = {"encodings": (SMOOTH,), "width": 16, "depth": 2, "epochs": 5, "batch_rows": 32, "learning_rate": 1e-2}
    recipe = lambda n, classes: replace(recipe_for(n, classes), **small | settings)  # noqa: E731
    monkeypatch.setattr(estimator, "recipe_for", recipe)


def table(n=200, seed=0):
    """Return a frame of numbers, categories, booleans, dates and holes, and classes that depend on two columns."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({
        "number": random.normal(50, 20, n), "other": random.standard_normal(n),
        "kind": random.choice(["a", "b", "c"], n), "flag": random.random(n) < 0.5,
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, n), unit="D"),
    })  # fmt: skip
    X.loc[::7, "other"] = np.nan
    return X, np.where((X["number"] > 60) ^ (X["kind"] == "b"), "yes", "no")
