"""What the catalogue's inputs are given to: Models and estimators of classes and numbers, and the command line.

Those of tables, `TABULAR`, take as they are what others refuse, such as missing values and text.
"""

import os
import subprocess
import sys

import numpy as np
import pyarrow
import pytest
import small_tables
from pyarrow import parquet

from fastmlp import DivergenceError, MLPClassifier, MLPRegressor, Model, TabularRegressor
from fastmlp.cli.main import main

n, p = 30, 3
X = np.random.default_rng(0).standard_normal((n, p))
y = np.arange(n) % 2
w = np.ones(n)
NAMES = ["a", "b", "c"]

quiet = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning"),
]


LOSSES = ("log_loss", "squared_error")  # of a Model: y of 0 and 1 are classes, and numbers
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "batch_size": 8}


def classifier(**settings):
    return MLPClassifier(**SMALL | settings)


def regressor(**settings):
    return MLPRegressor(**SMALL | settings)


ESTIMATORS = (classifier, regressor)
TABULAR = (small_tables.classifier, small_tables.regressor)
FITTED = (classifier().partial_fit(X, y, classes=[0, 1]), regressor().partial_fit(X, y))


def fitting(model, X, y=y, w=None):
    """Return the methods of a Model that read labels."""
    return [
        lambda: model.fit(X, y, w, epochs=2, batch_size=8),
        lambda: model.fit(X, y, w, epochs=1, batch_size=None),
        lambda: model.loss(X, y, w),
        lambda: model.loss_and_gradient(X, y, w),
    ]


def refused(error, words, *calls):
    """Each call raises this error, and the message has these words."""
    for call in calls:
        with pytest.raises(error, match=words) as caught:
            call()
        assert isinstance(caught.value, DivergenceError) == (error is DivergenceError)


def model_refuses(error, words, X=X, y=y, w=None, *, fit_only=False, losses=LOSSES, **settings):
    """All methods of Models refuse X, y or w, and their weights stay as they were."""
    for loss in losses:
        model = Model([p, 4, 1], loss=loss, **settings)
        before = model.parameters.copy()
        refused(error, words, *fitting(model, X, y, w))
        if not fit_only:
            refused(error, words, lambda model=model: model.predict(X), lambda model=model: output(model, X))
        np.testing.assert_array_equal(model.parameters, before)
        assert model.history == []


def estimators_refuse(error, words, X=X, y=y, w=None, *, fit_only=False, makes=ESTIMATORS, **settings):
    """All methods of estimators refuse X, y or w."""
    for make in makes:
        classes = {"classes": [0, 1]} if make is classifier else {}
        refused(
            error, words,
            lambda make=make: make(**settings).fit(X, y, w),
            lambda make=make: make(solver="lbfgs").fit(X, y, w),
            lambda make=make, classes=classes: make(**settings).partial_fit(X, y, w, **classes),
        )  # fmt: skip
    if not fit_only:
        for fitted in FITTED:
            refused(error, words, lambda fitted=fitted: fitted.predict(X), lambda fitted=fitted: output(fitted, X))


def tables_refuse(error, words, X=X, y=y, w=None, *, makes=TABULAR):
    """`fit` of tabular estimators refuses X, y or w."""
    for make in makes:
        refused(error, words, lambda make=make: make().fit(X, y, w))


def tables_take(X, y=y, w=None, *, like=None, makes=TABULAR):
    """Check that tabular estimators fit, and predict finite numbers; like: rows of which they make the same bits."""
    for make in makes:
        predicted = output(make().fit(X, y, w), X)
        assert np.isfinite(predicted).all()
        if like is not None:
            same = make().fit(like, y, w)
            assert output(same, like).tobytes() == output(same, X).tobytes() == predicted.tobytes()


def output(fitted, X):
    """Return probabilities or, of numbers, predictions."""
    of_model = getattr(fitted, "loss_name", "log_loss") != "log_loss"
    numeric = of_model or isinstance(fitted, MLPRegressor | TabularRegressor)
    return fitted.predict(X) if numeric else fitted.predict_proba(X)


def bits(X, y=y, w=None, dtype="float64"):
    """All that Models and estimators make of rows, as bytes."""
    results = []
    for loss in LOSSES:
        model = Model([p, 4, 1], dtype=dtype, loss=loss).fit(X, y, w, epochs=2, batch_size=8)
        results += [model.parameters, output(model, X)]
    for make in ESTIMATORS:
        estimator = make(dtype=dtype).fit(X, y, w)
        results += [estimator.coefs_[0], output(estimator, X)]
    return [result.tobytes() for result in results]


def finite(X, y=y, w=None, **settings):
    """Check that Models and estimators fit, and predict finite numbers."""
    models = [Model([p, 4, 1], loss=loss, **settings).fit(X, y, w, epochs=2, batch_size=1) for loss in LOSSES]
    estimators = [make(batch_size=1).fit(X, y, w) for make in ESTIMATORS]
    for fitted in (*models, *estimators):
        assert np.isfinite(output(fitted, X)).all()
    for model in models:
        assert np.isfinite(model.parameters).all()
        assert model.history[1]["loss"] != model.history[0]["loss"]


def columns(**others):
    """Return a table whose columns have these values."""
    return {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y} | others


def command_refuses(folder, capsys, words, columns, *options):
    """`fastmlp train` ends with code 2 and one line, which has these words, and writes no model."""
    assert run_train(folder, columns, *options) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("fastmlp: error: ")
    for word in words:
        assert word in error
    assert not (folder / "model").exists()


def run_train(folder, columns, *options):
    """Return the exit code of `fastmlp train` over a Parquet file with these columns."""
    path = folder / "t.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    command = ["train", str(path), "--target", "y", "--hidden", "4", "--epochs", "2", "--quiet"]
    try:
        return main([*command, "--save", str(folder / "model"), *options])
    except SystemExit as end:  # of argparse, where an option cannot be what it is
        return end.code


def python(code, *arguments, timeout=120, **environment):
    """Run code in a process of its own, which must end well and in time: its standard output."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
