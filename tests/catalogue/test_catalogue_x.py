"""X that holds what it must not hold, or is of the wrong shape."""

import numpy as np
import pandas as pd
import polars
import pytest
from cases import case
from scipy import sparse
from sklearn.exceptions import NotFittedError
from subjects import (
    FITTED,
    NAMES,
    X,
    classifier,
    classifier_refuses,
    columns,
    command_refuses,
    finite,
    model_refuses,
    quiet,
    refused,
    run_train,
    y,
)

from fastmlp import DivergenceError, MLPClassifier, Model, TableEncoder, rows

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


@case(1, "NaN", "`ValueError`: the row and column of the first; the command line imputes it and adds a column")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "O"])
def test_nan(dtype, tmp_path):
    bad = with_value(np.nan, dtype)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    classifier_refuses(ValueError, "X contains NaN", bad)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", objects(None))
    assert run_train(tmp_path, columns(c=bad[:, 2].astype(float)), "--validation-fraction", "0") == 0
    assert "c missing" in Model.load(tmp_path / "model").encoding.feature_names_out


@case(2, "inf or -inf", "`ValueError`: the row and column of the first")
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_inf(value, tmp_path, capsys):
    model_refuses(ValueError, "X contains inf in row 7, column 2", with_value(value))
    model_refuses(ValueError, "X contains inf in row 7, column 2", with_value(value, "f4"))
    classifier_refuses(ValueError, "X contains inf", with_value(value))
    command_refuses(tmp_path, capsys, ["'c'", "inf"], columns(c=with_value(value)[:, 2]))


@case(3, "no rows", "`ValueError` where it trains: X has 0 rows")
def test_zero_rows(tmp_path, capsys):
    for nothing in (X[:0], X[:0].astype("f4"), X[:0].astype(int)):
        refused(ValueError, "X has 0 rows", lambda nothing=nothing: Model([3, 1]).fit(nothing, y[:0]))
        classifier_refuses(ValueError, r"0 sample\(s\)", nothing, y[:0])
    command_refuses(tmp_path, capsys, ["0 rows"], {name: values[:0] for name, values in columns().items()})


@case(4, "no columns", "`ValueError`: 0 feature(s)")
def test_zero_columns(tmp_path, capsys):
    for nothing in (X[:, :0], frame[[]]):
        model_refuses(ValueError, r"X .*0 feature\(s\)", nothing)
        classifier_refuses(ValueError, r"0 feature\(s\)", X[:, :0])
    command_refuses(tmp_path, capsys, ["column"], {"y": y})


@case(5, "one dimension", "`ValueError`: reshape with X.reshape(-1, 1)")
def test_one_dimension():
    for bad in (X[:, 0], X[:, 0].tolist()):
        model_refuses(ValueError, r"X has 1 dimension.*X\.reshape\(-1, 1\)", bad)
        classifier_refuses(ValueError, r"Expected 2D array(.|\n)*reshape\(-1, 1\)", bad)


@case(6, "three dimensions", "`ValueError`")
def test_three_dimensions():
    model_refuses(ValueError, "X has 3 dimension", X[:, :, None])
    classifier_refuses(ValueError, "array with dim 3", X[:, :, None])


@case(7, "complex numbers", "`ValueError`")
def test_complex():
    model_refuses(ValueError, "X has dtype complex128.*real numbers", X + 1j)
    classifier_refuses(ValueError, "Complex data not supported", X + 1j)


@case(9, "an object array with a dict in it", "`TypeError`")
def test_dict():
    model_refuses(TypeError, "X holds what is not a number.*dict", objects({}))
    classifier_refuses(TypeError, "X holds what is not a number.*dict", objects({}))


@case(10, "text, also that of numbers", "`ValueError`, except for a table with an encoding, where text is a category")
def test_strings(tmp_path):
    for bad in (X.astype(str), X.astype("S"), np.full(X.shape, "word")):
        model_refuses(ValueError, "X has dtype", bad)
        classifier_refuses(ValueError, "X has dtype", bad)
    for bad, words in ((objects("1.5"), "X .*'1.5'"), (frame.assign(b="1.5"), "X: column 'b'")):
        model_refuses(ValueError, words, bad)
        classifier_refuses(ValueError, words, bad)
    text = frame.assign(b=pd.Series(["1.5"] * 30, dtype=object))
    model_refuses(ValueError, "X: column 'b'.*'1.5'", text)
    classifier_refuses(ValueError, "X: column 'b'.*'1.5'", text)
    assert run_train(tmp_path, columns(b=np.where(y, "u", "v")), "--validation-fraction", "0") == 0


@case(
    11,
    "1e300 with a net of float32",
    "`ValueError`: exceeds float32; the command line scales 1e30 away, and refuses 1e300",
)
@pytest.mark.parametrize("dtype", ["<f8", ">f8"])
def test_exceeds_float32(dtype, tmp_path, capsys):
    bad = with_value(1e300, dtype)
    model_refuses(ValueError, r"X contains 1e\+300 in row 7, column 2, which exceeds float32", bad)
    classifier_refuses_in_float32(bad)
    finite(with_value(1e30), dtype="float64")
    c = bad[:, 2].astype(float)
    command_refuses(tmp_path, capsys, ["'c'", "too large to be scaled"], columns(c=c))
    command_refuses(tmp_path, capsys, ["'c'", "float32"], columns(c=c), "--scaling", "none", "--window-rows", "9")
    assert run_train(tmp_path, columns(c=c / 1e270), "--validation-fraction", "0") == 0


def classifier_refuses_in_float32(bad):
    refused(ValueError, "row 7, column 2, which exceeds float32", lambda: classifier(dtype="float32").fit(bad, y))
    small = classifier(dtype="float32").fit(X, y)
    refused(ValueError, "row 7, column 2, which exceeds float32", lambda: small.predict(bad))


@case(
    12, "finite numbers so large that a layer overflows", "`DivergenceError`; the weights stay those before the epoch"
)
def test_a_layer_that_overflows():
    model = Model([3, 4, 1])
    model.weights[0][...] = 1e30
    before = model.parameters.copy()
    refused(DivergenceError, "no longer finite.*scale the features of X", lambda: model.fit(1e30 * X, y, epochs=1))
    np.testing.assert_array_equal(model.parameters, before)
    for solver in ("sgd", "lbfgs"):
        estimator = classifier(solver=solver)
        with pytest.raises(ValueError, match="finite"):
            estimator.fit(1e300 * X, y)
        assert all(np.isfinite(W).all() for W in estimator.coefs_)


@case(13, "constant columns", "fits")
def test_constant_columns(tmp_path):
    finite(np.tile([1.0, 0.0, -2.5], (30, 1)))
    constant = columns(b=np.ones(30), c=np.full(30, 7))
    assert run_train(tmp_path, constant, "--validation-fraction", "0") == 0


@case(14, "subnormal numbers", "fits; they count as 0. At most 2 × slower: `make soak`")
@pytest.mark.parametrize(("dtype", "subnormal"), [("float32", 1e-42), ("float64", 1e-310)])
def test_subnormal_numbers(dtype, subnormal):
    tiny, zero = np.full(X.shape, subnormal, dtype), np.zeros(X.shape, dtype)
    assert tiny.all()
    fits = [Model([3, 4, 1], dtype=dtype).fit(values, y, epochs=2, batch_size=8) for values in (tiny, zero)]
    np.testing.assert_array_equal(fits[0].parameters, fits[1].parameters)
    assert np.isfinite(classifier().fit(tiny, y).predict_proba(tiny)).all()


@case(23, "a masked array with masked entries", "`TypeError`: fill them; without masked entries: the same as an array")
def test_masked():
    bad = np.ma.masked_greater(X, 1)
    model_refuses(TypeError, "X is a masked array.*filled", bad)
    classifier_refuses(TypeError, "X is a masked array.*filled", bad)
    finite(np.ma.masked_greater(X, 100))


@case(24, "rows of different lengths", "`ValueError`")
def test_ragged():
    bad = [[1.0, 2.0, 3.0]] * 29 + [[1.0, 2.0]]
    model_refuses(ValueError, "X: rows must have the same number of features", bad)
    classifier_refuses(ValueError, "X: rows must have the same number of features", bad)


@case(25, "a sparse matrix", "trains, all formats; as a block of a stream: `TypeError`, X.toarray()")
@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_sparse(kind):
    thin = np.where(np.abs(X) > 0.5, X, 0)
    expected = Model([3, 4, 1]).fit(thin, y, epochs=2, batch_size=8).parameters
    for of in (f"{kind}_matrix", f"{kind}_array"):
        matrix = getattr(sparse, of)(thin)
        got = Model([3, 4, 1]).fit(matrix, y, epochs=2, batch_size=8)
        np.testing.assert_array_equal(got.parameters, expected)
        np.testing.assert_array_equal(got.predict(matrix), got.predict(thin))
        estimator = classifier().fit(matrix, y)
        np.testing.assert_array_equal(estimator.predict(matrix), classifier().fit(thin, y).predict(thin))
    blocks = rows.Blocks(lambda: iter([(sparse.csr_matrix(X), y)]), 3)
    refused(TypeError, r"X is sparse.*X\.toarray\(\)", lambda: Model([3, 1]).fit(blocks))


@case(26, "nullable columns of pandas", "with NA: `ValueError`, NaN; without: the same as an array")
@pytest.mark.parametrize("dtype", ["Float32", "Float64", "Int64", "boolean"])
def test_nullable(dtype):
    whole = pd.DataFrame({name: pd.array(np.round(X[:, k]) != 0, "boolean") for k, name in enumerate(NAMES)})
    whole = whole if dtype == "boolean" else whole.astype("Int64").astype(dtype)
    plain = whole.to_numpy(np.float64)
    for make in (lambda: Model([3, 4, 1], dtype="float64"), lambda: classifier(dtype="float64")):
        got, expected = make().fit(whole, y), make().fit(plain, y)
        np.testing.assert_array_equal(got.predict_proba(whole), expected.predict_proba(plain))
    bad = whole.copy()
    bad.loc[7, "c"] = pd.NA
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    classifier_refuses(ValueError, "X contains NaN", bad)


ODD_COLUMNS = {
    "category": pd.Categorical(["x", "y"] * 15),
    "category of numbers": pd.Categorical([1.5, 2.5] * 15),
    "datetime64": pd.date_range("2020", periods=30),
    "with a time zone": pd.date_range("2020", periods=30, tz="UTC"),
    "timedelta64": pd.to_timedelta(np.arange(30), unit="s"),
    "period": pd.period_range("2020", periods=30, freq="D"),
}


@case(27, "a column of categories or dates", "`TypeError`: names the column; a `TableEncoder` encodes categories")
@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_categories_and_dates(kind):
    bad = frame.assign(b=ODD_COLUMNS[kind])
    model_refuses(TypeError, "X: column 'b' is of type", bad)
    classifier_refuses(TypeError, "X: column 'b' is of type", bad)
    for each in (frame.assign(b=ODD_COLUMNS[kind])[["b"]], polars.DataFrame({"b": pd.date_range("2020", periods=30)})):
        refused(TypeError, "X: column 'b'", lambda each=each: Model([1, 1]).fit(each, y))
        refused(TypeError, "X: column 'b'", lambda each=each: classifier().fit(each, y))
    if kind.startswith("category"):
        assert TableEncoder().fit_transform(bad).shape == (30, 4)


@case(28, "null in a frame of polars", "`ValueError`, NaN; without: the same as an array")
@pytest.mark.parametrize("values", [X[:, 2], np.arange(30)])
def test_polars_null(values):
    whole = polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": values})
    got, expected = (Model([3, 4, 1]).fit(table, y, epochs=2) for table in (whole, whole.to_numpy()))
    np.testing.assert_array_equal(got.parameters, expected.parameters)
    holed = polars.Series("c", [None if k == 7 else value for k, value in enumerate(values.tolist())])
    bad = whole.with_columns(holed)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    classifier_refuses(ValueError, "X contains NaN", bad)


@case(29, "a lazy frame of polars", "`TypeError`: X.collect()")
def test_lazy_frame():
    lazy = polars.DataFrame(frame).lazy()
    model_refuses(TypeError, r"X is a lazy frame.*X\.collect\(\)", lazy)
    classifier_refuses(TypeError, r"X is a lazy frame.*X\.collect\(\)", lazy)


@case(30, "columns in another order at predict", "`ValueError`; columns of a stream of a table are found by name")
def test_reordered_columns():
    model, estimator = Model([3, 4, 1]).fit(frame, y), classifier().fit(frame, y)
    for other in (frame[["c", "b", "a"]], polars.DataFrame(frame[["c", "b", "a"]])):
        refused(ValueError, r"X has the columns \['c', 'b', 'a'\].*\['a', 'b', 'c'\]", lambda o=other: model.predict(o))
        refused(ValueError, "feature names should match", lambda o=other: estimator.predict(o))
    by_name = model.predict_proba(rows.Arrow(frame[["c", "b", "a"]]))
    np.testing.assert_array_equal(by_name, model.predict_proba(frame))


@case(31, "another number of features at predict", "`ValueError`: both numbers")
def test_other_number_of_features():
    model = Model([3, 4, 1])
    for bad, count in ((X[:, :2], 2), (np.hstack([X, X]), 6)):
        refused(ValueError, f"X has {count} features.*3", lambda bad=bad: model.predict(bad))
        refused(ValueError, f"X has {count} features.*3", lambda bad=bad: FITTED.predict(bad))


@case(32, "predict before fit", "`NotFittedError` from `MLPClassifier`; a `Model` has weights from the beginning")
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_not_fitted(method):
    refused(NotFittedError, "not fitted yet", lambda: getattr(MLPClassifier(), method)(X))
    refused(NotFittedError, "not fitted yet", lambda: MLPClassifier().score(X, y))
    assert Model([3, 1]).predict(X).shape == (30,)


@case(33, "predict on no rows", "`Model`: an empty result; `MLPClassifier`: `ValueError`, as in scikit-learn")
def test_predict_on_no_rows():
    for outputs, shape in ((1, (0,)), (4, (0, 4))):
        P = Model([3, outputs]).predict_proba(X[:0])
        assert (P.shape, P.dtype) == (shape, np.float32)
        assert Model([3, outputs]).predict(X[:0]).shape == (0,)
    refused(ValueError, r"0 sample\(s\)", lambda: FITTED.predict(X[:0]), lambda: FITTED.predict_proba(X[:0]))
