"""The number of each value's category."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...cached import cached_property
from ...rows.columns import family
from .categories import arrow_categories, check_categories, places


@dataclass(frozen=True)
class CategoryCode:
    """The place of the value among K categories, from 0 on; K where it is missing, K + 1 for any other value."""

    name: str
    value_type: str
    categories: tuple[Any, ...]

    kind, n_features_out = "category code", 1

    def __post_init__(self) -> None:
        check_categories(self.name, self.value_type, self.categories)
        if self.n_codes > 2**24:
            raise ValueError(f"column {self.name!r}: {len(self.categories):,} categories are too many for float32")

    @property
    def learned(self) -> str:
        return f"categories of type {self.value_type}"

    @property
    def n_codes(self) -> int:
        return len(self.categories) + 2

    @property
    def feature_names_out(self) -> list[str]:
        return [self.name]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of the output."""
        return ((self.name, self.n_codes),)

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded; a number is found among text as it is written."""
        return family(self.name, kind) != "string" or self.value_type == "string"

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, 1)."""
        K = len(self.categories)
        out[:, 0] = places(self.name, values, self._known, K + 1, K)

    @cached_property
    def _known(self) -> Any:
        return arrow_categories(self.value_type, self.categories)
