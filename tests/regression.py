"""Data and nets for tests of MLPRegressor."""

import numpy as np
from sklearn.datasets import make_friedman1

from fastmlp import MLPRegressor

X, y = make_friedman1(600, 6, noise=0.5, random_state=0)
Y = np.stack([y, -3 * X[:, 0] + 1, np.sin(4 * X[:, 1])], axis=1)
COUNTS = np.random.default_rng(0).poisson(np.exp(X[:, 0] + X[:, 1]))
w = np.random.default_rng(1).uniform(0, 2, 600)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.01}
LEVELS = [0.1, 0.5, 0.9]
LOSSES = {
    "squared_error": {}, "poisson": {"loss": "poisson"}, "huber": {"loss": "huber", "delta": 0.7},
    "quantile": {"loss": "quantile", "quantile": 0.8}, "quantiles": {"loss": "quantile", "quantile": LEVELS},
}  # fmt: skip


def regressor(**settings):
    return MLPRegressor(**SETTINGS | settings)


def target_of(loss):
    return COUNTS if loss == "poisson" else y
