"""`ScaledNumber`: (x - shift) factor, NaN where missing."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from fastmlp.tables.columns.scaled_number import ScaledNumber
from fastmlp.tables.encoding import TableEncoding


def encoded(part, values, dtype="float32"):
    table = pa.table({part.name: values})
    out = np.full((table.num_rows, 1), 99, dtype)
    TableEncoding((part,)).encode(table, out)
    return out[:, 0]


def test_values():
    part = ScaledNumber("x", 1.0, 2.0)
    assert encoded(part, [1.0, 3.0, -1.5]).tolist() == [0, 4, -5]
    assert part.outputs == (("x", 0),)
    assert TableEncoding((part,)).outputs == (("x", 0),)
    assert TableEncoding((part,)).feature_names_out == ["x"]


@pytest.mark.parametrize(
    "kind", ["int8", "int64", "uint64", "float16", "float32", "float64", pa.decimal128(5, 1)], ids=str
)
def test_any_width_of_numbers(kind):
    values = pa.array([3, None, 1]).cast("float64").cast(kind)
    np.testing.assert_array_equal(encoded(ScaledNumber("x", 1.0, 0.5), values), [1, np.nan, 0])


def test_missing_stays_missing():
    part = ScaledNumber("x", 0.5, 2.0)
    np.testing.assert_array_equal(encoded(part, [True, None, False]), [1, np.nan, -1])
    assert np.isnan(encoded(part, [np.nan, None])).all()
    for nothing in (pa.nulls(2), pa.array([None, None], "string"), pa.array([None, None], pa.date32())[:0]):
        if len(nothing):
            assert np.isnan(encoded(part, nothing)).all()


def test_differences_are_taken_in_float64():
    x = [1e9 + k / 4 for k in range(4)]  # float32 tells none of these apart
    assert encoded(ScaledNumber("x", 1e9, 1.0), x).tolist() == [0, 0.25, 0.5, 0.75]


def test_text_that_spells_numbers():
    part = ScaledNumber("x", 1.0, 1.0, text=True)
    np.testing.assert_array_equal(encoded(part, [" 2 ", "1e1", "-", None]), [1, 9, np.nan, np.nan])
    assert encoded(part, [5, 6]).tolist() == [4, 5]
    assert TableEncoding((part,)).spelled_columns == ["x"]
    assert TableEncoding((ScaledNumber("x", 1.0, 1.0),)).spelled_columns == []


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_lengths_of_time_and_times_of_day_are_seconds(unit):
    part = ScaledNumber("x", 60.0, 0.5, seconds=True)
    lengths = pa.array([dt.timedelta(days=1), None, dt.timedelta(seconds=-2)], pa.duration(unit))
    np.testing.assert_array_equal(encoded(part, lengths), [43170, np.nan, -31])
    kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    np.testing.assert_array_equal(encoded(part, pa.array([dt.time(1, 0, 2), None], kind)), [1771, np.nan])
    assert np.isnan(encoded(part, pa.nulls(1))).all()
    with pytest.raises(ValueError, match="'x' is of type int64, but was learned as lengths of time"):
        encoded(part, [1])
    with pytest.raises(ValueError, match=r"'x' is of type duration.*, but was learned as numbers"):
        encoded(ScaledNumber("x", 60.0, 0.5), lengths)


@pytest.mark.parametrize("values", [[np.inf], [1.0, -np.inf, np.nan], [1e300]])
def test_inf_and_overflow_are_refused(values):
    with pytest.raises(ValueError, match="column 'x' contains inf, or a number too large for float32"):
        encoded(ScaledNumber("x", 0.0, 1.0), values)


def test_a_large_number_that_is_small_when_scaled():
    assert encoded(ScaledNumber("x", 1e300, 1e-300), [2e300]).tolist() == [1]
    with pytest.raises(ValueError, match="column 'x' contains inf"):
        encoded(ScaledNumber("x", -1.7e308, 1.0), [1.7e308], "float64")


@pytest.mark.parametrize("values", [["a"], pa.array([1]).dictionary_encode(), ["1"]], ids=str)
def test_text_and_categories_are_refused(values):
    with pytest.raises(ValueError, match=r"column 'x' is of type .*, but was learned as numbers; convert it"):
        encoded(ScaledNumber("x", 0.0, 1.0), values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 1), ("shift", 1), ("shift", float("nan")), ("factor", float("inf")), ("factor", "1"), ("text", 0),
        ("seconds", 1),
        ("text", None), ("extra", 1), ("kind", "scaled"), ("shift", Decimal(1)), ("factor", [1.0]),
    ],
)  # fmt: skip
def test_damaged_descriptions_are_refused(key, value):
    good = {"kind": "scaled number", "name": "x", "shift": 1.0, "factor": 2.0}
    assert TableEncoding.from_dict({"columns": [good]}).parts == (ScaledNumber("x", 1.0, 2.0),)
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict({"columns": [good | {key: value}]})
