"""Nets learn: problems with known answers, to stated accuracies."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, make_moons
from sklearn.metrics import roc_auc_score

from fastmlp import SGD, Adam, Model, TableEncoder, rows

COVERTYPE = Path(__file__).parents[3] / "shared" / "data" / "covertype.parquet"


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_xor(activation):
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
    y = [0, 1, 1, 0]
    model = Model([2, 16, 1], activation, dtype="float64", seed=1)
    model.fit(X, y, epochs=800, batch_size=None, optimizer=Adam(learning_rate=0.05))
    assert model.predict(X).tolist() == y
    assert model.loss(X, y) < 0.05


def test_two_moons():
    X, y = make_moons(2000, noise=0.15, random_state=0)
    model = Model([2, 32, 32, 1], seed=0).fit(X[:1500], y[:1500], epochs=60, batch_size=50)
    assert (model.predict(X[1500:]) == y[1500:]).mean() > 0.98


def test_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:400], order[400:]
    model = Model([30, 16, 1], seed=0)
    model.scaling = X[train].mean(axis=0), 1 / X[train].std(axis=0)
    model.fit(X[train], y[train], epochs=60, batch_size=32, l2=1e-3)
    assert (model.predict(X[test]) == y[test]).mean() > 0.96
    assert roc_auc_score(y[test], model.predict_proba(X[test])) > 0.99


def test_logistic_regression_finds_the_optimum():
    """L = 1: at the optimum of a convex problem the gradient of the mean loss with L2 is zero."""
    random = np.random.default_rng(0)
    X = random.standard_normal((500, 3))
    y = random.random(500) < 1 / (1 + np.exp(-(X @ [1.0, -2.0, 0.5] + 0.3)))
    model = Model([3, 1], dtype="float64")
    model.fit(X, y, epochs=500, batch_size=None, optimizer=SGD(learning_rate=2.0), l2=0.01)
    _, gradient = model.loss_and_gradient(X, y)
    assert np.abs(gradient.weights[0] / 500 + 0.01 * model.weights[0]).max() < 1e-9
    assert np.abs(gradient.biases[0] / 500).max() < 1e-9


@pytest.mark.skipif(not COVERTYPE.exists(), reason="the table is not part of the project")
def test_covertype():
    table = rows.Parquet(COVERTYPE, target="lodgepole_pine")
    encoder = TableEncoder().fit(table)
    X, y = encoder.transform(table), np.concatenate([np.asarray(block.y) for block in table.labels()])
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    model = Model([X.shape[1], 64, 64, 1])
    model.fit(X[:100_000], y[:100_000], epochs=6, batch_size=256)
    assert roc_auc_score(y[100_000:200_000], model.predict_proba(X[100_000:200_000])) > 0.9
