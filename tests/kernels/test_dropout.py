"""Dropout: the gradient under its masks, the masks themselves, and that nothing else changes."""

import numpy as np
import pytest
import reference
from dropout_masks import factors, mask
from reference import FUNCTIONS, assert_close
from scipy.special import expit
from sklearn.datasets import make_classification

from fastmlp import SGD, MLPClassifier
from fastmlp.activations import resolve_all
from fastmlp.losses import LOG_LOSS, POISSON, quantile_loss
from fastmlp.network.call import Tally
from fastmlp.network.layout import lay_out
from fastmlp.network.network import Network
from fastmlp.network.plan import Plan
from fastmlp.network.workspace import aligned_zeros
from fastmlp.rows.array import ArrayRows
from fastmlp.rows.order import Order

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def oracle_step(X, y, weights, biases, names, dropout, seed, t, rate, twin):
    """One step of plain gradient descent on the mean loss, under the masks of step t."""
    A, Z, masks = [X], [], []
    for l, (W, b) in enumerate(zip(weights, biases, strict=True)):
        Z.append(A[-1] @ W + b)
        if l == len(names):
            break
        masks.append(factors(seed, t, len(X), l, dropout[l], W.shape[1]))
        A.append(FUNCTIONS[names[l]][0](Z[-1]) * masks[-1])
    dZ = twin.slope(Z[-1], y.reshape(len(X), -1)) / len(X)
    for l in reversed(range(len(weights))):
        dW, db = A[l].T @ dZ, dZ.sum(axis=0)
        if l > 0:
            dZ = (dZ @ weights[l].T) * masks[l - 1] * FUNCTIONS[names[l - 1]][1](Z[l - 1], Z[l - 1] > 0)
        weights[l] = weights[l] - rate * dW
        biases[l] = biases[l] - rate * db
    return weights, biases


LOSSES = {
    "log_loss": (LOG_LOSS, reference.LOG_LOSS, 1),
    "poisson": (POISSON, reference.poisson(np.float64), 3),
    "quantiles": (quantile_loss([0.1, 0.8]), reference.pinball([0.1, 0.8]), 2),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("names", [["relu", "relu"], ["tanh", "gelu"], ["logistic", "identity"], ["elu", "softplus"]])
@pytest.mark.parametrize("batch_rows", [16, 400])  # shared buffers; chunks
@pytest.mark.parametrize("n_threads", [1, 3])
def test_the_gradient_under_the_masks(n_threads, batch_rows, names, loss, monkeypatch):
    monkeypatch.setattr("fastmlp.network.threads.FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr("fastmlp.network.threads.SHORT_FLOPS", 1.0)
    loss, twin, K = LOSSES[loss]
    random, widths, dropout = np.random.default_rng(0), (5, 20, 9, K), (0.3, 0.6)
    plan = Plan(widths, resolve_all(names, 2, np.dtype(float)), True, np.dtype(float), loss, dropout)
    theta = aligned_zeros(plan.n_parameters, np.dtype(float))
    theta[:] = random.standard_normal(theta.size) / 5
    weights, biases = ([array.copy() for array in arrays] for arrays in plan.views(theta))
    X, y = random.standard_normal((2 * batch_rows, 5)), random.integers(0, 2, (2 * batch_rows, loss.targets(K)))
    optimizer, array_rows = SGD(0.05), ArrayRows(X, y, n_features=5, dtype=float, outputs=K, loss=loss)
    Network(plan, theta, n_threads).train(array_rows, Order(len(X)), batch_rows, optimizer, 0.0, None, Tally(), seed=7)
    for t in range(2):
        rows = slice(t * batch_rows, (t + 1) * batch_rows)
        weights, biases = oracle_step(X[rows], y[rows], weights, biases, names, dropout, 7, t, 0.05, twin)
    got_W, got_b = plan.views(theta)
    for got, expected in zip([*got_W, *got_b], [*weights, *biases], strict=True):
        assert_close(got, expected, 1e-13)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_masks_are_random(p):
    """As many units as expected, and no row, step, layer or unit like another."""
    base = np.array([mask(0, 0, row, 0, p, 64) for row in range(200)])
    assert abs(base.mean() - (1 - p)) < 4 * np.sqrt(p * (1 - p) / base.size)
    others = [
        np.array([mask(*where(row), p, 64) for row in range(200)])
        for where in (
            lambda i: (1, 0, i, 0),
            lambda i: (0, 1, i, 0),
            lambda i: (0, 0, i, 1),
            lambda i: (0, 0, i + 1, 0),
        )
    ]
    others += [np.roll(base, 1, axis=1)]
    for other in others:
        correlation = np.corrcoef(base.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(base.size)


X, y = make_classification(400, 20, n_informative=4, flip_y=0.2, n_classes=2, random_state=0)


def fitted(**settings):
    return MLPClassifier((64, 32), **{"max_iter": 40, "random_state": 0, "learning_rate_init": 0.01, **settings}).fit(
        X, y
    )


@pytest.mark.parametrize("n_threads", [2, 3])
@pytest.mark.parametrize("batch_size", [50, 400])
def test_threads_change_no_bit(batch_size, n_threads, monkeypatch):
    monkeypatch.setattr("fastmlp.network.threads.FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr("fastmlp.network.threads.SHORT_FLOPS", 1.0)
    settings = {"dropout": [0.5, 0.2], "batch_size": batch_size, "max_iter": 3}
    got, expected = fitted(**settings, n_threads=n_threads), fitted(**settings, n_threads=1)
    assert got.coefs_[1].tobytes() == expected.coefs_[1].tobytes()


def test_predictions_use_all_units():
    classifier = fitted(dropout=0.5)
    A = X
    for W, b in zip(classifier.coefs_[:-1], classifier.intercepts_[:-1], strict=True):
        A = np.maximum(A @ W + b, 0)
    expected = expit(A @ classifier.coefs_[-1] + classifier.intercepts_[-1])[:, 0]
    np.testing.assert_allclose(classifier.predict_proba(X)[:, 1], expected, atol=1e-12)


def test_dropout_of_zero_is_none_and_half_learns_less_by_heart():
    np.testing.assert_array_equal(fitted(dropout=0.0).coefs_[0], fitted(dropout=[0, 0.0]).coefs_[0])
    assert fitted().score(X, y) > 0.99
    assert 0.8 < fitted(dropout=0.6).score(X, y) < 0.97


@pytest.mark.parametrize("dropout", [[0.5], [0.5, 1.0], [0.1] * 3, [-0.1, 0]])
def test_bad_dropout(dropout):
    with pytest.raises(ValueError, match="dropout="):
        fitted(dropout=dropout)


def test_a_part_just_below_one_still_drops_all_units():
    """round(p 2³²) is 2³² there, which 32 bits cannot hold: it must not count as 0."""
    names = resolve_all(["relu"], 1, np.dtype(float))
    layers, _, _ = lay_out(Plan((5, 20, 1), names, True, np.dtype(float), LOG_LOSS, (1 - 1e-12,)), 8, 1)
    assert layers["dropped"][0] == 2**32 - 1
