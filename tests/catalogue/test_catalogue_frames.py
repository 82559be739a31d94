"""Sparse matrices and frames, and what `predict` meets."""

from functools import partial

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from cases import case
from scipy import sparse
from sklearn.exceptions import NotFittedError
from subjects import (
    ESTIMATORS,
    FITTED,
    LOSSES,
    NAMES,
    TABULAR,
    X,
    bits,
    estimators_refuse,
    model_refuses,
    output,
    quiet,
    refused,
    tables_refuse,
    tables_take,
    y,
)

from fastmlp import MLPClassifier, Model, TableEncoder, rows

pytestmark = quiet
frame = pd.DataFrame(X, columns=NAMES)


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
        for make in ESTIMATORS:
            got, whole = make().fit(matrix, y).predict(matrix), make().fit(thin, y).predict(thin)
            np.testing.assert_allclose(got, whole, rtol=1e-9)
        tables_take(matrix, like=thin)
    blocks = rows.Blocks(lambda: iter([(sparse.csr_matrix(X), y)]), 3)
    refused(TypeError, r"X is sparse.*X\.toarray\(\)", lambda: Model([3, 1]).fit(blocks))


@case(
    26, "nullable columns of pandas", "with NA: `ValueError`, NaN, or missing in tables; without: the same as an array"
)
@pytest.mark.parametrize("dtype", ["Float32", "Float64", "Int64", "boolean"])
def test_nullable(dtype):
    whole = pd.DataFrame({name: pd.array(np.round(X[:, k]) != 0, "boolean") for k, name in enumerate(NAMES)})
    whole = whole if dtype == "boolean" else whole.astype("Int64").astype(dtype)
    plain = whole.to_numpy(np.float64)
    for make in (*(partial(Model, [3, 4, 1], loss=loss) for loss in LOSSES), *ESTIMATORS):
        got, expected = (make(dtype="float64").fit(table, y) for table in (whole, plain))
        np.testing.assert_array_equal(output(got, whole), output(expected, plain))
    bad = whole.copy()
    bad.loc[7, "c"] = pd.NA
    tables_take(bad)
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    estimators_refuse(ValueError, "X contains NaN", bad)


ODD_COLUMNS = {
    "datetime64": pd.date_range("2020", periods=30),
    "with a time zone": pd.date_range("2020", periods=30, tz="UTC"),
    "timedelta64": pd.to_timedelta(np.arange(30), unit="s"),
    "period": pd.period_range("2020", periods=30, freq="D"),
}


@pytest.mark.parametrize(
    "column", [pd.Categorical([1.5, 2.5] * 15), pd.Categorical(["1.5", "2.5"] * 15), pd.array(["1.5", "2.5"] * 15)]
)
def test_categories_and_text_that_stand_for_numbers(column):
    """As in scikit-learn; a frame of polars and an Arrow table as well."""
    whole, expected = frame.assign(b=column), bits(frame.assign(b=[1.5, 2.5] * 15).to_numpy())
    assert bits(whole) == expected
    text = polars.DataFrame({"a": X[:, 0], "b": ["1.5", "2.5"] * 15, "c": X[:, 2]})
    for table in (text, text.with_columns(polars.col("b").cast(polars.Categorical)), pyarrow.Table.from_pandas(whole)):
        assert bits(table) == expected
    holed = whole.assign(b=pd.Series(whole["b"]).where(y == 1))
    model_refuses(ValueError, "X contains NaN in row .*, column 1", holed)
    estimators_refuse(ValueError, "X: column 'b' contains NaN", holed)


@case(
    27,
    "a column of categories or dates",
    "of tables: trains; else categories that are numbers: these, and `TypeError` or `ValueError`: names the column",
)
@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_categories_and_dates(kind):
    bad = frame.assign(b=ODD_COLUMNS[kind])
    model_refuses(TypeError, "X: column 'b' is of type", bad)
    estimators_refuse(TypeError, "X: column 'b' is of type", bad)
    for each in (frame.assign(b=ODD_COLUMNS[kind])[["b"]], polars.DataFrame({"b": pd.date_range("2020", periods=30)})):
        refused(TypeError, "X: column 'b'", lambda each=each: Model([1, 1]).fit(each, y))
        for make in ESTIMATORS:
            refused(TypeError, "X: column 'b'", lambda each=each, make=make: make().fit(each, y))
    words = frame.assign(b=pd.Categorical(["x", "y"] * 15))
    model_refuses(ValueError, "X: column 'b'.*'[xy]'", words)
    estimators_refuse(ValueError, "X: column 'b'.*'[xy]'", words)
    assert TableEncoder().fit_transform(words).shape == (30, 4)
    tables_take(words)
    tables_take(bad)


@case(28, "null in a frame of polars", "`ValueError`, NaN, or missing in tables; without: the same as an array")
@pytest.mark.parametrize("values", [X[:, 2], np.arange(30)])
def test_polars_null(values):
    whole = polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": values})
    got, expected = (Model([3, 4, 1]).fit(table, y, epochs=2) for table in (whole, whole.to_numpy()))
    np.testing.assert_array_equal(got.parameters, expected.parameters)
    holed = polars.Series("c", [None if k == 7 else value for k, value in enumerate(values.tolist())])
    bad = whole.with_columns(holed)
    tables_take(bad, like=bad.to_pandas())
    model_refuses(ValueError, "X contains NaN in row 7, column 2", bad)
    estimators_refuse(ValueError, "X contains NaN", bad)


@case(29, "a lazy frame of polars", "`TypeError`: X.collect()")
def test_lazy_frame():
    lazy = polars.DataFrame(frame).lazy()
    model_refuses(TypeError, r"X is a lazy frame.*X\.collect\(\)", lazy)
    estimators_refuse(TypeError, r"X is a lazy frame.*X\.collect\(\)", lazy)
    tables_refuse(TypeError, r"X is a lazy frame.*X\.collect\(\)", lazy)


@case(
    30,
    "columns in another order at predict",
    "`ValueError`; columns of tables and of blocks that are frames are found by name",
)
def test_reordered_columns():
    model = Model([3, 4, 1]).fit(frame, y)
    estimators = [make().fit(frame, y) for make in ESTIMATORS]
    for other in (frame[["c", "b", "a"]], polars.DataFrame(frame[["c", "b", "a"]])):
        words = r"X has the columns 'c', 'b', 'a', but .* with 'a', 'b', 'c' \(column 0 is 'c', not 'a'\)"
        refused(ValueError, words, lambda o=other: model.predict(o))
        for estimator in estimators:
            refused(ValueError, "feature names should match", lambda o=other, fitted=estimator: fitted.predict(o))
    for make in TABULAR:
        fitted = make().fit(frame, y)
        np.testing.assert_array_equal(fitted.predict(frame[["c", "b", "a"]]), fitted.predict(frame))
    by_name = model.predict_proba(rows.Arrow(frame[["c", "b", "a"]]))
    np.testing.assert_array_equal(by_name, model.predict_proba(frame))


@case(31, "another number of features at predict", "`ValueError`: both numbers")
def test_other_number_of_features():
    model = Model([3, 4, 1])
    for bad, count in ((X[:, :2], 2), (np.hstack([X, X]), 6)):
        refused(ValueError, f"X has {count} features.*3", lambda bad=bad: model.predict(bad))
        for fitted in FITTED:
            refused(ValueError, f"X has {count} features.*3", lambda bad=bad, fitted=fitted: fitted.predict(bad))


@case(32, "predict before fit", "`NotFittedError` from estimators; a `Model` has weights from the beginning")
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_not_fitted(method):
    refused(NotFittedError, "not fitted yet", lambda: getattr(MLPClassifier(), method)(X))
    for make in ESTIMATORS + TABULAR:
        refused(
            NotFittedError, "not fitted yet", lambda make=make: make().predict(X), lambda make=make: make().score(X, y)
        )
    assert Model([3, 1]).predict(X).shape == (30,)


@case(33, "predict on no rows", "`Model`: an empty result; estimators: `ValueError`, as in scikit-learn")
def test_predict_on_no_rows():
    for outputs, shape in ((1, (0,)), (4, (0, 4))):
        P = Model([3, outputs]).predict_proba(X[:0])
        assert (P.shape, P.dtype) == (shape, np.float32)
        assert Model([3, outputs]).predict(X[:0]).shape == (0,)
    assert Model([3, 2], loss="squared_error").predict(X[:0]).shape == (0, 2)
    for fitted in FITTED:
        calls = [lambda fitted=fitted: fitted.predict(X[:0]), lambda fitted=fitted: output(fitted, X[:0])]
        refused(ValueError, r"0 sample\(s\)", *calls)
    for make in TABULAR:
        fitted = make().fit(X, y)
        refused(ValueError, r"0 sample\(s\)", lambda fitted=fitted: fitted.predict(X[:0]))
