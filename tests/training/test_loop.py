"""Epochs: history, validation, early stopping, callbacks, divergence, progress."""

import numpy as np
import pytest

from fastmlp import SGD, Adam, DivergenceError, Model


def table(n=600, seed=0):
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, 4))
    return X, (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(n)) > 0


def log_loss(model, X, y):
    p = model.predict_proba(X).astype(float)
    return -np.mean(np.where(y, np.log(p), np.log1p(-p)))


def test_history_tells_the_loss_with_and_without_l2():
    X, y = table()
    model = Model([4, 8, 1], dtype="float64").fit(X, y, epochs=3, batch_size=600, l2=0.5, shuffle=False)
    assert [record["epoch"] for record in model.history] == [1, 2, 3]
    again = Model([4, 8, 1], dtype="float64")
    first = again.loss(X, y) / 600
    again.fit(X, y, epochs=1, batch_size=600, l2=0.5)
    assert model.history[0]["loss"] == pytest.approx(first, rel=1e-12)
    penalty = 0.25 * sum((W**2).sum() for W in again.weights)
    assert again.history[0]["loss_with_l2"] - again.history[0]["loss"] == pytest.approx(penalty, rel=1e-9)
    assert all(record["seconds"] > 0 and record["rows_per_second"] > 0 for record in model.history)


def test_validation_figures_are_those_of_the_kept_rows():
    X, y = table()
    X_val, y_val = table(200, seed=1)
    model = Model([4, 8, 1], dtype="float64").fit(X, y, epochs=2, X_val=X_val, y_val=y_val)
    assert model.history[-1]["validation_loss"] == pytest.approx(log_loss(model, X_val, y_val), rel=1e-9)
    assert model.history[-1]["validation_accuracy"] == np.mean(model.predict(X_val) == y_val)


def test_validation_rows_are_not_trained_on():
    """Rows kept for validation may hold any X without a change to the weights."""
    from fastmlp.rows.order import validation_split

    X, y = table()
    kept, rest = validation_split(600, 0.25, 7, y.astype(np.uint8))
    kept, rest = kept.rows(0, kept.size), rest.rows(0, rest.size)
    assert sorted([*kept, *rest]) == list(range(600))
    assert len(kept) == 150
    other = X.copy()
    other[kept] *= -1
    models = [Model([4, 8, 1], seed=7).fit(Z, y, epochs=2, validation_fraction=0.25) for Z in (X, other)]
    assert np.array_equal(models[0].parameters, models[1].parameters)
    assert models[0].history[-1]["validation_loss"] != models[1].history[-1]["validation_loss"]


def test_early_stopping_restores_the_best_weights():
    X, y = table(200)
    X_val, y_val = table(400, seed=1)
    model = Model([4, 64, 1], seed=0)
    model.fit(
        X, y, epochs=400, batch_size=20, optimizer=Adam(learning_rate=0.02),
        X_val=X_val, y_val=y_val, early_stopping=True, n_iter_no_change=5, tol=0.0,
    )  # fmt: skip
    losses = [record["validation_loss"] for record in model.history]
    assert len(losses) < 400
    assert len(losses) - 1 - int(np.argmin(losses)) == 5
    assert log_loss(model, X_val, y_val) == pytest.approx(min(losses), rel=1e-5)


def test_callback_stops():
    X, y = table()
    seen = []

    def callback(model, record):
        seen.append((record["epoch"], model.parameters.copy()))
        return record["epoch"] == 3

    others = []
    model = Model([4, 8, 1]).fit(X, y, epochs=10, callbacks=[callback, lambda model, record: others.append(record)])
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert others == model.history
    assert np.array_equal(seen[-1][1], model.parameters)


def test_divergence_names_epoch_and_batch_and_keeps_finite_weights():
    X, y = table()
    model = Model([4, 8, 8, 1])
    with pytest.raises(DivergenceError, match=r"epoch \d+, batch \d+.*learning_rate"):
        model.fit(X * 1e18, y, epochs=50, batch_size=50, optimizer=SGD(learning_rate=1e18))
    assert np.isfinite(model.parameters).all()


def test_a_bad_row_leaves_the_weights_as_they_were():
    X, y = table()
    X[590, 2] = np.nan
    model = Model([4, 8, 1])
    before = model.parameters.copy()
    with pytest.raises(ValueError, match=r"X contains NaN in row 590, column 2"):
        model.fit(X, y, epochs=3, batch_size=10)
    assert np.array_equal(model.parameters, before)


def test_epochs_have_different_orders_and_the_same_seed_the_same():
    X, y = table()
    a, b, c = (Model([4, 8, 1], seed=s) for s in (0, 0, 1))
    c.parameters[:] = a.parameters
    for model in (a, b, c):
        model.fit(X, y, epochs=2, batch_size=32)
    assert np.array_equal(a.parameters, b.parameters)
    assert not np.array_equal(a.parameters, c.parameters)


def test_progress_bar_counts_every_row(capsys):
    X, y = table()
    Model([4, 8, 1]).fit(X, y, epochs=5, verbose="bar")
    printed = capsys.readouterr()
    assert "3.00k/3.00k" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("verbose", [1, True])
def test_verbose_prints_a_line_for_each_epoch(verbose, capsys):
    X, y = table()
    model = Model([4, 8, 1]).fit(X, y, epochs=2, validation_fraction=0.2, verbose=verbose)
    printed = capsys.readouterr()
    expected = [
        "Epoch {epoch}, loss = {loss:.8f}, validation_loss = {validation_loss:.8f}, "
        "validation_accuracy = {validation_accuracy:.8f}".format(**record)
        for record in model.history
    ]
    assert printed.out.splitlines() == expected
    assert printed.err == ""
    model.fit(X, y, epochs=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"epochs": -1}, ValueError, "epochs"),
        ({"epochs": 1.5}, TypeError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": -3}, ValueError, "batch_size"),
        ({"l2": -1.0}, ValueError, "l2"),
        ({"l2": np.nan}, ValueError, "l2"),
        ({"optimizer": "adagrad"}, ValueError, "optimizer"),
        ({"validation_fraction": 1.0}, ValueError, "validation_fraction"),
        ({"validation_fraction": 0.001}, ValueError, "validation_fraction"),
        ({"early_stopping": True}, ValueError, "early_stopping"),
        ({"X_val": [[1, 2, 3, 4]], "y_val": [1], "validation_fraction": 0.1}, ValueError, "not both"),
        ({"X_val": [[1, 2, 3, 4]]}, ValueError, "X_val and y_val: give both"),
        ({"X_val": [[1, 2, 3, 4]], "y_val": [2]}, ValueError, "X_val, y_val: y "),
        ({"sample_weight_val": [1]}, ValueError, "X_val and y_val: give both"),
        ({"verbose": "bars"}, TypeError, 'verbose=.bars.: must be 0, 1 or "bar"'),
        ({"verbose": -1}, ValueError, "verbose=-1: must be"),
        ({"verbose": 0.5}, TypeError, "verbose=0.5: must be"),
    ],
)
def test_bad_arguments(arguments, error, word):
    X, y = table()
    with pytest.raises(error, match=word):
        Model([4, 8, 1]).fit(X, y, **arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"widths": [4]}, ValueError, "widths"),
        ({"widths": [4, 0, 1]}, ValueError, "widths"),
        ({"widths": [4, 8, 1], "out_activation": "softmax"}, ValueError, "out_activation"),
        ({"widths": [4, 8, 3], "out_activation": "identity"}, ValueError, "out_activation"),
        ({"widths": 7}, TypeError, "widths"),
        ({"widths": [2**40, 2**40, 1]}, ValueError, "parameters"),
        ({"widths": [4, 8, 1], "activation": "swish"}, ValueError, "activation"),
        ({"widths": [4, 8, 1], "activation": ["relu", "relu"]}, ValueError, "activation"),
        ({"widths": [4, 8, 1], "activation": 3}, TypeError, "activation"),
        ({"widths": [4, 8, 1], "dtype": "float16"}, ValueError, "dtype"),
        ({"widths": [4, 8, 1], "n_threads": 0}, ValueError, "n_threads"),
        ({"widths": [4, 8, 1], "seed": "x"}, TypeError, "seed"),
    ],
)
def test_bad_shapes(arguments, error, word):
    with pytest.raises(error, match=word):
        Model(**arguments)


def test_a_loss_beyond_all_numbers_is_not_zero():
    X, y = table()
    model = Model([4, 8, 1])
    model.parameters[:] = 1e30
    assert not np.isfinite(model.loss(X, y))
    assert not np.isfinite(model.loss_and_gradient(X, y)[0])
    with pytest.raises(DivergenceError, match="epoch 1, batch 1"):
        model.fit(X, y, batch_size=50)
    model.parameters[3] = np.nan
    with pytest.raises(ValueError, match="parameters"):
        model.fit(X, y)
