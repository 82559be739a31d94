"""Dates and times of day of Arrow's columns, and of text in ISO 8601."""

from typing import Any

import numpy as np

from ...rows.columns import TEXT, first_line, is_dictionary

UNITS = ("year", "month", "weekday", "hour", "day")
NO_DAY = np.datetime64("NaT", "D")
PER_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
ISO = (
    r"^(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$"
)


def is_date(kind: Any) -> bool:
    """Return whether an Arrow type is one of dates or of times on a date."""
    import pyarrow.types as types

    return bool(types.is_date(kind) or types.is_timestamp(kind))


def local_times(name: str, values: Any, zone: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Return the day and the hour of each value, by the clock of its place.

    Parameters
    ----------
    name : of the column, for messages
    values : Arrow array of dates, of times with or without zone, or of text, of which what is no date is missing
    zone : where the clock stands; "": in the values' own zone

    Returns
    -------
    days : array (n) of datetime64[D], NaT where missing
    hours : array (n) of float64, such as 13.5
    """
    import pyarrow.types as types

    if str(values.type) in TEXT:
        values = values.cast("large_string").dictionary_encode()
    if is_dictionary(values.type):
        entries = values.dictionary
        if str(entries.type) in TEXT:
            days, hours = parsed(entries.cast("large_string"))
        else:
            days, hours = local_times(name, entries, zone)
        at: np.ndarray = values.indices.cast("int64").fill_null(len(days)).to_numpy()
        return np.append(days, NO_DAY)[at], np.append(hours, 0.0)[at]
    if types.is_null(values.type):
        values = values.cast("date32")
    if types.is_date32(values.type):
        per_day, ticks = 1, values.cast("int32")
    else:
        per_day = PER_DAY[getattr(values.type, "unit", "ms")]
        ticks = (without_zone(name, values, zone) if types.is_timestamp(values.type) else values).cast("int64")
    missing = np.asarray(values.is_null())
    x = ticks.fill_null(0).to_numpy().astype(np.int64, copy=False)
    days = x // per_day
    hours = (x - days * per_day) * (24 / per_day)
    dates = days.astype("datetime64[D]")
    dates[missing] = NO_DAY
    return dates, hours


def without_zone(name: str, values: Any, zone: str) -> Any:
    """Return times with a zone as the clock shows them, in `zone` if there is one; others as they are."""
    import pyarrow
    import pyarrow.compute as pc

    if values.type.tz is None:
        return values
    try:
        return pc.local_timestamp(values.cast(pyarrow.timestamp(values.type.unit, zone)) if zone else values)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"column {name!r}: {first_line(error)}") from None


def parsed(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the day and the hour that each text of an Arrow array writes in ISO 8601; NaT for any other text.

    An offset from UTC is passed over, as the hour is the one of the place.
    """
    import pyarrow.compute as pc

    found = pc.extract_regex(pc.utf8_trim_whitespace(texts), pattern=ISO)

    def numbers(field: str) -> np.ndarray:
        text = pc.struct_field(found, field).fill_null("")
        x: np.ndarray = pc.if_else(pc.equal(text, ""), "0", text).cast("float64").to_numpy()
        return x

    year, month, day = (numbers(field).astype(np.int64) for field in ("year", "month", "day"))
    months = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    hour, minute, second = (numbers(field) for field in ("hour", "minute", "second"))
    on_clock = (hour < 24) & (minute < 60) & (second < 61)
    on_calendar = (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)
    days[~(on_clock & on_calendar)] = NO_DAY
    return days, hour + minute / 60 + second / 3600


def calendar(unit: str, days: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Return one of UNITS of each time, NaN where it is missing; weekday 0 is Monday, month 1 January."""
    found: np.ndarray
    since = days.astype(np.int64)  # 1970-01-01, a Thursday
    if unit == "year":
        found = 1970.0 + days.astype("datetime64[Y]").astype(np.int64)
    elif unit == "month":
        found = 1.0 + days.astype("datetime64[M]").astype(np.int64) % 12
    elif unit == "weekday":
        found = (since + 3) % 7
    else:
        found = hours if unit == "hour" else since + hours / 24
    return np.where(np.isnat(days), np.nan, found)
