"""What all kinds of inputs of one column have; `inputs` is the slow twin of `kernels/features/inputs.py`.

NaN stands for a missing number, which gives 0 in all inputs but that of `Missing`. A number beyond what a part knows,
such as a code of no category, is no error.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..arguments import checked_int


@dataclass(frozen=True)
class FeaturePart:
    """Inputs that one column of X gives, from `inputs`.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.
    """

    column: int

    kind: ClassVar[str]
    number: ClassVar[int]  # of the kind, for kernels
    looked_up: ClassVar[bool] = False  # whether kernels read rows of W[1] in place of these inputs

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", checked_int("column", self.column, 0))

    @property
    def rank(self) -> int:
        """Where the inputs come among those of other parts: these come before all that are looked up."""
        return -1

    @property
    def n_inputs(self) -> int:
        """The number of inputs of the net."""
        return 1

    @property
    def size(self) -> int:
        """How many frequencies, categories or bins there are, for kernels."""
        return self.n_inputs

    def endings(self) -> list[str]:
        """Return what is added to the name of the column, for each input."""
        return [""]

    def constants(self, dtype: np.dtype) -> np.ndarray:
        """Return what kernels need to know, in one array."""
        return np.empty(0, dtype)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Return the inputs (n, n_inputs) of a column x (n), in float64."""
        raise NotImplementedError
