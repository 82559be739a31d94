"""Tables of every origin: what is a feature of them, what is missing, and what was never read."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

from fastmlp import MLPClassifier, Model, TableEncoder, rows

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "s": list("abab")}).iloc[[0, 2, 3]]
ARROW = pa.Table.from_pandas(FRAME)  # with the index, which has holes, as a column
Y = [0, 1, 0]


def names(X, **options):
    return TableEncoder(**options).fit(X).get_feature_names_out().tolist()


def test_the_index_of_pandas_is_no_feature():
    assert ARROW.column_names == ["a", "s", "__index_level_0__"]
    encoder = TableEncoder().fit(ARROW)
    assert np.array_equal(encoder.transform(FRAME), encoder.transform(ARROW))
    named = pa.Table.from_pandas(FRAME.rename_axis("number"))
    for X in (
        ARROW,
        ARROW.to_batches()[0],
        ARROW.to_reader(),
        rows.Arrow(ARROW),
        rows.Arrow(ARROW.to_batches()[0]),
        named,
    ):
        assert names(X) == ["a", "s=a", "s=b"]


def test_nor_is_it_one_of_a_model_s():
    numbers = ARROW.drop_columns(["s"])
    model = Model([1, 1]).fit(numbers, Y, epochs=1)
    assert model.feature_names == ["a"]
    expected = model.predict_proba(FRAME[["a"]])
    for X in (numbers, rows.Arrow(numbers)):
        assert np.array_equal(model.predict_proba(X), expected)
    classifier = MLPClassifier((2,), max_iter=1, tol=0)
    with pytest.warns(UserWarning, match="converge"):
        assert classifier.fit(numbers, Y).n_features_in_ == 1


def test_lazy_frames_are_to_be_read_first():
    lazy = polars.from_pandas(FRAME).lazy()
    for call in (TableEncoder().fit, TableEncoder().fit(FRAME).transform, rows.Arrow):
        with pytest.raises(TypeError, match=r"is a lazy frame; read it first, with (X|data)\.collect\(\)"):
            call(lazy)


def test_frames_of_dask_are_computed_by_estimators_and_refused_by_a_model():
    frame = FRAME[["a"]].assign(b=[0.5, 0.0, 1.0])
    lazy = dd.from_pandas(frame, npartitions=2)
    with pytest.warns(UserWarning, match="converge"):
        ours, expected = (MLPClassifier((2,), max_iter=1, random_state=0).fit(X.values, Y) for X in (lazy, frame))
    assert np.array_equal(ours.predict_proba(lazy), expected.predict_proba(frame.to_numpy()))
    for call in (lambda: Model([2, 1]).fit(lazy, Y), lambda: rows.Array(lazy, Y)):
        with pytest.raises(TypeError, match=r"X is a dataframe of Dask; read it first, with X\.compute\(\), or train"):
            call()


def test_a_column_that_arrow_lacks_is_named():
    with pytest.raises(TypeError, match=r"column 'c' is of type complex128, which Arrow cannot convert .*; convert it"):
        TableEncoder().fit(FRAME.assign(c=1j))


@pytest.mark.parametrize("kind", ["f4", "i2", "U5", object])
def test_what_is_masked_is_missing(kind):
    X = np.ma.array([[1, 2], [3, 4], [9, 6]], kind, mask=[[0, 0], [0, 0], [1, 0]])
    plain = np.array([[1, 2], [3, 4], [None, 6]], object)
    if kind == "U5":
        plain = np.array([["1", "2"], ["3", "4"], [None, "6"]], object)
    encoder = TableEncoder().fit(X)
    assert encoder.encoding_ == TableEncoder().fit(plain).encoding_
    assert encoder.transform(X)[2].tolist() == encoder.transform(plain)[2].tolist()
    assert encoder.encoding_.feature_names_out[-1].startswith("x1")
    assert "x0 missing" in names(X)


@pytest.mark.parametrize("hole", [None, np.nan, pd.NA])
def test_booleans_and_mixtures_with_holes(hole):
    values = pd.Series([True, False, hole], dtype=object)
    assert names(pd.DataFrame({"f": values})) == ["f", "f missing"]
    as_category = ["f=False", "f=True", "f missing"]
    assert names(pd.DataFrame({"f": values}), categories=["f"]) == as_category
    encoder = TableEncoder().fit(pd.DataFrame({"f": values.astype("category")}))
    assert encoder.get_feature_names_out().tolist() == as_category
    for kind in (object, "boolean", "Int8"):
        out = encoder.transform(pd.DataFrame({"f": values.where(values.notna(), None).astype(kind)}))
        assert out.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    mixture = pd.DataFrame({"f": pd.Series([True, "a", hole], dtype=object)})
    assert names(mixture) == names(mixture.astype("category")) == ["f=True", "f=a", "f missing"]
