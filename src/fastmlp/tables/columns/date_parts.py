"""Parts of dates, such as year and weekday, as scaled numbers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rows.columns import family
from .dates import UNITS, calendar, is_date, local_times
from .scaled_number import put_scaled


@dataclass(frozen=True)
class DateParts:
    """(x - shift) factor for each unit of a date: year, month, weekday, hour of the day, days since 1970.

    Text is read in ISO 8601; other text counts as missing. Where a date is missing, all of them are NaN. `zone` is the
    time zone that times with a zone are converted to; "": none.
    """

    name: str
    units: tuple[str, ...]
    shifts: tuple[float, ...]
    factors: tuple[float, ...]
    zone: str = ""

    kind, learned = "date parts", "dates"

    def __post_init__(self) -> None:
        numbers = (*self.shifts, *self.factors)
        finite = all(type(number) is float and math.isfinite(number) for number in numbers)
        known = set(self.units) <= set(UNITS) and 0 < len(self.units) == len(set(self.units))
        lengths = len(self.units) == len(self.shifts) == len(self.factors)
        if not (finite and known and lengths and type(self.name) is type(self.zone) is str):
            raise ValueError(f"not a column of dates: {str(self)[:200]}")

    @property
    def n_features_out(self) -> int:
        return len(self.units)

    @property
    def feature_names_out(self) -> list[str]:
        return [f"{self.name} {unit}" for unit in self.units]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of each output; they are numbers."""
        return tuple((name, 0) for name in self.feature_names_out)

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        return is_date(kind) or family(self.name, kind) in ("string", "null")

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, n_features_out)."""
        days, hours = local_times(self.name, values, self.zone)
        for k, (unit, shift, factor) in enumerate(zip(self.units, self.shifts, self.factors, strict=True)):
            put_scaled(self.name, calendar(unit, days, hours), shift, factor, out[:, k])
