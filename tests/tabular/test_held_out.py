"""Figures that a fit leaves: over rows that the nets which predict them were not trained on."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score

from fastmlp import TabularClassifier, TabularRegressor, rows
from fastmlp.tabular import estimator
from fastmlp.tabular.held_out import scores_of
from fastmlp.tabular.members.recipe import Recipe

random = np.random.default_rng(0)
X = random.standard_normal((400, 4))
NOISE = random.integers(0, 2, 400)
RECIPE = Recipe(encodings=("smooth", "trees"), n_members=3, width=16, depth=1, epochs=5)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: RECIPE)


@pytest.mark.parametrize("window", [None, 100])
def test_nets_that_have_seen_a_row_do_not_judge_it(window, monkeypatch):
    trained = []
    monkeypatch.setattr(estimator, "scores_of", lambda members, w: trained.extend(members) or scores_of(members, w))
    model = TabularClassifier(random_state=0).fit(rows.Array(X, NOISE, window_rows=window))
    found, Z, y = model.validation_scores_, [], []
    for turn in range(2):
        members = [(member, w) for member, w in zip(trained, model.weights_, strict=True) if member.turn == turn]
        assert len(members) == 2 - turn
        part = members[0][0].validation
        index = part.order.rows(0, part.order.size)
        if window is None:
            assert not set(index) & set(trained[-1 if turn else 0].part.order.rows(0, 400 - len(index)))
        weight = sum(w for _, w in members)
        Z.append(sum(w / weight * member.model.network.logits(part.rows, part.order) for member, w in members)[:, 0])
        y.append(part.rows.y[index])
    Z, y = np.concatenate(Z), np.concatenate(y)
    assert found.rows == len(y) < 200
    assert found.auc == pytest.approx(roc_auc_score(y, Z))
    assert found.log_loss == pytest.approx(log_loss(y, 1 / (1 + np.exp(-Z))), rel=1e-5)
    assert len(pickle.dumps(found)) < 5000
    assert str(pickle.loads(pickle.dumps(found))) == str(found)


def test_rows_that_are_given_are_judged_by_all():
    y = (X[:, 0] + X[:, 1] + random.standard_normal(400) > 0).astype(int)
    w = random.random(100) + 0.1
    model = TabularClassifier(random_state=0).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=w)
    found, P = model.validation_scores_, model.predict_proba(X[300:])
    assert found.rows == 100
    assert [found.log_loss, found.auc, found.accuracy] == pytest.approx([
        log_loss(y[300:], P, sample_weight=w), roc_auc_score(y[300:], P[:, 1], sample_weight=w),
        accuracy_score(y[300:], P.argmax(axis=1), sample_weight=w),
    ], rel=1e-5)  # fmt: skip


def test_figures_of_numbers_are_in_their_units():
    y = 1000 * X[:, 0] + 5000
    model = TabularRegressor(random_state=0).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    found, A = model.validation_scores_, model.predict(X[300:])
    assert [found.r2, found.mae] == pytest.approx([r2_score(y[300:], A), mean_absolute_error(y[300:], A)], rel=1e-4)


def test_few_rows_have_none():
    model = TabularClassifier(random_state=0).fit(X[:30], NOISE[:30])
    assert model.validation_scores_ is None
