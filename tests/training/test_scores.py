"""The command line's figures of classes and numbers: scikit-learn's, of rows with and without weights."""

import re

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from fastmlp import Model
from fastmlp.cli.main import main
from fastmlp.rows.order import Order
from fastmlp.training.inputs import rows_of
from fastmlp.training.ranking import Ranking
from fastmlp.training.scores import scores, significant


@pytest.mark.parametrize("most", [200, 1000, 10_000])
@pytest.mark.parametrize(
    "logits",
    [
        lambda random, n: random.standard_normal(n),
        lambda random, n: 1 + random.standard_normal(n) * 1e-12,  # which differ in their last bits only
        lambda random, n: random.integers(-3, 4, n) / 2,  # ties, and both zeros
        lambda random, n: np.where(random.random(n) < 0.5, 0.0, random.standard_normal(n)).astype(np.float32),
        lambda random, n: np.sort(random.standard_normal(n)),
        lambda random, n: np.clip(random.standard_normal(n) / random.random(n), -1e300, 1e300),
        lambda random, n: np.zeros(n),
    ],
)
def test_auc_is_exact_however_many_rows_memory_takes(logits, most):
    random = np.random.default_rng(most)
    n = 3000
    z, y = logits(random, n), random.random(n) < 0.3
    for w in (None, random.random(n), (random.random(n) < 0.3) * 1e-300):
        ranking = Ranking(most)
        for first in range(0, n, 211):
            part = slice(first, first + 211)
            ranking.add(
                z[part], y[part].astype(np.uint8), None if w is None else w[part] * 2.0**900 ** bool(w.max() < 1e-9)
            )
        assert ranking.auc() == pytest.approx(roc_auc_score(y, z, sample_weight=w), rel=1e-12)
        assert (ranking.runs.file is not None) == (most <= 1000 and len(np.unique(z)) > most)


def test_auc_of_nothing_to_compare():
    for z, y, w in [([1, 2], [1, 1], None), ([1, 2], [0, 1], [1, 0]), ([1, np.nan], [0, 1], None), ([], [], None)]:
        ranking = Ranking()
        ranking.add(np.array(z, float), np.array(y, np.uint8), w if w is None else np.array(w, float))
        assert np.isnan(ranking.auc())


@pytest.mark.parametrize("size", [1.0, 1e300])
def test_scores_are_scikit_learn_s(size):
    random = np.random.default_rng(0)
    X = random.standard_normal((20_000, 3)).astype("float32")
    y = X[:, 0] + random.standard_normal(20_000) > 0.5
    weights = random.random(20_000) * size
    model = Model([3, 16, 1]).fit(X, y, epochs=3)
    for w in (None, weights):
        rows = rows_of(model, X, y, w)
        found = scores(model.network, rows, rows.order())
        P, Z = model.predict_proba(X).astype(float), model.network.logits(rows)[:, 0]
        share = None if w is None else w / size
        assert found.auc == pytest.approx(roc_auc_score(y, Z, sample_weight=share), rel=1e-12)
        assert found.log_loss == pytest.approx(log_loss(y, P, sample_weight=share), rel=1e-5)
        assert found.accuracy == pytest.approx(accuracy_score(y, P > 0.5, sample_weight=share), rel=1e-12)
    rows = rows_of(model, X, y * 0)
    assert "AUC undefined (one class)" in str(scores(model.network, rows, rows.order()))


@pytest.mark.parametrize(("loss", "y"), [("log_loss", [0, 1, 1]), ("squared_error", [0.5, 1.5, 2.5])])
def test_scores_of_rows_without_weight_are_refused(loss, y):
    model = Model([3, 4, 1], loss=loss)
    rows = rows_of(model, np.ones((3, 3)), np.array(y), np.array([1.0, 0, 0]))
    with pytest.raises(ValueError, match="the 2 rows have no weight; at least one must have a weight above 0"):
        scores(model.network, rows, Order.of(np.array([1, 2])))


@pytest.mark.parametrize("most", [600, 10**6])
def test_scores_of_many_classes_are_scikit_learn_s(most, monkeypatch):
    monkeypatch.setattr("fastmlp.training.scores.ROWS_IN_MEMORY", most)  # 150 rows of each ranking, or all
    random = np.random.default_rng(0)
    X = random.standard_normal((5000, 3)).astype("float32")
    y = np.digitize(X[:, 0] + random.standard_normal(5000), [-1, 0, 1.5])
    model = Model([3, 16, 4], dtype="float64").fit(X, y, epochs=3)
    for w in (None, random.random(5000)):
        rows = rows_of(model, X, y, w)
        found = scores(model.network, rows, rows.order())
        P = model.predict_proba(X)
        auc = [roc_auc_score(y == k, P[:, k], sample_weight=w) for k in range(4)]
        np.testing.assert_allclose(found.aucs, auc, rtol=1e-9)
        assert found.auc == pytest.approx(np.mean(auc), rel=1e-9)
        assert found.log_loss == pytest.approx(log_loss(y, P, sample_weight=w), rel=1e-9)
        assert found.accuracy == pytest.approx(accuracy_score(y, P.argmax(axis=1), sample_weight=w), rel=1e-12)
        assert (found.rankings[0].runs.file is not None) == (most == 600)
    some = rows_of(model, X[y < 2], y[y < 2])
    found = scores(model.network, some, some.order())
    assert found.auc == pytest.approx(np.mean([roc_auc_score(y[y < 2] == k, P[y < 2, k]) for k in (0, 1)]), rel=1e-9)
    assert f"macro AUC {found.auc:.4f} (of the 2 classes with rows, out of 4), accuracy" in str(found)
    one = rows_of(model, X, y * 0)
    assert "macro AUC undefined (one class)" in str(scores(model.network, one, one.order()))


LOSSES = {
    "squared_error": {}, "poisson": {}, "huber": {"delta": 0.3}, "quantile": {"quantile": 0.7},
    "quantiles": {"quantile": [0.2, 0.5, 0.9]},
}  # fmt: skip


@pytest.mark.parametrize("size", [1.0, 1e300])
@pytest.mark.parametrize("name", LOSSES)
def test_scores_of_numbers_are_scikit_learn_s(name, size):
    random = np.random.default_rng(0)
    X = random.standard_normal((30_000, 3)).astype("float32")
    y = random.poisson(np.exp(X[:, 0])) * 50.0
    arguments, loss = LOSSES[name], "quantile" if name == "quantiles" else name
    model = Model([3, 8, len(np.atleast_1d(arguments.get("quantile", 1)))], dtype="float64", loss=loss, **arguments)
    model.target_scaling = None if loss == "poisson" else ([40.0], [1 / 75])
    model.fit(X, y, epochs=1)
    weights = random.random(30_000)
    for w in (None, weights):
        rows = rows_of(model, X, y, None if w is None else w * size)
        found = scores(model.network, rows, rows.order(), model.target_scaling)
        P = model.predict(X)
        if name == "quantiles":
            assert (np.diff(P, axis=1) >= 0).all()
            losses = [mean_pinball_loss(y, P[:, k], alpha=t, sample_weight=w) for k, t in enumerate([0.2, 0.5, 0.9])]
            assert found.pinball == pytest.approx(np.mean(losses), rel=1e-9)
            np.testing.assert_allclose(found.shares, np.average(y[:, None] <= P, axis=0, weights=w), rtol=1e-9)
            assert "R²" not in str(found)
            continue
        assert found.r2 == pytest.approx(r2_score(y, P, sample_weight=w), rel=1e-9)
        assert found.rmse == pytest.approx(mean_squared_error(y, P, sample_weight=w) ** 0.5, rel=1e-9)
        assert found.mae == pytest.approx(mean_absolute_error(y, P, sample_weight=w), rel=1e-9)
        assert str(found).startswith(f"R² {found.r2:.4f}, RMSE ")
        if loss == "poisson":
            assert found.poisson_deviance == pytest.approx(mean_poisson_deviance(y, P, sample_weight=w), rel=1e-9)
        if loss == "quantile":
            assert found.pinball == pytest.approx(mean_pinball_loss(y, P, alpha=0.7, sample_weight=w), rel=1e-9)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"), (622.444, "622.44"), (9.99996, "10.0000"), (123456.7, "123457"), (0.00012345, "0.00012345"),
        (1.23456e-7, "1.235e-07"), (1.23456e20, "1.235e+20"), (np.inf, "inf"), (np.nan, "nan"),
    ],
)  # fmt: skip
def test_figures_with_units_have_five_digits(x, text):
    assert significant(x) == text


def printed(text):
    return [float(number) for number in re.findall(r"(?:log loss|AUC|accuracy) ([0-9.]+)", text)]


@pytest.mark.parametrize("options", [[], ["--window-rows", "500"]])
def test_the_command_line_s_figures_are_weighted(tmp_path, capsys, options):
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 2000))
    y, w = (a + random.standard_normal(2000) > 0).astype(int), np.where(a > 0, 5.0, 0.1)
    path, model = str(tmp_path / "t.parquet"), str(tmp_path / "m")
    parquet.write_table(pyarrow.table({"a": a, "b": b, "y": y, "w": w}), path)
    command = ["train", path, "--target", "y", "--hidden", "4", "--epochs", "2", "--quiet", "--save", model]
    assert main([*command, *options, "--weight", "w", "--validation-fraction", "0.5"]) == 0
    trained = Model.load(model)
    last = trained.history[-1]
    loss, _, accuracy = printed(capsys.readouterr().out)
    assert loss == pytest.approx(last["validation_loss"], abs=6e-5)
    assert accuracy == pytest.approx(last["validation_accuracy"], abs=6e-5)

    P = trained.predict_proba(pyarrow.table({"a": a, "b": b})).astype(float)
    for weight, v in (([], None), (["--weight", "w"], w)):
        assert main(["evaluate", model, path, *weight]) == 0
        expected = [
            score(y, p, sample_weight=v) for score, p in ((log_loss, P), (roc_auc_score, P), (accuracy_score, P > 0.5))
        ]
        assert printed(capsys.readouterr().out) == pytest.approx(expected, abs=6e-5)

    parquet.write_table(pyarrow.table({"a": a, "b": b, "y": y, "w": w * 0}), path)
    assert main(["evaluate", model, path, "--weight", "w"]) == 2
    assert "sample_weight is 0 for every row" in capsys.readouterr().err
