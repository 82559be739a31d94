"""Training with mixed_bfloat16: as good as float32, with row weights and L2, interrupted and continued."""

import numpy as np
import pytest
from ctrl_c import CtrlC
from mixed_nets import MIXED
from sklearn.datasets import load_breast_cancer, make_classification, make_friedman1, make_moons
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

from fastmlp import SGD, Adam, Model, Momentum, rows
from fastmlp.network import threads

pytestmark = pytest.mark.usefixtures("bfloat16")
random = np.random.default_rng(0)
X = random.standard_normal((600, 5)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
w = random.integers(0, 3, 600).astype(float)
WIDTHS = [5, 33, 8, 1]


def model_of(dtype=MIXED, **settings):
    return Model(WIDTHS, dtype=dtype, **{"seed": 3, **settings})


# --- as good as float32 ---------------------------------------------------------------------------


def scaled(table, target, n):
    """Rows to train on and rows to test with, the columns scaled by those of the former."""
    order = np.random.default_rng(0).permutation(len(table))
    train, test = order[:n], order[n:]
    table = (table - table[train].mean(axis=0)) / table[train].std(axis=0)
    return table[train], target[train], table[test], target[test]


def of_both(score, *arguments, seeds=1, **how):
    """Return score(dtype, seed, …), the mean over seeds, of float32 and of mixed_bfloat16."""
    return [np.mean([score(dtype, seed, *arguments, **how) for seed in range(seeds)]) for dtype in ("float32", MIXED)]


def fit_and_score(dtype, seed, data, widths, scorer, loss="log_loss", **how):
    train_X, train_y, test_X, test_y = data
    model = Model(widths, dtype=dtype, seed=seed, loss=loss).fit(train_X, train_y, epochs=40, **how)
    return scorer(test_y, model.predict_proba(test_X) if scorer is roc_auc_score else model.predict(test_X))


def test_breast_cancer():
    data = scaled(*load_breast_cancer(return_X_y=True), 400)
    float32, mixed = of_both(fit_and_score, data, [30, 16, 1], roc_auc_score, seeds=3, batch_size=32)
    assert float32 > 0.985
    assert abs(mixed - float32) < 0.003


def test_moons():
    data = scaled(*make_moons(2000, noise=0.15, random_state=0), 1000)
    float32, mixed = of_both(fit_and_score, data, [2, 32, 32, 1], roc_auc_score, seeds=3, batch_size=50)
    assert float32 > 0.99
    assert abs(mixed - float32) < 0.003


def test_classes():
    data = scaled(*make_classification(1500, 10, n_informative=8, n_classes=4, random_state=0), 1000)
    float32, mixed = of_both(fit_and_score, data, [10, 64, 64, 4], accuracy_score, seeds=2, batch_size=32)
    assert float32 > 0.75
    assert abs(mixed - float32) < 0.02


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_numbers(loss):
    table, target = make_friedman1(1500, 6, noise=0.5, random_state=0)
    data = scaled(table, (target - target.mean()) / target.std(), 1000)
    float32, mixed = of_both(fit_and_score, data, [6, 64, 64, 1], r2_score, loss=loss, batch_size=50)
    assert float32 > 0.93
    assert abs(mixed - float32) < 0.01


def test_steps_smaller_than_a_place_of_bfloat16_add_up():
    """θ itself is not rounded: 200 steps of 2⁻¹⁵ of it are as one of 200 times the size."""
    model = Model([1, 1], dtype=MIXED, loss="huber", bias=False)
    model.weights[0][:] = 1
    model.fit([[1.0]] * 8, [100.0] * 8, epochs=200, batch_size=8, optimizer=SGD(2.0**-15))
    assert model.weights[0][0, 0] == 1 + 200 * 2.0**-15


# --- row weights and L2 ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", [33, 600])
def test_weight_zero_leaves_a_row_out_and_weight_two_doubles_it(n):
    model, times = model_of(), w[:n].astype(int)
    J, gradient = model.loss_and_gradient(X[:n], y[:n], times)
    expected_J, expected = model.loss_and_gradient(X[:n].repeat(times, axis=0), y[:n].repeat(times))
    assert pytest.approx(expected_J, rel=1e-6) == J
    scale = np.abs(expected.parameters).max()
    np.testing.assert_allclose(gradient.parameters, expected.parameters, atol=3e-6 * scale)


@pytest.mark.parametrize("exponent", [-100, 100])
def test_powers_of_two_scale_weights_without_a_trace(exponent):
    plain, scaled_weights = (model_of().fit(X, y, w * 2.0**e, epochs=2, batch_size=32) for e in (0, exponent))
    assert scaled_weights.parameters.tobytes() == plain.parameters.tobytes()


def test_a_batch_without_weight_makes_no_step():
    zeros = w.copy()
    zeros[64:128] = 0
    with_it, without = model_of(), model_of()
    how = {"epochs": 2, "batch_size": 64, "shuffle": False}
    with_it.fit(X, y, zeros, optimizer=Momentum(0.01), **how)
    kept = np.r_[:64, 128:600]
    without.fit(X[kept], y[kept], zeros[kept], optimizer=Momentum(0.01), **how)
    assert with_it.parameters.tobytes() == without.parameters.tobytes()
    assert with_it.optimizer.t == without.optimizer.t == 18


@pytest.mark.parametrize("batch_size", [40, None])
def test_l2_takes_weights_that_are_not_rounded(batch_size):
    n = batch_size or 600
    plain, penalized = model_of(), model_of()
    W = [part.astype(float) for part in plain.weights]
    for model, l2 in ((plain, 0.0), (penalized, 2.0**-3)):
        model.fit(X[:n], y[:n], epochs=1, batch_size=batch_size, optimizer=SGD(0.5), l2=l2)
    for a, b, start in zip(penalized.weights, plain.weights, W, strict=True):
        np.testing.assert_allclose(a.astype(float) - b, -(2.0**-4) * start, atol=2e-7)
    for a, b in zip(penalized.biases, plain.biases, strict=True):
        np.testing.assert_array_equal(a, b)


# --- interrupted and continued --------------------------------------------------------------------

FITS = {
    "batches": {},
    "full batch": {"batch_size": None},
    "a stream": {"stream": 150},
    "batches larger than windows": {"stream": 100, "batch_size": 250},
    "momentum, l2": {"optimizer": lambda: Momentum(0.01), "l2": 0.01, "shuffle": False},
    "dropout": {"dropout": [0.3, 0.1]},
}


def fitted(path=None, **how):
    """Train for 4 epochs, with a checkpoint after each few steps if there is a path."""
    settings = {"batch_size": 32, "epochs": 4, "optimizer": lambda: Adam(0.01)} | how
    model, window_rows = model_of(dropout=settings.pop("dropout", 0.0)), settings.pop("stream", None)
    given = (rows.Array(X, y, w, block_rows=50, window_rows=window_rows),) if window_rows else (X, y, w)
    optimizer = settings.pop("optimizer")()
    return model.fit(*given, optimizer=optimizer, checkpoint=path, checkpoint_every=0, **settings)


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("name", FITS)
def test_checkpoints_resume_to_the_same_bits(name, tmp_path):
    expected, losses = fitted(**FITS[name]), []

    def stop_twice(model, record):
        losses.append(record["loss"])
        if len(losses) in (1, 3):
            raise StoppedError

    for _ in range(2):
        with pytest.raises(StoppedError):
            fitted(tmp_path / "run", resume=True, callbacks=stop_twice, **FITS[name])
    assert Model.load(tmp_path / "run").mixed
    resumed = fitted(tmp_path / "run", resume=True, callbacks=stop_twice, **FITS[name])
    assert resumed.parameters.tobytes() == expected.parameters.tobytes()
    assert resumed.optimizer.moments.tobytes() == expected.optimizer.moments.tobytes()
    assert [record["loss"] for record in resumed.history] == [record["loss"] for record in expected.history]


def test_a_checkpoint_of_float32_is_another_fit(tmp_path):
    def stop(model, record):
        raise StoppedError

    with pytest.raises(StoppedError):
        fitted(tmp_path / "run", callbacks=stop)
    with pytest.raises(ValueError, match="dtype="):
        model_of("float32").fit(
            X, y, w, epochs=4, batch_size=32, optimizer=Adam(0.01), checkpoint=tmp_path / "run", resume=True
        )


@pytest.mark.parametrize("delay", [0.003, 0.05, 0.2])
@pytest.mark.parametrize("batch_size", [32, None])
def test_ctrl_c_keeps_the_weights_of_the_last_step(batch_size, delay, tmp_path, monkeypatch):
    """By the bits of a fit that was not interrupted, from the checkpoint that Ctrl-C leaves."""
    monkeypatch.setattr(threads, "SHORT_FLOPS", 0)
    how = {"batch_size": batch_size, "epochs": 5000}
    model, interrupt = model_of(), CtrlC(delay)
    with pytest.raises(KeyboardInterrupt), interrupt:
        model.fit(X, y, checkpoint=tmp_path / "run", checkpoint_every=1000, optimizer=Adam(), **how)
    assert interrupt.seconds < 5
    t, done = 0 if model.optimizer is None else model.optimizer.t, len(model.history)
    assert np.isfinite(model.predict_proba(X)).all()
    if (tmp_path / "run").exists():  # else no fit had begun
        assert Model.load(tmp_path / "run").parameters.tobytes() == model.parameters.tobytes()

    def ends(model, record):
        return record["epoch"] == done + 3

    expected = model_of().fit(X, y, callbacks=ends, optimizer=Adam(), **how)
    resumed = model_of().fit(X, y, callbacks=ends, checkpoint=tmp_path / "run", resume=True, optimizer=Adam(), **how)
    assert resumed.optimizer.t == expected.optimizer.t > t
    assert resumed.parameters.tobytes() == expected.parameters.tobytes()
