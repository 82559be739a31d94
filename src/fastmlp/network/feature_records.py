"""The features of a net as kernels take them: inputs that are computed, and inputs that are looked up."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from ..cached import cached_property
from ..feature_parts import FeaturePart
from ..features import Features
from ..kernels.features.inputs import BINS
from ..kernels.records import FEATURE, LOOKUP

MOST_DENSE_CODES = 1000  # of a net, whose rows of W[1] every step updates; of more, only those in its batch


@dataclass(frozen=True)
class FeatureRecords:
    """Features, split into inputs that A[0] holds and those that are looked up; None: A[0] is X.

    Rows that can be looked up are numbered: those of all bins, with one more for each column than it has bins, then
    those of all codes, from `first_code` on. Codes of small columns, up to MOST_DENSE_CODES together, are those before
    `first_lazy`.
    """

    features: Features | None

    @cached_property
    def computed(self) -> list[FeaturePart]:
        """Parts whose inputs are in A[0]."""
        return [part for part in self.features.parts if not part.looked_up] if self.features else []

    @cached_property
    def looked_up(self) -> list[FeaturePart]:
        """The others."""
        return [part for part in self.features.parts if part.looked_up] if self.features else []

    @cached_property
    def n_computed(self) -> int:
        """Inputs in A[0]."""
        return sum(part.n_inputs for part in self.computed)

    @cached_property
    def n_looked_up(self) -> int:
        """The others: rows of W[1] that are looked up."""
        return sum(part.n_inputs for part in self.looked_up)

    @cached_property
    def first_code(self) -> int:
        """Rows of bins."""
        return sum(part.size + 1 for part in self.looked_up if part.number == BINS)

    @cached_property
    def codes(self) -> list[int]:
        """How many codes each column has, in ascending order."""
        return [part.size for part in self.looked_up if part.number != BINS]

    @cached_property
    def first_lazy(self) -> int:
        """How many codes' rows every step updates."""
        return max([0, *(n for n in accumulate(self.codes) if n <= MOST_DENSE_CODES)])

    @cached_property
    def rows_per_row(self) -> int:
        """Rows that a row of X looks up."""
        return 2 * (len(self.looked_up) - len(self.codes)) + len(self.codes)

    def capacity(self, rows: int) -> int:
        """Return how many different codes so many rows of X can have."""
        return min(sum(self.codes), rows * len(self.codes))

    def arrays(self, dtype: np.dtype, p_out: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return records of FEATURE and LOOKUP, and the constants of both, for a W[1] with p_out columns."""
        if self.features is None:  # of another type, for which kernels compile no features
            return np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros(0, dtype)
        features, lookups = np.zeros(len(self.computed), FEATURE), np.zeros(len(self.looked_up), LOOKUP)
        known, inputs, first = [np.empty(0, dtype)], 0, 0
        for record, part in zip([*features, *lookups], [*self.computed, *self.looked_up], strict=True):
            record["kind"], record["column"], record["size"] = part.number, part.column, part.size
            record["constants"] = sum(map(len, known))
            known.append(part.constants(dtype))
            record["n_constants"] = len(known[-1])
            if part.looked_up:
                record["first"], record["W"] = first, inputs * p_out
                first += part.size + (part.number == BINS)
            else:
                record["first"], record["count"] = inputs, part.n_inputs
            inputs += part.n_inputs
        return features, lookups, np.concatenate(known)
