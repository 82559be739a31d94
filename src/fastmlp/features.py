"""How the q numbers of a row of X become the p[0] inputs of a net, as plain data.

`kernels/features/` computes them when rows are gathered, so that no array of all inputs ever exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import MIXED, checked_int
from .feature_parts import Bins, Clipped, FeaturePart, Missing, Number, OneHot, Values, Waves, as_description, part_of

__all__ = ["Bins", "Clipped", "Features", "Missing", "Number", "OneHot", "Values", "Waves"]


@dataclass(frozen=True)
class Features:
    """The inputs of a net, as parts that each read one column of X.

    Parameters
    ----------
    n_columns : int
        q, the numbers in a row of X. Columns that no part reads are left out.
    parts : sequence of Number, Clipped, Missing, Waves, Values, Bins and OneHot
        In the order of their inputs, but that all `Bins` come behind others, and then all `OneHot`, by n.

    Attributes
    ----------
    n_inputs : int
        p[0], the inputs of the net: the first of `Model.widths`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import Model
    >>> from fastmlp.features import Bins, Features, Missing, OneHot
    >>> features = Features(2, [Bins(0, [18, 40, 65, 90]), Missing(0), OneHot(1, 3)])
    >>> features.names(["age", "job"])
    ['age missing', 'age from 18', 'age from 40', 'age from 65', 'job=0', 'job=1', 'job=2']
    >>> X = np.array([[20, 0], [np.nan, 2], [70, 1], [50, 2]] * 50)
    >>> model = Model([features.n_inputs, 8, 1], features=features).fit(X, [0, 1, 0, 1] * 50, batch_size=50)
    """

    n_columns: int
    parts: tuple[FeaturePart, ...]

    def __post_init__(self) -> None:
        q = checked_int("n_columns", self.n_columns, 1)
        if not all(isinstance(part, FeaturePart) for part in self.parts):
            raise TypeError(f"parts={str(self.parts)[:80]}: must be parts of features, such as Number(0)")
        parts = tuple(sorted(self.parts, key=lambda part: part.rank))
        if not parts:
            raise ValueError("parts: a net needs at least one input")
        for part in parts:
            if part.column >= q:
                raise ValueError(f"parts: {type(part).__name__} reads column {part.column}, but X has {q}: 0 … {q - 1}")
        object.__setattr__(self, "n_columns", q)
        object.__setattr__(self, "parts", parts)

    @property
    def n_inputs(self) -> int:
        """p[0], the inputs of the net."""
        return sum(part.n_inputs for part in self.parts)

    def names(self, column_names: Sequence[str] | None = None) -> list[str]:
        """Return the names of the inputs: 'age', 'age missing', 'age from 18', 'job=3'.

        Parameters
        ----------
        column_names : sequence of str or None, default=None
            The names of the columns of X. None: "x0", "x1", ….

        Returns
        -------
        list of str
        """
        known = [f"x{column}" for column in range(self.n_columns)] if column_names is None else list(column_names)
        if len(known) != self.n_columns:
            raise ValueError(f"column_names: there are {len(known)}, but X has {self.n_columns} columns")
        return [known[part.column] + ending for part in self.parts for ending in part.endings()]

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raise ValueError unless a net of this dtype can hold all edges, frequencies and values."""
        for part in self.parts:
            part.constants(dtype)

    def check_mixed(self) -> None:
        """Raise ValueError where inputs are looked up in W[1], which a net of mixed_bfloat16 does not."""
        for part in self.parts:
            if part.looked_up:
                raise ValueError(
                    f"dtype={MIXED!r}: the features have {type(part).__name__}, whose weights are looked up and "
                    "not multiplied; use dtype='float32'"
                )

    def apply(self, X: np.ndarray) -> np.ndarray:
        """Return the inputs of the net, as kernels compute them when they read a row.

        Parameters
        ----------
        X : array-like (n, q)
            NaN is missing.

        Returns
        -------
        array (n, p[0]) of float64
        """
        X = np.asarray(X, np.float64)
        if X.ndim != 2 or X.shape[1] != self.n_columns:
            raise ValueError(f"X has shape {X.shape}; it must be (n, {self.n_columns})")
        return np.concatenate([part.inputs(X[:, part.column]) for part in self.parts], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return the features as dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
        """
        return {"n_columns": self.n_columns, "parts": [as_description(part) for part in self.parts]}

    @classmethod
    def from_dict(cls, data: Any) -> "Features":
        """Return the features that `to_dict` wrote.

        Parameters
        ----------
        data : dict

        Returns
        -------
        Features

        Raises
        ------
        ValueError
            It is not what `to_dict` wrote.
        """
        try:
            found = cls(data["n_columns"], tuple(part_of(part) for part in data["parts"]))
            if found.to_dict() == data:
                return found
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            pass
        raise ValueError(f"not a description of features: {str(data)[:200]}")
