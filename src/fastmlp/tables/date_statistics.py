"""Collect statistics of dates in one pass, and choose by them which parts to take."""

from typing import Any

import numpy as np

from .columns.date_parts import DateParts
from .columns.dates import UNITS, calendar, local_times
from .number_statistics import SAMPLE_SIZE, Numbers

SCALES = {"month": (6.5, 1 / 5.5), "weekday": (3.0, 1 / 3), "hour": (12.0, 1 / 12)}  # to [-1, 1]


class Dates:
    """The numbers of each unit of dates."""

    def __init__(self, name: str, seed: Any) -> None:
        self.name, self.zone = name, ""
        self.units = {unit: Numbers(name, None if unit in SCALES else seed, moments=False) for unit in UNITS}

    @property
    def n(self) -> int:
        """Number of dates that are not missing."""
        return self.units["day"].integers.n

    def add(self, values: Any) -> int:
        """Add an Arrow array; return its number of missing values."""
        if self.n == 0:
            self.zone = getattr(values.type, "tz", None) or ""
        days, hours = local_times(self.name, values, self.zone)
        for unit in UNITS:
            self.units[unit].add_numbers(calendar(unit, days, hours))
        return int(np.isnat(days).sum())

    def add_counted(self, texts: Any, counts: np.ndarray) -> None:
        """Add texts, of which each occurs so many times; in proportion where there are very many."""
        days, hours = local_times(self.name, texts)
        total = max(int(counts.sum()), SAMPLE_SIZE)
        rows = np.repeat(np.arange(len(counts)), -(-counts * SAMPLE_SIZE // total))
        for unit in UNITS:
            self.units[unit].add_numbers(calendar(unit, days, hours)[rows])

    def part(self) -> DateParts:
        """Return how to encode the dates: each unit that is not constant, and the day if all are."""
        units = tuple(unit for unit in UNITS if not self.units[unit].constant) or ("day",)
        scales = [SCALES[unit] if unit in SCALES else self.units[unit].robust() for unit in units]
        shifts, factors = zip(*scales, strict=True)
        return DateParts(self.name, units, shifts, factors, self.zone)
