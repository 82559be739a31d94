"""`read_columns`: tables of any origin as matrices of numbers and codes, against a slow twin, and in model files."""

import json
import warnings

import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fastmlp import Model, rows
from fastmlp.exceptions import ColumnWarning
from fastmlp.tables.columns.category_code import CategoryCode
from fastmlp.tables.columns.date_parts import DateParts
from fastmlp.tables.columns.scaled_number import ScaledNumber
from fastmlp.tables.encoding import TableEncoding
from fastmlp.tables.table_reader import read_columns


def mixed(n=3000, seed=0):
    """Return a table with a column of each kind, most with holes."""
    random = np.random.default_rng(seed)
    day = pd.Timestamp("2021-03-04")
    frame = pd.DataFrame({
        "wage": np.exp(random.normal(10, 1, n)),
        "age": random.normal(40, 10, n).astype(np.float32),
        "count": random.integers(-5, 1000, n),
        "flag": random.random(n) < 0.3,
        "rare": (random.random(n) < 0.01) * 7.5,
        "job": random.choice([f"job {k:02}" for k in range(12)], n),
        "day": day + pd.to_timedelta(random.integers(0, 900, n), "D"),
        "time": day + pd.to_timedelta(random.integers(0, 10**6, n), "min"),
        "text day": (day + pd.to_timedelta(random.integers(0, 90, n), "D")).strftime("%Y-%m-%d"),
    })  # fmt: skip
    frame["job"] = frame["job"].astype(object)
    frame["text day"] = frame["text day"].astype(object)
    for name in ("wage", "age", "job", "day", "text day"):
        frame.loc[random.random(n) < 0.1, name] = None
    return frame


# --- against a slow twin -----------------------------------------------------------------------------------------


def scaled_slowly(x):
    low, median, high = np.nanpercentile(x, [25, 50, 75])
    width = high - low if high > low else (np.nanmax(x) - np.nanmin(x)) / 2
    return (x - median) / (width or 1)


def slowly(frame):
    """Return the columns of the matrix by pandas, in float64."""
    out = {}
    for name in ("wage", "age", "count", "rare"):
        out[name] = scaled_slowly(frame[name].to_numpy(float))
    out["flag"] = np.where(frame["flag"], 1.0, -1.0)
    counts = frame["job"].value_counts()
    order = sorted(counts.index, key=lambda job: (-counts[job], job))
    out["job"] = frame["job"].map({job: float(k) for k, job in enumerate(order)}).fillna(len(order)).to_numpy()
    for name in ("day", "time", "text day"):
        times = pd.to_datetime(frame[name])
        days = (times - pd.Timestamp(0)) / pd.Timedelta(days=1)
        out[f"{name} year"] = scaled_slowly(times.dt.year.to_numpy(float))
        out[f"{name} month"] = (times.dt.month.to_numpy(float) - 6.5) / 5.5
        out[f"{name} weekday"] = (times.dt.day_of_week.to_numpy(float) - 3) / 3
        out[f"{name} hour"] = ((days - np.floor(days)) * 24 - 12).to_numpy(float) / 12
        out[f"{name} day"] = scaled_slowly(days.to_numpy(float))
    for constant in ("day hour", "text day hour", "text day year"):
        del out[constant]
    return out


@pytest.mark.parametrize("seed", range(4))
def test_same_numbers_as_a_slow_twin(seed):
    frame = mixed(700, seed)
    reading = read_columns(frame)
    expected = slowly(frame)
    names = [name for name, _ in reading.encoding.outputs]
    assert sorted(names) == sorted(expected)
    out = reading.matrix(frame, np.float64)
    for name, values in zip(names, out.T, strict=True):
        np.testing.assert_allclose(values, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)
    assert reading.n_rows == 700
    assert reading.left_out == {}
    assert reading.matrix(frame).dtype == np.float32


def test_values_by_hand():
    table = pa.table({
        "x": [0.0, 1.0, 2.0, 3.0, 4.0, None],
        "s": ["b", "a", "b", None, "c", "c"],
        "f": [True, None, False, True, True, True],
        "d": pa.array([0, 1, 2, 3, 4, None], pa.date32()),
    })  # fmt: skip
    reading = read_columns(table)
    assert reading.encoding.parts == (
        ScaledNumber("x", 2.0, 0.5),
        CategoryCode("s", "string", ("b", "c", "a")),
        ScaledNumber("f", 0.5, 2.0),
        DateParts("d", ("weekday", "day"), (3.0, 2.0), (1 / 3, 0.5)),
    )
    assert reading.encoding.outputs == (("x", 0), ("s", 5), ("f", 0), ("d weekday", 0), ("d day", 0))
    nan = np.nan
    expected = [
        [-1, 0, 1, 0, -1], [-0.5, 2, nan, 1 / 3, -0.5], [0, 0, -1, 2 / 3, 0], [0.5, 3, 1, 1, 0.5],
        [1, 1, 1, -1, 1], [nan, 1, 1, nan, nan],
    ]  # fmt: skip
    np.testing.assert_array_equal(reading.matrix(table), np.array(expected, np.float32))


# --- any table ---------------------------------------------------------------------------------------------------


def test_tables_of_any_origin_are_equal_bit_for_bit(tmp_path):
    frame = mixed()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=700)
    frame.to_csv(tmp_path / "t.csv", index=False)
    reading = read_columns(frame)
    expected = reading.matrix(frame)
    same = [
        table, table.to_batches()[0], pl.from_arrow(table), rows.Arrow(table), rows.Parquet(tmp_path / "t.parquet"),
        rows.Arrow(lambda: table.to_reader(max_chunksize=37)), dd.from_pandas(frame, npartitions=3, sort=False),
        frame.astype({"count": "Int64", "flag": "boolean", "job": "string"}),
    ]  # fmt: skip
    for X in same:
        assert read_columns(X).encoding == reading.encoding, type(X)
        np.testing.assert_array_equal(reading.matrix(X), expected, err_msg=str(type(X)))
    csv = rows.Csv(tmp_path / "t.csv")
    np.testing.assert_array_equal(reading.matrix(csv)[:, 2:], expected[:, 2:])
    assert read_columns(csv).encoding.outputs == reading.encoding.outputs


def test_categoricals():
    frame = mixed()
    expected = read_columns(frame[["job"]])
    for same in (
        frame[["job"]].astype("category"),
        pl.from_pandas(frame[["job"]]).cast(pl.Categorical),
        pl.from_pandas(frame[["job"]]).cast(pl.Enum(sorted(frame["job"].dropna().unique())[::-1])),
    ):
        reading = read_columns(same)
        assert reading.encoding == expected.encoding
        np.testing.assert_array_equal(expected.matrix(same), expected.matrix(frame))
    numbers = read_columns(pd.DataFrame({"x": pd.Categorical([5, 7, None, 7])}))
    assert numbers.encoding.parts == (CategoryCode("x", "integer", (7, 5)),)


def test_intervals_and_periods_of_pandas():
    cut = read_columns(pd.DataFrame({"x": pd.cut([1, 5, 5, np.nan, 9], [0, 4, 7, 10])}))
    assert cut.encoding.parts == (CategoryCode("x", "string", ("(4, 7]", "(0, 4]", "(7, 10]")),)
    assert cut.matrix(pd.DataFrame({"x": pd.cut([2, np.nan, 8], [0, 4, 7, 10])}))[:, 0].tolist() == [1, 3, 2]
    months = pd.period_range("2024-01", "2024-03", freq="M")
    assert read_columns(pd.DataFrame({"x": months.astype("category")})).encoding.parts[0].categories[0] == "2024-01"
    days = pd.DataFrame({"x": months.to_timestamp()})
    assert read_columns(pd.DataFrame({"x": months})).encoding == read_columns(days).encoding


def test_arrays():
    X = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, np.nan], [3.0, 5.0, 1.0]])
    reading = read_columns(X)
    assert (reading.names, reading.named) == (("x0", "x1", "x2"), False)
    assert reading.encoding.columns == ["x0", "x2"]
    np.testing.assert_array_equal(reading.matrix(X), [[-1, -1], [0, np.nan], [1, 1]])
    with pytest.warns(UserWarning, match="X has feature names, but the model was fitted without feature names"):
        assert reading.matrix(pd.DataFrame(X, columns=list("abc")))[0].tolist() == [-1, -1]
    with pytest.raises(ValueError, match="X has 2 features, but Boss is expecting 3 features"):
        reading.matrix(X[:, :2], owner="Boss")
    objects = read_columns([[1, "a"], [2, "b"], [4, "b"]])
    assert objects.encoding.parts == (ScaledNumber("x0", 2.0, 1 / 1.5), CategoryCode("x1", "string", ("b", "a")))
    dates = read_columns(np.array([["2024-01-01"], ["2024-01-03"]], "datetime64[D]"))
    assert dates.encoding.parts[0].units == ("weekday", "day")


def test_other_orders_and_widths_at_predict():
    frame = mixed(200)
    reading = read_columns(frame)
    expected = reading.matrix(frame)
    backwards = frame[frame.columns[::-1]].assign(extra="e")
    np.testing.assert_array_equal(reading.matrix(backwards), expected)
    other = frame.astype({"count": "int16", "rare": "float32", "flag": "int8"}).assign(day=frame["day"].dt.as_unit("s"))
    np.testing.assert_array_equal(reading.matrix(other), expected)
    with pytest.raises(ValueError, match="no column named 'age'; the columns are 'wage', 'count'"):
        reading.matrix(frame.drop(columns="age"))
    nothing = pd.DataFrame({name: [None, None] for name in frame})
    out = reading.matrix(nothing)
    codes = [k for k, (_, n_codes) in enumerate(reading.encoding.outputs) if n_codes]
    assert np.isnan(np.delete(out, codes, axis=1)).all()
    assert (out[:, codes] == 12).all()
    assert reading.matrix(frame[:0]).shape == (0, len(reading.encoding.outputs))
    with pytest.raises(ValueError, match=r"column 'age' is of type .*string, but was learned as numbers"):
        reading.matrix(frame.assign(age="old"))
    with pytest.raises(ValueError, match="column 'wage' contains inf"):
        reading.matrix(frame.assign(wage=np.inf))


# --- plain data --------------------------------------------------------------------------------------------------


def test_through_json_and_back():
    frame = mixed()
    reading = read_columns(frame.assign(zone=frame["time"].dt.tz_localize("Europe/Berlin", "NaT", "shift_forward")))
    again = TableEncoding.from_dict(json.loads(json.dumps(reading.encoding.to_dict(), allow_nan=False)))
    assert again == reading.encoding
    assert again.parts[-1].zone == "Europe/Berlin"


def test_a_model_file_keeps_it(tmp_path):
    frame = mixed(300).dropna()
    encoding = read_columns(frame).encoding
    codes = [n_codes for _, n_codes in encoding.outputs]
    assert max(codes) > len(codes) - 5  # so that categories must not count as features
    model = Model([len(codes), 3, 1], seed=0)
    model.encoding = encoding
    model.fit(frame, frame["count"] > 500, epochs=2)
    model.save(tmp_path / "m")
    again = Model.load(tmp_path / "m")
    assert again.encoding == encoding
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    np.testing.assert_array_equal(again.predict_proba(rows.Arrow(frame)), model.predict_proba(frame))


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}]), pa.array([b"1", b"2"]),
    ],
    ids=lambda values: str(values.type),
)  # fmt: skip
def test_types_that_are_refused(values):
    with pytest.raises(TypeError, match=r"column 'x' is of type .*; convert it to a number or a string first"):
        read_columns(pa.table({"x": values}))
    reading = read_columns(pa.table({"x": [1, 2]}))
    with pytest.raises(TypeError, match=r"column 'x' is of type .*; convert it to a number or a string first"):
        reading.matrix(pa.table({"x": values}))


def test_containers_among_other_objects_are_refused():
    for values in ([1, [2], "a"], ["a", {"b": 1}], ["a", b"b", 1]):
        with pytest.raises(TypeError, match=r"column 'x' (has values of type .*|is of type binary); convert it"):
            read_columns(pd.DataFrame({"x": pd.Series(values, dtype=object)}))


def test_errors():
    for table, message in [
        (pa.table({"x": [1.0, np.inf]}), "column 'x' contains inf"),
        (pa.table({"x": [1.7e308, -1.7e308]}), "column 'x': its numbers are too large to be scaled"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "two columns are named 'x'"),
        (pa.table({"x": pa.array([], "int64")}), "0 sample"),
        (pa.table({}), "0 feature"),
        (pa.table({"x": [1, 1]}), "no column is left to learn from: 'x' is constant$"),
        (
            pa.table({"x": pa.nulls(2), "y": [1, 1]}),
            r"no column is left .*'x' has no values, and of the others \('y'\)",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            read_columns(table)
    with pytest.raises(ValueError, match="categories: no column named 'z'; the columns are 'x'"):
        read_columns(pa.table({"x": [1, 2]}), categories=["z"])
    later = iter([pa.record_batch({"x": [1]}), pa.record_batch({"x": ["a"]})])
    source = type("Source", (), {"names": ["x"], "batches": lambda self: later})()
    with pytest.raises(ValueError, match="column 'x' is of type string, but was of numbers in rows before"):
        read_columns(source)


def test_onnx_says_what_it_cannot_convert():
    pytest.importorskip("skl2onnx")
    from skl2onnx import to_onnx

    import fastmlp.onnx  # noqa: F401
    from fastmlp import TableEncoder

    X = np.array([[1.0], [2.0]])
    encoder = TableEncoder().fit(X)
    encoder.encoding_ = read_columns(X).encoding
    with pytest.raises(NotImplementedError, match=r"column 'x0' \(scaled number\) cannot be converted to ONNX"):
        to_onnx(encoder, X)


def test_no_warning_of_a_good_table():
    with warnings.catch_warnings():
        warnings.simplefilter("error", ColumnWarning)
        assert read_columns(mixed()).notes == ()
