"""Numbers scaled, with the missing ones left missing."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rows.columns import as_numbers, family, is_dictionary, is_seconds, spelled_numbers


@dataclass(frozen=True)
class ScaledNumber:
    """(x - shift) factor, computed in float64; NaN where x is missing.

    With `text`, x may be text that spells a number; other text counts as missing. With `seconds`, x is a length of time
    or a time of day, in seconds.
    """

    name: str
    shift: float
    factor: float
    text: bool = False
    seconds: bool = False

    kind, n_features_out = "scaled number", 1

    def __post_init__(self) -> None:
        finite = all(type(number) is float and math.isfinite(number) for number in (self.shift, self.factor))
        if not (finite and type(self.name) is str and type(self.text) is type(self.seconds) is bool):
            raise ValueError(f"not a column of numbers: {str(self)[:200]}")

    @property
    def learned(self) -> str:
        return "lengths of time or times of day" if self.seconds else "numbers"

    @property
    def feature_names_out(self) -> list[str]:
        return [self.name]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of the output; 0, as it is a number."""
        return ((self.name, 0),)

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        if self.seconds or is_seconds(kind):
            return self.seconds and is_seconds(kind)
        known = family(self.name, kind)
        return self.text or (known != "string" and not is_dictionary(kind))

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, 1)."""
        x = as_numbers(spelled_numbers(values) if self.text else values)
        put_scaled(self.name, x, self.shift, self.factor, out[:, 0])


def put_scaled(name: str, x: np.ndarray, shift: float, factor: float, out: np.ndarray) -> None:
    """Write (x - shift) factor; ValueError for inf, and for what out cannot hold."""
    try:
        with np.errstate(over="raise", under="ignore", invalid="ignore"):
            Z = np.subtract(x, shift, dtype=np.float64)
            if np.isinf(Z).any():
                raise FloatingPointError
            np.multiply(Z, factor, out=out)
    except FloatingPointError:
        raise ValueError(f"column {name!r} contains inf, or a number too large for {out.dtype}; replace it") from None
