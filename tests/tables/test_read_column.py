"""What is learned of each column: numbers, categories, dates, and columns that are left out."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fastmlp.exceptions import ColumnWarning
from fastmlp.tables import category_counts, date_statistics, number_statistics, read_column
from fastmlp.tables.columns.category_code import CategoryCode
from fastmlp.tables.columns.scaled_number import ScaledNumber
from fastmlp.tables.table_reader import read_columns


def part(values, **options):
    """Return how a column is read."""
    reading = read_columns(pa.table({"x": values}), **options)
    assert reading.encoding.columns == ["x"]
    return reading.encoding.parts[0]


def left_out(values):
    """Return why a column is left out beside another."""
    table = pa.table({"x": values, "y": np.arange(len(values))})
    reading = read_columns(table)
    assert reading.encoding.columns == (["y"] if "x" in reading.left_out else ["x", "y"])
    return reading.left_out.get("x")


# --- numbers -----------------------------------------------------------------------------------------------------


def test_scale_by_quartiles_or_by_range():
    assert part([1.0, 2.0, 3.0, 4.0, 9.0]) == ScaledNumber("x", 3.0, 0.5)
    assert part([0.0] * 9 + [10.0]) == ScaledNumber("x", 0.0, 0.2)
    assert part([0] * 7 + [5, None]) == ScaledNumber("x", 0.0, 0.4)
    assert part([5, 6, 5, 6]) == ScaledNumber("x", 5.5, 1.0)


def test_booleans_become_one_and_minus_one():
    assert part([True, False, None]) == ScaledNumber("x", 0.5, 2.0)
    assert part(pd.Series([True, None, False], dtype=object)) == ScaledNumber("x", 0.5, 2.0)
    assert part([True, None]) == ScaledNumber("x", 0.5, 2.0)
    assert part([0, 1, 1, 1]) == ScaledNumber("x", 1.0, 4.0)


def test_outliers_that_float32_cannot_hold():
    """Beside them, the other numbers vanish, as by any scale."""
    assert part([0.0, 1.0, 2.0, 3.0, 2.0**200]) == ScaledNumber("x", 2.0, 2.0**-199)
    assert part([-1e300, 1e300, 0.0]).shift == 0.0
    reading = read_columns(pa.table({"x": [0.0, 1.0, 2.0, 3.0, 1e60]}))
    assert np.isfinite(reading.matrix(pa.table({"x": [1e60, 0.0]}))).all()


def test_lengths_of_time():
    lengths = pd.Series(pd.to_timedelta(["1h", "2h", None, "4h"]))
    assert part(lengths) == ScaledNumber("x", 7200.0, 1 / 5400, seconds=True)
    batches = iter([pa.record_batch({"x": [1]}), pa.record_batch({"x": lengths})])
    source = type("Source", (), {"names": ["x"], "batches": lambda self: batches})()
    with pytest.raises(ValueError, match=r"'x' is of type duration.*, but was of numbers in rows before"):
        read_columns(source)


def test_constant_up_to_holes():
    assert left_out([3, 3, 3]) == "is constant"
    assert left_out([True, True]) == "is constant"
    assert left_out([0.0, 5e-324]) == "is constant"
    assert left_out(["a", "a"]) == "is constant"
    assert left_out(pa.array([7, 7], pa.date32())) == "is constant"
    assert left_out(["2024-01-01"] * 3) == "is constant"
    assert part([3, None, 3]) == ScaledNumber("x", 3.0, 1.0)
    assert part(["a", None]) == CategoryCode("x", "string", ("a",))
    assert part(pa.array([7, None], pa.date32())).units == ("day",)


def test_columns_without_values():
    for values in (pa.nulls(2), [np.nan, np.nan], pa.array([None, None], "string"), pa.array([None] * 2, pa.date32())):
        assert left_out(values) == "has no values"


def test_quartiles_of_a_sample(monkeypatch):
    monkeypatch.setattr(number_statistics, "SAMPLE_SIZE", 2000)
    x = np.random.default_rng(0).exponential(size=50_000)
    found = part(x)
    assert 0 < abs(found.shift - np.median(x)) < 0.1
    assert abs(1 / found.factor - np.log(3)) < 0.15
    assert part(x, seed=1) != found
    rare = np.zeros(50_000)
    rare[:2] = 3, -1  # most probably not in the sample
    assert part(rare) == ScaledNumber("x", 0.0, 0.5)


def test_text_that_the_user_calls_numbers():
    assert part(["1", " 3", "-", None], numbers=["x"]) == ScaledNumber("x", 2.0, 1.0, text=True)
    assert part([2, 1, 2], categories=["x"]) == CategoryCode("x", "integer", (2, 1))


# --- categories --------------------------------------------------------------------------------------------------


def test_categories_by_frequency_then_by_value():
    assert part(["c", "b", "c", "a", "b", None, "é", "z"]).categories == ("b", "c", "a", "z", "é")
    assert part(pa.array([3, 1, 3, 2]).dictionary_encode()).categories == (3, 1, 2)
    assert part(pa.array([0.5, -1.0, 0.5]).dictionary_encode()).value_type == "float"


def test_too_many_categories_are_grouped_and_told(monkeypatch):
    monkeypatch.setattr(read_column, "MOST", 3)
    with pytest.warns(ColumnWarning, match=r"column 'x' has 5 categories; the 3 most frequent ones are told apart"):
        reading = read_columns(pa.table({"x": list("eddcbbaaa")}))
    assert reading.encoding.parts == (CategoryCode("x", "string", ("a", "b", "d")),)
    assert len(reading.notes) == 1
    assert reading.matrix(pa.table({"x": ["d", "e", None, "new"]}))[:, 0].tolist() == [2, 4, 3, 4]


def test_a_million_categories():
    values = np.arange(1_000_000).astype("U7")
    table = pa.table({"x": np.concatenate([values, values[::50], values[::100]])})
    with pytest.warns(ColumnWarning, match=r"'x' has 1,000,000 categories; the 20,000 most frequent ones"):
        reading = read_columns(table, categories=["x"])
    found = reading.encoding.parts[0].categories
    assert set(found[:10_000]) == set(values[::100])
    assert set(found) == set(values[::50])


def test_rare_values_are_forgotten_where_there_are_very_many(monkeypatch):
    for module in (category_counts, read_column):
        monkeypatch.setattr(module, "MOST_COUNTED", 1000)
    monkeypatch.setattr(category_counts, "AT_A_TIME", 100)
    monkeypatch.setattr(read_column, "MOST", 50)
    random = np.random.default_rng(0)
    frequent = random.choice([f"f{k}" for k in range(50)], 30_000)
    x = np.where(random.random(30_000) < 0.7, frequent, [f"r{k}" for k in range(30_000)])
    with pytest.warns(ColumnWarning, match="'x' has more than 1,000 categories; the 50 most frequent"):
        reading = read_columns(pa.table({"x": pa.chunked_array([x[k : k + 90] for k in range(0, 30_000, 90)])}))
    assert set(reading.encoding.parts[0].categories) == {f"f{k}" for k in range(50)}


def test_identifiers_are_left_out():
    with pytest.warns(ColumnWarning, match=r"column 'x' was left out: it has 20 .*categories=\['x'\] keeps it"):
        assert "like identifiers" in left_out([f"u{k}" for k in range(20)])
    with pytest.warns(ColumnWarning, match="column 'x' was left out: it has 96 different values in 100 rows"):
        assert "like identifiers" in left_out([f"u{max(k, 4)}" for k in range(100)])
    assert left_out([f"u{k}" for k in range(19)]) is None
    assert left_out([f"u{max(k, 6)}" for k in range(100)]) is None
    assert left_out([f"u{k}" for k in range(19)] + [None] * 20) is None
    assert left_out(np.arange(30)) is None
    assert len(part([f"u{k}" for k in range(20)], categories=["x"]).categories) == 20


def test_mixed_types_are_categories_by_their_text():
    frame = pd.DataFrame({"x": pd.Series([1, "a", 2.5, None, "a"], dtype=object), "y": list("ababa")})
    with pytest.warns(ColumnWarning, match=r"column 'x' has values of several types \(float, int, str\)"):
        reading = read_columns(frame)
    assert reading.encoding.parts[0].categories == ("a", "1", "2.5")
    assert reading.matrix(frame)[:, 0].tolist() == [1, 0, 2, 3, 0]
    only_numbers = pd.DataFrame({"x": [2.5, 1, np.nan], "y": list("aba")})
    assert reading.matrix(only_numbers)[:, 0].tolist() == [2, 1, 3]


# --- dates -------------------------------------------------------------------------------------------------------


def test_units_that_vary():
    def units(*times):
        return part(pd.Series([pd.Timestamp(time) for time in times])).units

    assert units("2020-01-01", "2021-05-02") == ("year", "month", "weekday", "day")
    assert units("2020-01-01", "2020-01-08") == ("day",)
    assert units("2020-01-01 10:00", "2020-01-01 10:30") == ("hour", "day")
    assert units("2020-01-01", "2021-05-02 00:00:01") == ("year", "month", "weekday", "hour", "day")


def test_text_of_dates_and_other_text():
    dates = [f"2024-01-{k + 1:02}" for k in range(30)]
    assert part(dates).units == ("weekday", "day")
    assert part(dates[:3]).shifts == (3.0, 19724.0)
    assert part([*dates, None, " 2024-02-01"]).units == ("month", "weekday", "day")
    assert isinstance(part([*dates * 100, "unknown"]), CategoryCode)
    assert isinstance(part([*dates * 3, "2024-02-30"]), CategoryCode)
    assert isinstance(part(dates, categories=["x"]), CategoryCode)
    assert isinstance(part(pa.array(dates * 2).dictionary_encode()), CategoryCode)


def test_dates_of_text_count_as_often_as_they_occur(monkeypatch):
    texts = ["2024-01-01"] * 5 + ["2024-01-03"] * 2 + ["2024-01-09"] * 4
    as_dates = part(pd.to_datetime(pd.Series(texts)))
    assert part(texts) == as_dates
    monkeypatch.setattr(date_statistics, "SAMPLE_SIZE", 30)
    assert part(texts * 1000).shifts == as_dates.shifts


def test_the_zone_of_the_first_values():
    summer = pd.Series([pd.Timestamp("2024-07-01 00:00"), pd.Timestamp("2024-07-02 05:00")]).dt.tz_localize("UTC")
    found = part(summer.dt.tz_convert("Asia/Tokyo"))
    assert found.zone == "Asia/Tokyo"
    reading = read_columns(pa.table({"x": summer.dt.tz_convert("Asia/Tokyo")}))
    out = reading.matrix(pa.table({"x": summer}))
    np.testing.assert_array_equal(out, reading.matrix(pa.table({"x": summer.dt.tz_convert("Asia/Tokyo")})))
    assert out[0, found.units.index("hour")] == np.float32((9 - 12) / 12)
