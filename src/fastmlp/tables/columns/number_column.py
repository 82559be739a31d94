"""Numbers scaled, with the missing ones filled."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rows.columns import as_numbers, family, is_dictionary, spelled_numbers


@dataclass(frozen=True)
class NumberColumn:
    """(x - shift) factor, with `fill` in place of a missing x; then, with `indicator`, 1 if x is missing, else 0.

    With `text`, x may be text that spells a number; other text counts as missing.
    """

    name: str
    fill: float
    shift: float
    factor: float
    indicator: bool
    text: bool = False

    kind = learned = "numbers"

    def __post_init__(self) -> None:
        finite = all(type(number) is float and math.isfinite(number) for number in (self.fill, self.shift, self.factor))
        if not (finite and type(self.name) is str and type(self.indicator) is type(self.text) is bool):
            raise ValueError(f"not a column of numbers: {str(self)[:200]}")

    @property
    def n_features_out(self) -> int:
        return 1 + self.indicator

    @property
    def feature_names_out(self) -> list[str]:
        return [self.name, f"{self.name} missing"][: self.n_features_out]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of each output; they are numbers."""
        return tuple((name, 0) for name in self.feature_names_out)

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        known = family(self.name, kind)
        return self.text or (known != "string" and not is_dictionary(kind))

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, n_features_out)."""
        missing: Any = 0
        try:
            x = as_numbers(spelled_numbers(values) if self.text else values)
            Z = np.subtract(x, self.shift, dtype=np.float64)
            if not math.isfinite(Z.sum()):  # most blocks need only this one pass
                missing = np.isnan(Z)
                if np.isinf(Z).any():
                    raise FloatingPointError
                Z[missing] = self.fill - self.shift
            np.multiply(Z, self.factor, out=out[:, 0])
        except FloatingPointError:
            raise ValueError(
                f"column {self.name!r} contains inf, or a number too large for {out.dtype}; replace it"
            ) from None
        if self.indicator:
            out[:, 1] = missing
