"""A column of 0 and 1 for each category."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cached import cached_property
from ...rows.columns import family
from .categories import arrow_categories, check_categories, places


@dataclass(frozen=True)
class CategoryColumn:
    """1 in the column of the value's category, else 0; then a column for other values, and one for missing values."""

    name: str
    value_type: str
    categories: tuple[Any, ...]
    other: bool
    missing: bool

    kind = "categories"

    def __post_init__(self) -> None:
        check_categories(self.name, self.value_type, self.categories)
        if not type(self.other) is type(self.missing) is bool:
            raise ValueError(f"not a column of categories: {str(self)[:200]}")

    @property
    def learned(self) -> str:
        return f"categories of type {self.value_type}"

    @property
    def n_features_out(self) -> int:
        return len(self.categories) + self.other + self.missing

    @property
    def feature_names_out(self) -> list[str]:
        rest = "other" if "other" not in self.categories else "(other)"
        names = [f"{self.name}={category}" for category in self.categories]
        return names + [f"{self.name}={rest}"] * self.other + [f"{self.name} missing"] * self.missing

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of each output; they are numbers."""
        return tuple((name, 0) for name in self.feature_names_out)

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        return family(self.name, kind) in ("string" if self.value_type == "string" else "number", "null")

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, n_features_out)."""
        other = len(self.categories) if self.other else -1
        missing = len(self.categories) + self.other if self.missing else other
        at = places(self.name, values, self._known, other, missing)
        rows = np.flatnonzero(at >= 0)
        out[...] = 0
        out[rows, at[rows]] = 1

    @cached_property
    def _known(self) -> Any:
        return arrow_categories(self.value_type, self.categories)
