"""X that holds what it must not hold, or is of the wrong shape."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from cases import case
from sklearn.exceptions import NotFittedError
from subjects import (
    ESTIMATORS,
    LOSSES,
    NAMES,
    X,
    bits,
    columns,
    command_refuses,
    estimators_refuse,
    finite,
    model_refuses,
    output,
    quiet,
    refused,
    run_train,
    tables_refuse,
    tables_take,
    y,
)

from fastmlp import DivergenceError, Model

pytestmark = quiet
frame = pd.DataFrame(X, columns=NAMES)


def with_value(value, dtype="f8"):
    bad = X.astype(dtype)
    bad[7, 2] = value
    return bad


def objects(value):
    bad = X.astype(object)
    bad[7, 2] = value
    return bad


@case(
    1,
    "NaN",
    "`ValueError`: the row and column of the first; missing in tables, `fastmlp train` imputes it and adds a column",
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "O"])
def test_nan(dtype, tmp_path):
    bad = with_value(np.nan, dtype)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    estimators_refuse(ValueError, "X contains NaN", bad)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", objects(None))
    tables_take(bad, like=bad.astype("f8"))
    tables_take(objects(None), like=with_value(np.nan))
    assert run_train(tmp_path, columns(c=bad[:, 2].astype(float)), "--validation-fraction", "0") == 0
    assert "c missing" in Model.load(tmp_path / "model").encoding.feature_names_out


@case(2, "inf or -inf", "`ValueError`: the row and column of the first, of tables the column")
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_inf(value, tmp_path, capsys):
    model_refuses(ValueError, "X contains inf in row 7, column 2", with_value(value))
    model_refuses(ValueError, "X contains inf in row 7, column 2", with_value(value, "f4"))
    estimators_refuse(ValueError, "X contains inf", with_value(value))
    tables_refuse(ValueError, "column 'x2' contains inf", with_value(value))
    command_refuses(tmp_path, capsys, ["'c'", "inf"], columns(c=with_value(value)[:, 2]))


@case(3, "no rows", "`ValueError` where it trains: X has 0 rows")
def test_zero_rows(tmp_path, capsys):
    for nothing in (X[:0], X[:0].astype("f4"), X[:0].astype(int)):
        for loss in LOSSES:
            model = Model([3, 1], loss=loss)
            refused(ValueError, "X has 0 rows", lambda nothing=nothing, fit=model.fit: fit(nothing, y[:0]))
        estimators_refuse(ValueError, r"0 sample\(s\)", nothing, y[:0])
        tables_refuse(ValueError, r"0 sample\(s\)", nothing, y[:0])
    command_refuses(tmp_path, capsys, ["0 rows"], {name: values[:0] for name, values in columns().items()})


@case(4, "no columns", "`ValueError`: 0 feature(s)")
def test_zero_columns(tmp_path, capsys):
    for nothing in (X[:, :0], frame[[]]):
        model_refuses(ValueError, r"X .*0 feature\(s\)", nothing)
        tables_refuse(ValueError, r"0 feature\(s\)", nothing)
        estimators_refuse(ValueError, r"0 feature\(s\)", X[:, :0])
    command_refuses(tmp_path, capsys, ["column"], {"y": y})


@case(5, "one dimension", "`ValueError`: reshape with X.reshape(-1, 1)")
def test_one_dimension():
    for bad in (X[:, 0], X[:, 0].tolist()):
        model_refuses(ValueError, r"X has 1 dimension.*X\.reshape\(-1, 1\)", bad)
        estimators_refuse(ValueError, r"Expected 2D array(.|\n)*reshape\(-1, 1\)", bad)
        tables_refuse(ValueError, r"Expected 2D array(.|\n)*reshape\(-1, 1\)", bad)


@case(6, "three dimensions", "`ValueError`")
def test_three_dimensions():
    model_refuses(ValueError, "X has 3 dimension", X[:, :, None])
    estimators_refuse(ValueError, "array with dim 3", X[:, :, None])
    tables_refuse(ValueError, "array with dim 3", X[:, :, None])


@case(7, "complex numbers", "`ValueError`")
def test_complex():
    model_refuses(ValueError, "X has dtype complex128.*real numbers", X + 1j)
    estimators_refuse(ValueError, "Complex data not supported", X + 1j)
    tables_refuse(ValueError, "Complex data not supported", X + 1j)


@case(9, "an object array with a dict in it", "`TypeError`")
def test_dict():
    model_refuses(TypeError, "X contains a value that is not a number.*dict", objects({}))
    estimators_refuse(TypeError, "X contains a value that is not a number.*dict", objects({}))
    tables_refuse(TypeError, "column 'x2' has values of type dict", objects({}))


@case(
    10,
    "text",
    "of numbers: these; else `ValueError`, the text; with an encoding, a table's text is a category",
)
def test_strings(tmp_path):
    for text in (X.astype(str), X.astype("S"), X.astype(str).tolist(), X.astype(str).astype(object)):
        assert bits(text) == bits(X)
    for bad in (np.full(X.shape, "word"), objects("word")):
        model_refuses(ValueError, "X contains a value that is not a number.*'word'", bad)
        estimators_refuse(ValueError, "X contains a value that is not a number.*'word'", bad)
    for bad in (frame.assign(b="word"), frame.assign(b=pd.Series(["word"] * 30, dtype=object))):
        model_refuses(ValueError, "X: column 'b'.*'word'", bad)
        estimators_refuse(ValueError, "X: column 'b'.*'word'", bad)
    assert run_train(tmp_path, columns(b=np.where(y, "u", "v")), "--validation-fraction", "0") == 0
    tables_take(frame.assign(b=np.where(y, "u", "v")))


@case(
    11,
    "1e300 with a net of float32",
    "`ValueError`: exceeds float32; tables are scaled, and `fastmlp train` refuses 1e300",
)
@pytest.mark.parametrize("dtype", ["<f8", ">f8"])
def test_exceeds_float32(dtype, tmp_path, capsys):
    bad = with_value(1e300, dtype)
    model_refuses(ValueError, r"X contains 1e\+300 in row 7, column 2, which exceeds float32", bad)
    estimators_refuse_in_float32(bad)
    finite(with_value(1e30), dtype="float64")
    tables_take(bad)
    c = bad[:, 2].astype(float)
    command_refuses(tmp_path, capsys, ["'c'", "too large to be scaled"], columns(c=c))
    command_refuses(tmp_path, capsys, ["'c'", "float32"], columns(c=c), "--scaling", "none", "--window-rows", "9")
    assert run_train(tmp_path, columns(c=c / 1e270), "--validation-fraction", "0") == 0


def estimators_refuse_in_float32(bad):
    for make in ESTIMATORS:
        small = make(dtype="float32")
        refused(ValueError, "row 7, column 2, which exceeds float32", lambda small=small: small.fit(bad, y))
        small.fit(X, y)
        refused(ValueError, "row 7, column 2, which exceeds float32", lambda small=small: small.predict(bad))


@case(
    12, "finite numbers so large that a layer overflows",
    "`DivergenceError`; the weights stay those before the epoch. predict: `ValueError`, NaN, the row",
)  # fmt: skip
def test_a_layer_that_overflows():
    for loss in LOSSES:
        model = Model([3, 4, 1], loss=loss)
        model.weights[0][...] = 1e30
        before = model.parameters.copy()
        words = r"no longer finite.*Scale the features of X"
        refused(DivergenceError, words, lambda fit=model.fit: fit(1e30 * X, y, epochs=1))
        np.testing.assert_array_equal(model.parameters, before)
        refused(ValueError, "X, row 0: the output is (NaN|infinite)", lambda model=model: output(model, 1e30 * X))
    for make, solver in product(ESTIMATORS, ("sgd", "lbfgs")):
        estimator = make(solver=solver)
        refused(DivergenceError, "non-finite parameter weights", lambda fit=estimator.fit: fit(1e300 * X, y))
        refused(NotFittedError, "not fitted", lambda predict=estimator.predict: predict(X))


@case(13, "constant columns", "fits; left out of tables")
def test_constant_columns(tmp_path):
    finite(np.tile([1.0, 0.0, -2.5], (30, 1)))
    tables_take(np.c_[X, np.ones(30)])
    tables_refuse(ValueError, "no column is left.*'x0' is constant", np.ones((30, 3)))
    constant = columns(b=np.ones(30), c=np.full(30, 7))
    assert run_train(tmp_path, constant, "--validation-fraction", "0") == 0


@case(14, "subnormal numbers", "fits; they count as 0. At most 2 × slower: `make soak`")
@pytest.mark.parametrize(("dtype", "subnormal"), [("float32", 1e-42), ("float64", 1e-310)])
def test_subnormal_numbers(dtype, subnormal):
    tiny, zero = np.full(X.shape, subnormal, dtype), np.zeros(X.shape, dtype)
    assert tiny.all()
    for loss in LOSSES:
        fits = [Model([3, 4, 1], dtype=dtype, loss=loss).fit(A, y, epochs=2, batch_size=8) for A in (tiny, zero)]
        np.testing.assert_array_equal(fits[0].parameters, fits[1].parameters)
    for make in ESTIMATORS:
        assert np.isfinite(output(make().fit(tiny, y), tiny)).all()


@case(
    23,
    "a masked array with masked entries",
    "`TypeError`: fill them; without masked entries: the same as an array. In tables: missing",
)
def test_masked():
    bad = np.ma.masked_greater(X, 1)
    model_refuses(TypeError, "X is a masked array.*filled", bad)
    estimators_refuse(TypeError, "X is a masked array.*filled", bad)
    finite(np.ma.masked_greater(X, 100))
    tables_take(bad, like=bad.filled(np.nan))
    labels, weights = np.ma.array(y, mask=y == 1), np.ma.array(X[:, 0], mask=X[:, 0] < 0)
    for name, given in (("y", (labels,)), ("sample_weight", (y, weights))):
        model_refuses(TypeError, f"{name} is a masked array", X, *given, fit_only=True)
        estimators_refuse(TypeError, f"{name} is a masked array", X, *given, fit_only=True)
        tables_refuse(TypeError, f"{name} is a masked array", X, *given)


@case(24, "rows of different lengths", "`ValueError`, which names the first")
def test_ragged():
    bad = [[1.0, 2.0, 3.0]] * 29 + [[1.0, 2.0]]
    words = "X: rows must have the same number of features, but row 0 has 3, and row 29 has 2; complete or remove those"
    model_refuses(ValueError, words, bad)
    estimators_refuse(ValueError, words, bad)
    tables_refuse(ValueError, words, bad)
    for name, given in (("y", ([[1]] * 29 + [[0, 1]],)), ("sample_weight", (y, [[1.0]] * 29 + [[1.0, 2.0]]))):
        words = f"{name}: rows must have the same number of .*, but row 0 has 1, and row 29 has 2; complete"
        estimators_refuse(ValueError, words, X, *given, fit_only=True)
        tables_refuse(ValueError, words, X, *given)
    nested = [[1.0, [2.0, 3.0]], [1.0, [2.0]]] * 15
    tables_refuse(ValueError, r"X: rows must have the same number of features \(.*inhomogeneous", nested)
