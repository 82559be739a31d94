"""y and weights that are not what they should be."""

import numpy as np
import pandas as pd
import polars
import pytest
from cases import case
from sklearn.exceptions import DataConversionWarning
from subjects import (
    ESTIMATORS,
    LOSSES,
    TABULAR,
    X,
    classifier,
    columns,
    command_refuses,
    estimators_refuse,
    model_refuses,
    n,
    quiet,
    refused,
    regressor,
    run_train,
    tables_refuse,
    tables_take,
    w,
    y,
)

from fastmlp import Adam, Model, rows

pytestmark = quiet
names = np.where(y, "yes", "no")
NUMERIC = ["squared_error", "huber", "poisson"]


def with_last(value):
    return np.r_[w[1:], value]


@case(
    35,
    "one class in all of y",
    "`Model`, `TabularClassifier`, command line: `ValueError`, class; `MLPClassifier` learns it, as scikit-learn's",
)
@pytest.mark.parametrize("label", [0, 1])
def test_one_class(label, tmp_path, capsys):
    one, model = np.full(n, label), Model([3, 4, 1])
    for X_, y_ in ((X, one), (rows.Array(X, one), None)):
        refused(ValueError, f"y .*one class \\({label}\\)", lambda X_=X_, y_=y_: model.fit(X_, y_, epochs=1))
    assert model.loss_and_gradient(X, one)[0] == pytest.approx(model.loss(X, one))
    assert set(classifier().fit(X, one).predict(X)) == {label}
    tables_refuse(ValueError, rf"y holds only one class \({label}\)", y=one, makes=TABULAR[:1])
    tables_take(X, one, makes=TABULAR[1:])
    command_refuses(tmp_path, capsys, ["'y'", "one value", "two or more"], columns(y=one))


@case(
    36,
    "three classes with one output",
    "`Model`: `ValueError`, binary; classifiers and the command line make three outputs",
)
def test_three_classes(tmp_path, capsys):
    three = np.arange(n) % 3
    model_refuses(ValueError, "y contains 2.*binary", y=three, fit_only=True, losses=["log_loss"])
    assert classifier().fit(X, three).predict_proba(X).shape == (n, 3)
    assert TABULAR[0]().fit(X, three).predict_proba(X).shape == (n, 3)
    assert run_train(tmp_path, columns(y=three)) == 0
    assert Model.load(tmp_path / "model").widths == (3, 4, 3)


@case(37, "y of measurements", "`Model`, classifiers: `ValueError`; the command line trains for numbers")
def test_continuous(tmp_path, capsys):
    model_refuses(ValueError, "y contains .*0 and 1", y=X[:, 0], fit_only=True, losses=["log_loss"])
    estimators_refuse(ValueError, "Unknown label type", y=X[:, 0], fit_only=True, makes=[classifier])
    tables_refuse(ValueError, "Unknown label type", y=X[:, 0], makes=TABULAR[:1])
    assert run_train(tmp_path, columns(y=X[:, 0])) == 0
    assert Model.load(tmp_path / "model").loss_name == "squared_error"


@case(38, "NaN or inf in y", "`ValueError`; tabular estimators leave out rows with NaN, with a warning")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value, tmp_path, capsys):
    bad = np.where(y, value, 0)
    model_refuses(ValueError, f"y contains {value}", y=bad, fit_only=True, losses=["log_loss"])
    estimators_refuse(ValueError, "y contains (NaN|infinity)", y=bad, fit_only=True, makes=[classifier])
    words = f"y contains {'NaN' if np.isnan(value) else 'inf'} in row 1; .*drop"
    model_refuses(ValueError, words, y=bad, fit_only=True, losses=NUMERIC)
    estimators_refuse(ValueError, words, y=bad, fit_only=True, makes=[regressor])
    if np.isnan(value):
        with pytest.warns(UserWarning, match="y is missing in 15 of 30 rows, which are left out"):
            tables_take(X, np.where(np.arange(n) < 15, value, y))
    else:
        tables_refuse(ValueError, "y contains inf", y=bad)
    of_command = ["'y'", "missing", "row 1"] if np.isnan(value) else ["y contains inf in row 1"]
    command_refuses(tmp_path, capsys, of_command, columns(y=bad))


@case(39, "strings, or -1 and 1", "classifiers, tables: classes come back; `Model` of arrays: `ValueError`, 0 and 1")
def test_other_names(tmp_path):
    apart = 0.1 * X + 2 * y[:, None] - 1
    for labels in (names, names.astype(object), 2 * y - 1, (2.0 * y - 1), y + 7):
        model_refuses(ValueError, "y .*(0 and 1|real number)", y=labels, fit_only=True, losses=["log_loss"])
        estimator = classifier(max_iter=300, learning_rate_init=0.05).fit(apart, labels)
        np.testing.assert_array_equal(estimator.predict(apart), labels)
        assert set(TABULAR[0]().fit(apart, labels).predict(apart).tolist()) <= set(labels.tolist())
    assert run_train(tmp_path, columns(y=names), "--validation-fraction", "0") == 0
    assert Model.load(tmp_path / "model").classes == ["no", "yes"]


@case(40, "strings and numbers mixed", "`TypeError` or `ValueError`")
def test_mixed():
    for mixed in (np.array(["a", 1] * 15, object), ["a", 1] * 15, pd.Series(["a", 1.0] * 15)):
        model_refuses(ValueError, r"y (must hold|has dtype)", y=mixed, fit_only=True)
        refused(TypeError, "y holds labels of several types", lambda mixed=mixed: classifier().fit(X, mixed))
        refused(ValueError, "y contains 'a' in row 0", lambda mixed=mixed: regressor().fit(X, mixed))
        tables_refuse(TypeError, "y holds labels of several types", y=mixed, makes=TABULAR[:1])
        tables_refuse(ValueError, "y contains 'a' in row 0", y=mixed, makes=TABULAR[1:])
    for make in ESTIMATORS:
        refused(ValueError, "y contains None", lambda make=make: make().fit(X, np.where(y, 1, None)))


@case(41, "y as a column", "accepted; estimators warn (`DataConversionWarning`), as scikit-learn's")
def test_column():
    for loss in LOSSES:
        column, row = (Model([3, 4, 1], loss=loss).fit(X, a, epochs=2, batch_size=8) for a in (y[:, None], y))
        np.testing.assert_array_equal(column.parameters, row.parameters)
    for make in ESTIMATORS:
        with pytest.warns(DataConversionWarning, match="column-vector y"):
            estimator = make().fit(X, y[:, None])
        np.testing.assert_array_equal(estimator.coefs_[0], make().fit(X, y).coefs_[0])
    for make in TABULAR:
        with pytest.warns(DataConversionWarning, match="column-vector y"):
            estimator = make().fit(X, y[:, None])
        np.testing.assert_array_equal(estimator.predict(X), make().fit(X, y).predict(X))


@case(42, "y longer or shorter than X", "`ValueError`: both lengths")
def test_length():
    for bad in (y[:-1], np.append(y, 1)):
        model_refuses(ValueError, rf"y has shape \({len(bad)},\).*30 rows", y=bad, fit_only=True)
        estimators_refuse(ValueError, rf"numbers of samples: \[30, {len(bad)}\]", y=bad, fit_only=True)
        tables_refuse(ValueError, rf"numbers of samples: \[30, {len(bad)}\]", y=bad)
        refused(ValueError, f"y has {len(bad)} rows, but X has 30", lambda bad=bad: rows.Array(X, bad))


@case(43, "no y", "`ValueError`")
def test_none():
    model_refuses(ValueError, "y is None", y=None, fit_only=True)
    for make in ESTIMATORS + TABULAR:
        refused(ValueError, "target y is None", lambda make=make: make().fit(X, None))
    refused(ValueError, "the stream has no y", lambda: Model([3, 1]).fit(rows.Array(X)))


@case(44, "bool, nullable bool", "works; with NA: `ValueError`; tabular estimators leave out such rows")
def test_bool():
    for kind in (np.bool_, "boolean", "Int8", "bool[pyarrow]"):
        labels = y > 0 if kind is np.bool_ else pd.Series(y > 0).astype(kind)
        for loss in LOSSES:
            got, expected = (Model([3, 4, 1], loss=loss).fit(X, a, epochs=2, batch_size=8) for a in (labels, y))
            np.testing.assert_array_equal(got.parameters, expected.parameters)
        for make in ESTIMATORS:
            np.testing.assert_array_equal(make().fit(X, labels).coefs_[0], make().fit(X, y).coefs_[0])
        tables_take(X, labels)
    booleans, objects = pd.Series([True, None] * 15, dtype="boolean"), [1, pd.NA] * 15
    for missing in (booleans, polars.Series([True, None] * 15), objects, pd.Series(["a", pd.NA] * 15, dtype="string")):
        model_refuses(ValueError, r"\by\b", y=missing, fit_only=True)
        stream = rows.Array(X, np.asarray(missing))
        refused(ValueError, "'y' has .* missing value", lambda stream=stream: classifier().fit(stream))
        refused(ValueError, "y contains (NA|None)", lambda missing=missing: classifier().fit(X, missing))
        refused(
            ValueError, "y contains (NaN|None|<NA>|'a') in row", lambda missing=missing: regressor().fit(X, missing)
        )


def weights_refused(words, bad, theirs, tmp_path, capsys, of_command):
    model_refuses(ValueError, words, w=bad, fit_only=True)
    estimators_refuse(ValueError, theirs, w=bad, fit_only=True)
    tables_refuse(ValueError, theirs, w=bad)
    for source in (rows.Array(X, y, bad), rows.Blocks(lambda: iter([(X, y, bad)]), 3)):
        refused(ValueError, of_command, lambda source=source: Model([3, 1]).fit(source, epochs=1))
    command_refuses(tmp_path, capsys, [of_command], columns(w=bad), "--weight", "w")


@case(45, "negative weights", "`ValueError`")
def test_negative_weights(tmp_path, capsys):
    words = r"sample_weight contains -1\.0"
    weights_refused(words, with_last(-1), words, tmp_path, capsys, "must not be negative")


@case(46, "NaN or inf among the weights", "`ValueError`")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(value, tmp_path, capsys):
    theirs = "sample_weight contains (NaN|infinity)"
    weights_refused("sample_weight contains NaN or inf", with_last(value), theirs, tmp_path, capsys, "NaN")


@case(47, "all weights are 0", "`ValueError`")
def test_weights_of_zero(tmp_path, capsys):
    words = "sample_weight is 0 for every row"
    weights_refused(words, 0 * w, "at least one non-zero", tmp_path, capsys, "0 for every row")
    for dtype in ("float32", "float64"):  # weights that float32 cannot hold are no zeros
        fits = [Model([3, 1], dtype=dtype).fit(X, y, scale * w, epochs=1) for scale in (1, 2.0**-200)]
        assert fits[0].parameters.tobytes() == fits[1].parameters.tobytes()


@case(
    48,
    "weights that leave one class",
    "`Model`, command line: `ValueError`, class; classifiers train, as scikit-learn's",
)
@pytest.mark.parametrize("label", [0, 1])
def test_weights_that_leave_one_class(label, tmp_path, capsys):
    only = (y == label).astype(float)
    words = f"only one class \\({label}\\).*weight"
    for X_, y_, w_ in ((X, y, only), (rows.Array(X, y, only), None, None)):
        refused(ValueError, words, lambda X_=X_, y_=y_, w_=w_: Model([3, 1]).fit(X_, y_, w_))
    assert np.isfinite(classifier().fit(X, y, only).coefs_[0]).all()
    tables_take(X, y, only)
    command_refuses(tmp_path, capsys, ["only one class"], columns(w=only), "--weight", "w")


@case(49, "weights of another shape, or no numbers", "`ValueError`; estimators take a single number for all rows")
def test_shape_of_weights():
    for bad in (w[:-1], w[:, None], np.array(["a"] * n), w + 1j, np.array([{}] * n)):
        model_refuses(ValueError, "sample_weight", w=bad, fit_only=True)
        kind = TypeError if bad.dtype == object else ValueError
        for make in ESTIMATORS + TABULAR:
            refused(kind, "(?i)sample.weight", lambda bad=bad, make=make: make().fit(X, y, bad))
    model_refuses(ValueError, r"sample_weight has shape \(\)", w=1.0, fit_only=True)


@case(50, "weights 30 orders of magnitude apart", "finite")
@pytest.mark.parametrize("least", [1e-30, 1e-15, 1.0])
def test_weights_many_orders_apart(least):
    apart = np.where(np.arange(n) < 15, least, 1e30 * least)
    for dtype in ("float32", "float64"):
        model = Model([3, 6, 1], dtype=dtype).fit(X, y, apart, epochs=3, batch_size=4, optimizer=Adam())
        assert np.isfinite(model.parameters).all()
        assert np.isfinite([record["loss"] for record in model.history]).all()
        model = Model([3, 6, 1], dtype=dtype, loss="squared_error").fit(X, y, apart, epochs=3, batch_size=4)
        assert np.isfinite(model.parameters).all()
    for make in ESTIMATORS:
        assert np.isfinite(make().fit(X, y, apart).coefs_[0]).all()
    tables_take(X, y, apart)


@case(51, "a class that `partial_fit` was not told of", "`ValueError`: names the classes")
def test_unknown_class():
    estimator = classifier().partial_fit(X, names, classes=["no", "yes"])
    before = estimator.coefs_[0].copy()
    refused(ValueError, "classes not in.*maybe", lambda: estimator.partial_fit(X, np.where(y, "maybe", "no")))
    np.testing.assert_array_equal(estimator.coefs_[0], before)
    refused(ValueError, "classes must be passed on the first call", lambda: classifier().partial_fit(X, y))
    refused(ValueError, "classes not in", lambda: classifier().partial_fit(X, y + 1, classes=[0, 1]))
