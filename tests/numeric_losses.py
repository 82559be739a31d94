"""The losses of numbers: settings of a Model for each, its naive twin, and targets that suit it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from reference import SQUARED_ERROR, huber, pinball, poisson

from fastmlp import Model

n, p = 500, 4
X = np.random.default_rng(0).standard_normal((n, p))
LEVELS = [0.05, 0.3, 0.5, 0.9]


class Case(NamedTuple):
    """Keywords of `Model`; dtype to `reference.Loss`; whether K outputs have K targets, and K where only one fits."""

    settings: dict
    twin: Callable
    separate: bool = True
    outputs: int | None = None


LOSSES = {
    "squared_error": Case({"loss": "squared_error"}, lambda dtype: SQUARED_ERROR),
    "poisson": Case({"loss": "poisson"}, poisson),
    "huber": Case({"loss": "huber"}, lambda dtype: huber(1.0)),
    "huber 0.3": Case({"loss": "huber", "delta": 0.3}, lambda dtype: huber(0.3)),
    "median": Case({"loss": "quantile"}, lambda dtype: pinball(0.5), outputs=1),
    "quantile 0.9": Case({"loss": "quantile", "quantile": 0.9}, lambda dtype: pinball(0.9), outputs=1),
    "quantiles": Case(
        {"loss": "quantile", "quantile": LEVELS}, lambda dtype: pinball(LEVELS), separate=False, outputs=len(LEVELS)
    ),
}


def outputs_of(name, K):
    """Return the number of outputs that a net of this loss has where K are wished for."""
    return LOSSES[name].outputs or K


def model_of(name, widths, *rest, **settings):
    """Return a Model of this loss; the last width gives way where the loss knows the number of its outputs."""
    return Model([*widths[:-1], outputs_of(name, widths[-1])], *rest, **LOSSES[name].settings, **settings)


def target(name, n, K=1, seed=0):
    """Return y (n), or (n, K): counts for Poisson, and of order 1 else."""
    random = np.random.default_rng([seed, 7])
    shape = (n, K) if LOSSES[name].separate and outputs_of(name, K) > 1 else n
    return random.poisson(1.7, shape).astype(float) if name == "poisson" else random.standard_normal(shape)


def learnable(name, K=1):
    """Return targets that depend on X: counts, or numbers around 0."""
    signal = np.column_stack([np.sin(X[:, k % p]) + 0.5 * X[:, (k + 1) % p] for k in range(K)])
    noise = np.random.default_rng(2)
    y = noise.poisson(np.exp(signal)) if name == "poisson" else signal + 0.2 * noise.standard_normal(signal.shape)
    return y if K > 1 and LOSSES[name].separate and not LOSSES[name].outputs else y[:, 0]


def fitted(name, K=1, y=None, dtype="float64", epochs=5, scaling=None, **how):
    """Return a model of this loss, trained on X and `learnable` numbers."""
    model = model_of(name, [p, 16, 8, K], "tanh", dtype=dtype, seed=2)
    model.target_scaling = scaling
    return model.fit(X, learnable(name, K) if y is None else y, **{"epochs": epochs, "batch_size": 32, **how})
