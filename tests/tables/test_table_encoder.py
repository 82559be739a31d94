"""`TableEncoder` against scikit-learn's transformers, and `TableEncoding` as plain data."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency, parametrize_with_checks

from fastmlp import MLPClassifier
from fastmlp.tables import category_counts, number_statistics
from fastmlp.tables.columns.category_column import CategoryColumn
from fastmlp.tables.columns.number_column import NumberColumn
from fastmlp.tables.encoding import TableEncoding
from fastmlp.tables.table_encoder import TableEncoder

NUMBERS = ["wage", "age", "count", "flag"]


def mixed(n=3000, seed=0):
    """Numbers of four types and two columns of strings, of which four columns have missing values."""
    random = np.random.default_rng(seed)
    weights = 0.7 ** np.arange(12)
    frame = pd.DataFrame({
        "wage": np.exp(random.normal(10, 1, n)),
        "age": random.normal(40, 10, n).astype(np.float32),
        "count": random.integers(-5, 1000, n),
        "flag": random.random(n) < 0.3,
        "job": random.choice([f"job {k:02}" for k in range(12)], n, p=weights / weights.sum()),
        "sex": random.choice(["female", "male"], n),
    })  # fmt: skip
    frame.loc[random.random(n) < 0.1, "wage"] = np.nan
    frame.loc[random.random(n) < 0.2, "age"] = np.nan
    frame.loc[random.random(n) < 0.3, "job"] = None
    return frame


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


class Source:
    """Batches again and again, one column too many in each, and rows before those of the features."""

    def __init__(self, table, rows):
        self.table, self.rows, self.names = table, rows, table.column_names
        self.reads = 0

    def batches(self):
        self.reads += 1
        target = pa.array(["?"] * self.table.num_rows)
        return self.table.add_column(0, "target", target).to_batches(max_chunksize=self.rows)


@pytest.fixture(scope="module")
def frame():
    return mixed()


# --- against scikit-learn ---------------------------------------------------------------------------


def by_scikit_learn(frame, test):
    """Return the same as columns with the same names, through scikit-learn alone."""
    scaler = make_pipeline(StandardScaler(), SimpleImputer(add_indicator=True))
    numbers = ColumnTransformer([("", scaler, NUMBERS)], verbose_feature_names_out=False)
    numbers.fit(frame[NUMBERS].astype(float))
    out = numbers.transform(test[NUMBERS].astype(float))
    names = [name.removeprefix("missingindicator_") for name in numbers.get_feature_names_out()]
    names = [name + " missing" * (name in names[:k]) for k, name in enumerate(names)]
    columns = dict(zip(names, out.T, strict=True))
    # Beside the K columns for jobs there is one for the missing ones, which are frequent.
    for name, most in (("job", 6), ("sex", 64)):
        encoder = OneHotEncoder(max_categories=most, handle_unknown="infrequent_if_exist", sparse_output=False)
        encoder.fit(frame[[name]].fillna("<missing>"))
        out = encoder.transform(test[[name]].fillna("<missing>"))
        for given, values in zip(encoder.get_feature_names_out(), out.T, strict=True):
            value = given.removeprefix(f"{name}_").replace("infrequent_sklearn", "other")
            columns[f"{name} missing" if value == "<missing>" else f"{name}={value}"] = values
    return columns


@pytest.mark.filterwarnings("ignore:Found unknown categories:UserWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_columns_as_scikit_learn(frame, dtype):
    test = mixed(500, seed=1)
    test.loc[:50, "job"] = "unheard of"
    test.loc[20:80, "sex"] = "unheard of"
    encoder = TableEncoder(max_categories=5, dtype=dtype).fit(frame)
    expected = by_scikit_learn(frame, test)
    out = encoder.transform(test)
    assert out.dtype == dtype
    assert sorted(encoder.get_feature_names_out()) == sorted(expected)
    for name, values in zip(encoder.get_feature_names_out(), out.T, strict=True):
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=1e-6 if dtype == "float32" else 1e-11)


def test_robust_scaling(frame):
    encoder = TableEncoder("robust", dtype="float64").fit(frame)
    out = dict(zip(encoder.get_feature_names_out(), encoder.transform(frame).T, strict=True))
    for name in ("wage", "age", "count"):
        x = frame[name].to_numpy(float)
        low, median, high = np.nanpercentile(x, [25, 50, 75])
        filled = np.where(np.isnan(x), np.nanmedian(x), x)
        np.testing.assert_allclose(out[name], (filled - median) / (high - low), rtol=1e-9, atol=1e-12)


def test_robust_scaling_falls_back_to_the_deviation():
    x = np.array([0.0] * 9 + [10.0])
    out = TableEncoder("robust", dtype="float64").fit_transform(np.column_stack([x, np.full(10, 7.0)]))
    np.testing.assert_allclose(out[:, 0], x / x.std())
    assert not out[:, 1].any()


def test_no_scaling(frame):
    out = TableEncoder(None, dtype="float64").fit_transform(frame[["wage"]])
    np.testing.assert_allclose(out[:, 0], frame["wage"].fillna(frame["wage"].mean()))


def test_a_large_table_is_sampled_whatever_its_batches(monkeypatch):
    monkeypatch.setattr(number_statistics, "SAMPLE_SIZE", 2000)
    x = np.random.default_rng(0).exponential(size=50_000)
    table = pa.table({"x": x, "y": x[::-1].copy()})
    one, many = TableEncoder("robust").fit(table), TableEncoder("robust").fit(Source(table, 777))
    assert one.encoding_ == many.encoding_
    assert one.encoding_ != TableEncoder("robust", random_state=1).fit(table).encoding_
    for part in one.encoding_.parts:
        assert 0 < abs(part.shift - np.median(x)) < 0.1
        assert abs(1 / part.factor - np.log(3)) < 0.15


# --- rows in batches --------------------------------------------------------------------------------


def close(one, other):
    """Return whether two encodings are equal, up to the rounding of sums."""
    assert one.columns == other.columns
    for a, b in zip(one.parts, other.parts, strict=True):
        if isinstance(a, NumberColumn):
            np.testing.assert_allclose([a.fill, a.shift, a.factor], [b.fill, b.shift, b.factor], rtol=1e-12)
            assert a.indicator == b.indicator
        else:
            assert a == b


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
def test_batches_are_as_good_as_one(frame, scaling):
    table = arrow(frame)
    whole = TableEncoder(scaling, max_categories=5).fit(table)
    source = Source(table, 37)
    streamed = TableEncoder(scaling, max_categories=5).fit(source)
    assert source.reads == 1
    assert streamed.n_rows_ == len(frame)
    close(whole.encoding_, streamed.encoding_)
    partly = TableEncoder(scaling, max_categories=5)
    for first in range(0, len(frame), 500):
        partly.partial_fit(frame[first : first + 500])
    close(whole.encoding_, partly.encoding_)
    close(whole.encoding_, partly.fit(table).encoding_)
    out = whole.transform(table)
    assert np.array_equal(whole.transform(source), out)
    assert np.array_equal(whole.transform(table.to_reader(max_chunksize=100)), out)
    assert np.array_equal(np.vstack([whole.transform(batch) for batch in table.to_batches(max_chunksize=999)]), out)


def test_a_column_may_start_with_missing_values():
    nothing = pa.table({"x": pa.nulls(3), "s": pa.nulls(3), "f": [np.nan] * 3, "n": pa.nulls(3)})
    later = pa.table({"x": [1.0, 3.0, 5.0], "s": ["a", "b", "a"], "f": ["c", None, "c"], "n": pa.nulls(3)})
    encoder = TableEncoder(dtype="float64").partial_fit(nothing).partial_fit(later)
    names = ["x", "x missing", "s=a", "s=b", "s missing", "f=c", "f missing", "n missing"]
    assert encoder.encoding_.feature_names_out == names
    assert encoder.encoding_.parts[0].shift == 3
    floats = pa.table({"x": [np.nan] * 3, "s": [np.nan] * 3, "f": [np.nan] * 3, "n": pa.nulls(3)})
    encoder.partial_fit(floats).partial_fit(later)
    assert encoder.encoding_.feature_names_out == names
    assert np.array_equal(encoder.transform(floats), encoder.transform(nothing))
    out = encoder.transform(pa.table({name: nothing[name] for name in "xsfn"}))
    assert out.tolist() == [[0, 1, 0, 0, 1, 0, 1, 1]] * 3


def test_only_missing_values():
    table = pa.table({"x": pa.array([None, None], "float64"), "s": pa.array([None, None], "string")})
    encoder = TableEncoder().fit(table)
    assert encoder.transform(table).tolist() == [[0, 1, 1]] * 2
    assert encoder.encoding_.parts[0] == NumberColumn("x", 0.0, 0.0, 1.0, True)
    assert TableEncoder(missing_indicator=False).fit(table).encoding_.feature_names_out == ["x"]


# --- what encode makes of values --------------------------------------------------------------------


def test_unknown_and_missing_categories():
    table = pa.table({"a": list("xxxyyz"), "b": list("ppqqqq")})
    encoder = TableEncoder(max_categories=2).fit(table)
    assert encoder.encoding_.feature_names_out == ["a=x", "a=other", "b=p", "b=q"]
    out = encoder.transform(pa.table({"a": ["x", "z", "new", None], "b": ["q", "p", "new", None]}))
    assert out.tolist() == [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]]


def test_of_equally_frequent_categories_the_smaller_stay():
    encoder = TableEncoder(max_categories=3).fit(pa.table({"a": list("dcbaab" + "e" * 3)}))
    assert encoder.encoding_.feature_names_out == ["a=a", "a=e", "a=other"]
    assert TableEncoder(max_categories=1).fit(pa.table({"a": ["p", "q"]})).encoding_.feature_names_out == ["a=other"]
    known_other = TableEncoder(max_categories=2).fit(pa.table({"a": ["other", "other", "p", "q"]}))
    assert known_other.encoding_.feature_names_out == ["a=other", "a=(other)"]


def test_missing_numbers_without_indicator(frame):
    out = TableEncoder(missing_indicator=False).fit(frame).transform(frame)
    assert not out[frame["age"].isna(), 1].any()
    assert out.shape[1] == 4 + 12 + 2


@pytest.mark.parametrize("entries", [1, 50_000], ids=["few entries", "more entries than rows"])
def test_a_dictionary_is_as_good_as_its_values(frame, entries):
    strings = pa.table({"job": pa.array(frame["job"], from_pandas=True)})
    unused = [f"unused {k}" for k in range(entries)]
    index = pd.Series(frame["job"]).map({f"job {k:02}": entries + k for k in range(12)})
    values = pa.array([*unused, *(f"job {k:02}" for k in range(12)), None])
    coded = pa.DictionaryArray.from_arrays(pa.array(index, "uint16", from_pandas=True), values)
    encoder = TableEncoder(max_categories=4).fit(strings)
    assert TableEncoder(max_categories=4).fit(pa.table({"job": coded})).encoding_ == encoder.encoding_
    assert np.array_equal(encoder.transform(pa.table({"job": coded})), encoder.transform(strings))
    null = pa.DictionaryArray.from_arrays(pa.array([len(values) - 1, None], "uint16"), values)
    assert encoder.transform(pa.table({"job": null}))[:, -1].tolist() == [1, 1]


def test_all_types_of_numbers_and_strings():
    values = [3, 1, None, 1, 2]
    kinds = ["int8", "uint16", "int64", "uint64", "float16", "float32", "float64", pa.decimal128(5, 2)]
    expected = TableEncoder(dtype="float64").fit_transform(pa.table({"x": pa.array(values, "float64")}))
    for kind in kinds:
        table = pa.table({"x": pa.array(values, "int64").cast("float64").cast(kind)})
        np.testing.assert_allclose(TableEncoder(dtype="float64").fit_transform(table), expected)
    booleans = pa.table({"x": pa.array([True, None, False])})
    assert TableEncoder(None).fit_transform(booleans).tolist() == [[1, 0], [0.5, 1], [0, 0]]
    strings = pa.array(["a", "bb", None, "a"])
    expected = TableEncoder().fit_transform(pa.table({"s": strings}))
    for kind in (pa.large_string(), pa.string_view()):
        assert np.array_equal(TableEncoder().fit_transform(pa.table({"s": strings.cast(kind)})), expected)


def test_codes_as_categories():
    table = pa.table({"code": [7, 5, None, 7, -1], "x": [1, 2, 3, 4, 5]})
    encoder = TableEncoder(categories=["code"]).fit(table)
    assert encoder.encoding_.feature_names_out == ["code=-1", "code=5", "code=7", "code missing", "x"]
    expected = [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
    assert encoder.transform(table)[:, :4].tolist() == expected
    as_float = pa.table({"code": [7.0, 5.0, np.nan, 7.5, -1.0], "x": [1] * 5})
    expected[3] = [0, 0, 0, 0]
    assert encoder.transform(as_float)[:, :4].tolist() == expected
    part = encoder.partial_fit(as_float).encoding_.parts[0]
    assert part == CategoryColumn("code", "float", (-1.0, 5.0, 7.0, 7.5), False, True)
    zeros = TableEncoder(categories=["z"]).fit(pa.table({"z": [0.0, -0.0, 1.0]}))
    assert zeros.transform(pa.table({"z": [-0.0, 0.0]})).tolist() == [[1, 0], [1, 0]]


def test_a_slice_of_a_larger_array_is_written(frame):
    encoder = TableEncoder().fit(frame)
    n, p = len(frame), encoder.encoding_.n_features_out
    whole = np.full((n + 2, p + 3), 9.0, np.float32)
    encoder.encoding_.encode(arrow(frame), whole[1:-1, 2:-1])
    assert np.array_equal(whole[1:-1, 2:-1], encoder.transform(frame))
    whole[1:-1, 2:-1] = 9
    assert (whole == 9).all()


def test_more_rows_than_a_block():
    table = pa.table({"x": np.arange(20_000.0), "s": [str(k % 3) for k in range(20_000)]})
    out = TableEncoder(None).fit_transform(table)
    assert np.array_equal(out[:, 0], np.arange(20_000))
    assert np.array_equal(out[:, 1:].argmax(axis=1), np.arange(20_000) % 3)


# --- any table ----------------------------------------------------------------------------------------


def test_frames_and_tables_are_equal(frame):
    table = arrow(frame)
    expected = TableEncoder().fit(table)
    categorical = frame.astype({"job": "category", "sex": "category", "age": "Float32", "count": "Int64"})
    frames = [frame, categorical, pl.from_arrow(table), pl.from_arrow(table).cast({"job": pl.Categorical})]
    for same in frames:
        encoder = TableEncoder().fit(same)
        close(encoder.encoding_, expected.encoding_)
        assert encoder.feature_names_in_.tolist() == table.column_names
        assert np.array_equal(expected.transform(same), expected.transform(table))
    backwards = frame[frame.columns[::-1]].assign(extra="e")
    assert np.array_equal(expected.transform(backwards), expected.transform(table))


def test_arrays_and_lists():
    rows = [[1, "a", True, None], [3, "b", False, "c"], [2, "a", True, 5]]
    encoder = TableEncoder(None).fit(rows)
    names = ["x0", "x1=a", "x1=b", "x2", "x3=5", "x3=c", "x3 missing"]
    assert encoder.get_feature_names_out().tolist() == names
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.transform(np.array(rows, object)).tolist()[1] == [3, 0, 1, 0, 0, 1, 0]
    mixture = np.array([[1, 2.5], [True, None], [np.float32(2), np.nan]], object)
    assert TableEncoder(None).fit(mixture).get_feature_names_out().tolist() == ["x0", "x1", "x1 missing"]
    strings = np.array([["1", "u"], ["2", "v"]])
    assert TableEncoder().fit(strings).encoding_.feature_names_out == ["x0=1", "x0=2", "x1=u", "x1=v"]
    assert TableEncoder().fit([["1", 2], ["2", 4]]).encoding_.feature_names_out == ["x0=1", "x0=2", "x1"]
    big = np.arange(6.0).reshape(3, 2).astype(">f8")
    assert np.array_equal(TableEncoder(None).fit_transform(big), big)


def test_names_that_are_no_strings():
    frame = pd.DataFrame({0: [1.0, 2.0], 1: ["a", "b"]})
    encoder = TableEncoder().fit(frame)
    assert encoder.get_feature_names_out().tolist() == ["0", "1=a", "1=b"]
    assert encoder.get_feature_names_out(["p", "q"]).tolist() == ["p", "q=a", "q=b"]
    assert TableEncoder().fit(frame.rename(columns={1: "s"})).feature_names_in_.tolist() == ["0", "s"]


def test_kinds_of_columns_that_only_pandas_has():
    frame = pd.DataFrame({
        "sparse": pd.arrays.SparseArray([0.0, 0.0, 3.0]),
        "object": [1, "a", pd.NA],
        "number": pd.Series([1, True, None], dtype=object),
        "batches": [1, 2, 3],
        "names": ["a", "b", "c"],
    })  # fmt: skip
    names = ["sparse", "object=1", "object=a", "object missing", "number", "number missing", "batches"]
    assert TableEncoder().fit(frame).get_feature_names_out()[:-3].tolist() == names
    for series in (frame["sparse"], pl.Series([1, 2])):
        with pytest.raises(ValueError, match=r"Expected (2D|a 2-dimensional)"):
            TableEncoder().fit(series)


def test_dates_in_a_dictionary_are_categories():
    table = pa.table({"d": pa.array([1, 0, 1], pa.date32()).dictionary_encode()})
    encoder = TableEncoder().fit(table)
    assert encoder.encoding_.feature_names_out == ["d=1970-01-01", "d=1970-01-02"]
    assert encoder.transform(table).tolist() == [[0, 1], [1, 0], [0, 1]]


def test_in_a_pipeline(frame):
    y = frame["job"].isna() | (frame["age"] > 40)
    pipeline = make_pipeline(TableEncoder(), MLPClassifier((16,), random_state=0, max_iter=30, tol=0))
    with pytest.warns(UserWarning, match="converge"):
        pipeline.fit(frame, y)
    assert pipeline.score(frame, y) > 0.97
    again = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(again.predict_proba(frame), pipeline.predict_proba(frame))
    assert clone(pipeline[0]).get_params() == pipeline[0].get_params()


# --- plain data ---------------------------------------------------------------------------------------


def test_through_json_and_back(frame):
    frame = frame.assign(code=frame["count"] % 5, share=frame["count"] % 3 / 3, yes=frame["flag"])
    encoding = TableEncoder(max_categories=4, categories=("code", "share", "yes")).fit(frame).encoding_
    again = TableEncoding.from_dict(json.loads(json.dumps(encoding.to_dict(), allow_nan=False)))
    assert again == encoding
    assert [type(part.categories[0]) for part in again.parts[4:]] == [str, str, int, float, bool]
    out = np.empty((2, len(frame), encoding.n_features_out), np.float32)
    encoding.encode(arrow(frame), out[0])
    again.encode(arrow(frame), out[1])
    assert np.array_equal(out[0], out[1])


GOOD = {
    "columns": [
        {"kind": "numbers", "name": "x", "fill": 1.0, "shift": 0.5, "factor": 2.0, "indicator": True},
        {
            "kind": "categories", "name": "s", "value_type": "string", "categories": ["a", "b"],
            "other": True, "missing": False,
        },
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "key", "value"),
    [
        (0, "kind", "other"), (0, "kind", []), (0, "kind", {}), (0, "kind", None), (0, "name", 3), (0, "name", "s"),
        (0, "fill", "1"), (0, "fill", float("nan")), (0, "shift", float("inf")), (0, "factor", None),
        (0, "factor", True), (0, "indicator", 1), (0, "extra", 1),
        (1, "kind", "numbers"), (1, "name", None), (1, "name", []), (1, "value_type", "bytes"), (1, "value_type", []),
        (1, "value_type", "integer"), (1, "categories", "ab"), (1, "categories", None), (1, "categories", ["a", 1]),
        (1, "categories", ["a", "a"]), (1, "categories", [["a"]]), (1, "categories", ["\ud800"]), (1, "other", None),
        (1, "missing", 0),
    ],
)  # fmt: skip
def test_damaged_data_is_refused(column, key, value):
    assert TableEncoding.from_dict(GOOD).feature_names_out == ["x", "x missing", "s=a", "s=b", "s=other"]
    data = copy.deepcopy(GOOD)
    data["columns"][column][key] = value
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict(data)


@pytest.mark.parametrize("value_type", ["integer", "float"])
@pytest.mark.parametrize("category", [2**70, float("inf"), True, "1", None])
def test_categories_of_the_wrong_type_are_refused(value_type, category):
    data = copy.deepcopy(GOOD)
    data["columns"][1] |= {"value_type": value_type, "categories": [category]}
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict(data)


@pytest.mark.parametrize("data", [None, [], "columns", {}, {"columns": None}, {"columns": [None]}, {"columns": [[]]}])
def test_other_data_is_refused(data):
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict(data)


@pytest.mark.parametrize("key", ["kind", "name", "factor"])
def test_an_incomplete_column_is_refused(key):
    data = copy.deepcopy(GOOD)
    del data["columns"][0][key]
    with pytest.raises(ValueError, match="not a description of a column"):
        TableEncoding.from_dict(data)


def test_an_encoding_needs_no_scikit_learn():
    code = "import sys, fastmlp.tables.encoding; sys.exit('sklearn' in sys.modules or 'pyarrow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- errors -------------------------------------------------------------------------------------------


def test_errors_of_transform():
    encoder = TableEncoder(categories=["c"]).fit(pa.table({"x": [1.0, 2.0], "s": ["a", "b"], "c": [1, 2]}))
    good = {"x": [1.0], "s": ["a"], "c": [1]}
    for name, values, message in [
        ("x", ["a"], "column 'x' is of type string, but was learned as numbers"),
        ("x", pa.array([1]).dictionary_encode(), "column 'x' is of type dictionary.*learned as numbers"),
        ("s", [1], "column 's' is of type int64, but was learned as categories of type string"),
        ("c", ["1"], "column 'c' is of type string, but was learned as categories of type integer"),
        ("x", [-np.inf], "column 'x' contains inf"),
        ("x", [1e300], "column 'x' contains inf, or a number too large for float32"),
        ("c", [np.inf], "column 'c' contains inf"),
        ("c", pa.array([2**63], "uint64"), "column 'c': Integer value 9223372036854775808 not in range"),
    ]:
        with pytest.raises(ValueError, match=message):
            encoder.transform(pa.table(good | {name: values}))
    with pytest.raises(ValueError, match=r"no column named 's'; the columns are 'x', 'c'$"):
        encoder.transform(pa.table({"x": [1.0], "c": [1]}))
    with pytest.raises(ValueError, match="0 sample"):
        encoder.transform(pa.table(good).slice(1))
    with pytest.raises(ValueError, match=r"out has shape \(1, 9\), but needs \(1, 5\)"):
        encoder.encoding_.encode(pa.table(good), np.empty((1, 9)))


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2], pa.timestamp("s")), pa.array([1, 2], pa.date32()), pa.array([1, 2], pa.duration("s")),
        pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}]), pa.array([b"1", b"2"]),
    ],
    ids=lambda values: str(values.type),
)  # fmt: skip
def test_types_that_are_refused(values):
    remedy = "column 'x' is of type .*; convert it to a number or a string first, or leave it out"
    with pytest.raises(TypeError, match=remedy):
        TableEncoder().fit(pa.table({"x": values}))
    with pytest.raises(TypeError, match=remedy):
        TableEncoder().fit(pa.table({"x": [1, 2]})).transform(pa.table({"x": values}))


def test_errors_of_fit(monkeypatch):
    for table, message in [
        (pa.table({"x": [1.0, np.inf]}), "column 'x' contains inf"),
        (pa.table({"x": [1e300, -1e300]}), "column 'x': its numbers are too large to be scaled"),
        (pa.table([pa.array([1]), pa.array([2])], ["x", "x"]), "two columns are named 'x'"),
        (pa.table({"x": pa.array([], "int64")}), "0 sample"),
        (pa.table({}), "0 feature"),
    ]:
        encoder = TableEncoder()
        with pytest.raises(ValueError, match=message):
            encoder.fit(table)
        with pytest.raises(NotFittedError):
            encoder.transform(table)
    with pytest.raises(ValueError, match="categories: no column named 'y'"):
        TableEncoder(categories=["y"]).fit(pa.table({"x": [1]}))
    with pytest.raises(ValueError, match="column 'x' is of type string, but was of numbers in rows before"):
        TableEncoder().fit(pa.table({"x": [1]})).partial_fit(pa.table({"x": ["1"]}))
    with pytest.raises(ValueError, match="column 'x' is of type int64, but was of strings in rows before"):
        TableEncoder().fit(pa.table({"x": ["1"]})).partial_fit(pa.table({"x": [1]}))
    with pytest.raises(ValueError, match="no column named 'x'; the columns are 'y'"):
        TableEncoder().fit(pa.table({"x": [1]})).partial_fit(pa.table({"y": [1]}))
    monkeypatch.setattr(category_counts, "MOST_CATEGORIES", 3)
    TableEncoder().fit(pa.table({"x": ["a", "b", "c", None, "a"]}))
    message = "column 'x' has more than 3 different values; leave it out .*name it in numbers="
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit(pa.table({"x": list("abcd")}))
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit(pa.table({"x": list("abc")})).partial_fit(pa.table({"x": ["d"]}))


def test_with_and_without_names(frame):
    X = frame[["wage", "count"]]
    with pytest.warns(UserWarning, match="X does not have valid feature names, but TableEncoder was fitted with"):
        out = TableEncoder().fit(X).transform(X.to_numpy())
    assert np.array_equal(out, TableEncoder().fit_transform(X))
    with pytest.warns(UserWarning, match="X has feature names, but TableEncoder was fitted without"):
        assert np.array_equal(TableEncoder().fit(X.to_numpy()).transform(X), out)


@parametrize_with_checks([TableEncoder(), TableEncoder("robust", max_categories=3, dtype="float64")])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_names_in_another_order_are_fine_unlike_scikit_learns():
    with pytest.raises(AssertionError, match="transform did not raise"):
        check_dataframe_column_names_consistency("TableEncoder", TableEncoder())
