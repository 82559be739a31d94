"""`DateParts`: year, month, weekday, hour and day of dates, of times with and without a zone, and of ISO text."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fastmlp.rows.record_batches import record_batches
from fastmlp.tables.columns.date_parts import DateParts
from fastmlp.tables.encoding import TableEncoding
from fastmlp.tables.matrix import matrix

UNITS = ("year", "month", "weekday", "hour", "day")
PLAIN = DateParts("x", UNITS, (0.0,) * 5, (1.0,) * 5)
TIMES = [
    dt.datetime(2024, 2, 29, 13, 30), dt.datetime(1969, 12, 31, 23, 45), None, dt.datetime(1970, 1, 1),
    dt.datetime(1899, 3, 1, 6), dt.datetime(2026, 11, 29, 0, 0, 36),
]  # fmt: skip


def encoded(part, values):
    X = values if isinstance(values, (pd.DataFrame, pl.DataFrame)) else pa.table({"x": values})
    return matrix(TableEncoding((part,)), record_batches(X), np.float64)


def slowly(times):
    """Return the units of each time by Python's own calendar."""
    epoch = dt.datetime(1970, 1, 1)
    return np.array([
        [np.nan] * 5 if t is None else [
            t.year, t.month, t.weekday(), t.hour + t.minute / 60 + t.second / 3600, (t - epoch) / dt.timedelta(days=1),
        ]
        for t in times
    ])  # fmt: skip


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit(unit):
    np.testing.assert_allclose(encoded(PLAIN, pa.array(TIMES, pa.timestamp(unit))), slowly(TIMES), rtol=1e-14)


def test_dates():
    days = [None if t is None else t.date() for t in TIMES]
    expected = slowly([None if t is None else dt.datetime(t.year, t.month, t.day) for t in TIMES])
    for kind in (pa.date32(), pa.date64()):
        np.testing.assert_array_equal(encoded(PLAIN, pa.array(days, kind)), expected)
    np.testing.assert_array_equal(encoded(PLAIN, pl.DataFrame({"x": days})), expected)
    np.testing.assert_array_equal(encoded(PLAIN, pd.DataFrame({"x": days})), expected)
    entries = pa.array(days, pa.date32()).dictionary_encode()
    np.testing.assert_array_equal(encoded(PLAIN, entries), expected)


def test_frames_of_pandas_and_polars():
    expected = slowly(TIMES)
    np.testing.assert_allclose(encoded(PLAIN, pd.DataFrame({"x": pd.to_datetime(TIMES)})), expected, rtol=1e-14)
    np.testing.assert_allclose(encoded(PLAIN, pl.DataFrame({"x": TIMES})), expected, rtol=1e-14)


def test_a_random_calendar():
    random = np.random.default_rng(0)
    times = [dt.datetime(1, 1, 1) + dt.timedelta(seconds=int(s)) for s in random.integers(0, 9998 * 365 * 86400, 2000)]
    np.testing.assert_allclose(encoded(PLAIN, pa.array(times, pa.timestamp("s"))), slowly(times), rtol=1e-13, atol=1e-9)
    texts = [time.isoformat(" ") for time in times]
    np.testing.assert_allclose(encoded(PLAIN, texts), slowly(times), rtol=1e-13, atol=1e-9)


def test_iso_text():
    texts = {
        "2024-02-29": dt.datetime(2024, 2, 29), "2024-02-29T13:30": dt.datetime(2024, 2, 29, 13, 30),
        " 2024-02-29 13:30:36.5Z ": dt.datetime(2024, 2, 29, 13, 30, 36, 500000),
        "2024-02-29T13:30:00+05:30": dt.datetime(2024, 2, 29, 13, 30),
        "2023-02-29": None, "2024-13-01": None, "2024-00-10": None, "2024-01-00": None, "2024-01-32": None,
        "2024-01-01 24:00": None, "2024-01-01 10:60": None, "24-01-01": None, "2024-1-1": None, "2024-01-01x": None,
        "": None, "unknown": None, "2024-01-01T": None, "x2024-01-01": None, "2024-01-01 10": None,
    }  # fmt: skip
    expected = slowly(list(texts.values()))
    expected[2, 3:] += [0.5 / 3600, 0]
    np.testing.assert_allclose(encoded(PLAIN, [*texts]), expected, rtol=1e-12)
    np.testing.assert_allclose(encoded(PLAIN, pa.array([*texts, None]).dictionary_encode())[:-1], expected, rtol=1e-12)
    assert np.isnan(encoded(PLAIN, pa.array(["2024-01-01", None], "string_view"))[1]).all()


def test_zones():
    """The hour is the one that a clock shows, in the zone that was learned."""
    midnight = [dt.datetime(2024, 7, 1, tzinfo=dt.UTC)]
    berlin, none = DateParts("x", ("hour",), (0.0,), (1.0,), "Europe/Berlin"), DateParts("x", ("hour",), (0.0,), (1.0,))
    for zone, in_berlin, in_its_own in [("UTC", 2, 0), ("Europe/Berlin", 2, 2), ("America/New_York", 2, 20)]:
        values = pa.array(midnight, pa.timestamp("us", zone))
        assert encoded(berlin, values) == in_berlin
        assert encoded(none, values) == in_its_own
    assert encoded(berlin, [dt.datetime(2024, 7, 1, 5)]) == 5
    with pytest.raises(ValueError, match=r"column 'x': .*Europe/Nowhere"):
        encoded(DateParts("x", ("hour",), (0.0,), (1.0,), "Europe/Nowhere"), values)


def test_scaled_and_in_order():
    part = DateParts("x", ("day", "year"), (19000.0, 2020.0), (0.01, 0.5))
    assert part.outputs == (("x day", 0), ("x year", 0))
    np.testing.assert_allclose(encoded(part, [dt.date(2022, 1, 9)]), [[0.01, 1]])


def test_numbers_are_refused_and_nulls_are_missing():
    with pytest.raises(ValueError, match="column 'x' is of type int64, but was learned as dates; convert it"):
        encoded(PLAIN, [1])
    assert np.isnan(encoded(PLAIN, pa.nulls(3))).all()
    assert np.isnan(encoded(PLAIN, pa.array([None, np.nan]))).all()
    with pytest.warns(UserWarning, match=r"'x': none of its 2 values \('1/2/2024', '3/2/2024'\) is a date"):
        assert np.isnan(encoded(PLAIN, ["1/2/2024", "3/2/2024"])).all()


GOOD = {"kind": "date parts", "name": "x", "units": ["year"], "shifts": [1.0], "factors": [2.0], "zone": ""}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3), ("units", []), ("units", ["century"]), ("units", ["year", "year"]), ("units", ["year", "day"]),
        ("units", None), ("units", "year"), ("units", [["year"]]), ("shifts", [1]), ("shifts", [float("nan")]),
        ("shifts", 1.0), ("factors", []), ("factors", [float("inf")]), ("zone", None),
    ],
)  # fmt: skip
def test_damaged_descriptions_are_refused(key, value):
    assert TableEncoding.from_dict({"columns": [GOOD]}).parts == (DateParts("x", ("year",), (1.0,), (2.0,)),)
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict({"columns": [GOOD | {key: value}]})
