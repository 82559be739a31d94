"""The kinds of inputs that a net makes of one column of X; `inputs` is the slow twin of `kernels/features/inputs.py`.

NaN stands for a missing number, which gives 0 in all inputs but that of `Missing`. A number beyond what a part knows,
such as a code of no category, is no error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from .arguments import checked_int
from .kernels.features import inputs as kernel
from .kernels.features.inputs import CLIP, MOST_TURNS


@dataclass(frozen=True)
class FeaturePart:
    """Inputs that one column of X gives, from `inputs`."""

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


@dataclass(frozen=True)
class Number(FeaturePart):
    """x."""

    kind, number = "number", kernel.NUMBER

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return present(x)[:, np.newaxis]


@dataclass(frozen=True)
class Clipped(FeaturePart):
    """x / √(1 + (x/3)²), which is between -3 and 3, and about x near 0."""

    kind, number = "clipped", kernel.CLIPPED

    def endings(self) -> list[str]:
        return [" clipped"]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return clipped(x)[:, np.newaxis]


@dataclass(frozen=True)
class Missing(FeaturePart):
    """1 where x is missing, else 0."""

    kind, number = "missing", kernel.MISSING

    def endings(self) -> list[str]:
        return [" missing"]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(x), 1.0, 0.0)[:, np.newaxis]


@dataclass(frozen=True)
class Waves(FeaturePart):
    """cos 2πfc for each frequency f, then sin 2πfc for each, where c = x / √(1 + (x/3)²) does not run away."""

    frequencies: tuple[float, ...]

    kind, number = "waves", kernel.WAVES

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "frequencies", checked_numbers("frequencies", self.frequencies, 1))

    @property
    def n_inputs(self) -> int:
        return 2 * len(self.frequencies)

    @property
    def size(self) -> int:
        return len(self.frequencies)

    def endings(self) -> list[str]:
        return [f" {wave} {f:.4g}" for wave in ("cos", "sin") for f in self.frequencies]

    def constants(self, dtype: np.dtype) -> np.ndarray:
        return checked_cast("frequencies", np.array(self.frequencies), dtype)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            turns = np.clip(clipped(x)[:, np.newaxis] * np.array(self.frequencies), -MOST_TURNS, MOST_TURNS)
        angles = 2 * np.pi * (turns - np.rint(turns))
        waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        return np.where(np.isnan(x)[:, np.newaxis], 0.0, waves)


@dataclass(frozen=True)
class Values(FeaturePart):
    """Row x of `values`, numbers that are known of each category, for the codes x = 0, 1, …."""

    values: tuple[tuple[float, ...], ...]

    kind, number = "values", kernel.VALUES

    def __post_init__(self) -> None:
        super().__post_init__()
        rows = tuple(checked_numbers("values", row, 1) for row in as_rows(self.values))
        if not rows or len({len(row) for row in rows}) > 1:
            raise ValueError("values: give as many numbers for each code, and one code or more")
        object.__setattr__(self, "values", rows)

    @property
    def n_inputs(self) -> int:
        return len(self.values[0])

    @property
    def size(self) -> int:
        return len(self.values)

    def endings(self) -> list[str]:
        return [f" value {k}" for k in range(self.n_inputs)]

    def constants(self, dtype: np.dtype) -> np.ndarray:
        return checked_cast("values", np.array(self.values).reshape(-1), dtype)

    def inputs(self, x: np.ndarray) -> np.ndarray:
        table = np.append(np.array(self.values), np.zeros((1, self.n_inputs)), axis=0)
        return np.asarray(table[codes(x, len(self.values))])


@dataclass(frozen=True)
class Bins(FeaturePart):
    """How far x has come through each bin, from 0 below its lower edge to 1 above its upper one."""

    edges: tuple[float, ...]

    kind, number = "bins", kernel.BINS
    looked_up = True

    def __post_init__(self) -> None:
        super().__post_init__()
        edges = checked_numbers("edges", self.edges, 2)
        with np.errstate(over="ignore"):
            widths = np.diff(edges)
        if not (np.all(widths > 0) and np.isfinite(widths).all()):
            raise ValueError(f"edges={str(edges)[:80]}: must ascend; leave out repeated ones")
        object.__setattr__(self, "edges", edges)

    @property
    def n_inputs(self) -> int:
        return len(self.edges) - 1

    @property
    def rank(self) -> int:
        return 0

    def endings(self) -> list[str]:
        return [f" from {edge:.4g}" for edge in self.edges[:-1]]

    def constants(self, dtype: np.dtype) -> np.ndarray:
        """Return the lower edges, then 1 / width of each bin."""
        edges, limits = checked_cast("edges", np.array(self.edges), dtype), np.finfo(dtype)
        with np.errstate(over="ignore"):
            slopes = np.minimum(1 / np.diff(self.edges), float(limits.max))
        if slopes.min() < limits.tiny:
            raise ValueError(
                f"features: edges go up to {np.abs(self.edges).max():g}, too far for {dtype}; scale the column"
            )
        return np.concatenate([edges[:-1], slopes.astype(dtype)])

    def inputs(self, x: np.ndarray) -> np.ndarray:
        edges = np.array(self.edges)
        with np.errstate(over="ignore"):
            passed = np.clip((x[:, np.newaxis] - edges[:-1]) / np.diff(edges), 0, 1)
        return np.where(np.isnan(x)[:, np.newaxis], 0.0, passed)


@dataclass(frozen=True)
class OneHot(FeaturePart):
    """1 in the input of the code x, a whole number from 0 to n - 1; all others are 0."""

    n: int

    kind, number = "one_hot", kernel.ONE_HOT
    looked_up = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "n", checked_int("n", self.n, 1))

    @property
    def n_inputs(self) -> int:
        return self.n

    @property
    def rank(self) -> int:
        return self.n

    def endings(self) -> list[str]:
        return [f"={code}" for code in range(self.n)]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        found = codes(x, self.n)
        inputs = np.zeros((len(x), self.n))
        rows = np.flatnonzero(found < self.n)
        inputs[rows, found[rows]] = 1
        return inputs


KINDS: dict[str, type[FeaturePart]] = {
    part.kind: part for part in (Number, Clipped, Missing, Waves, Values, Bins, OneHot)
}


def as_description(part: FeaturePart) -> dict[str, Any]:
    """Return a part as a file has it."""
    return {"kind": part.kind, **{field.name: as_lists(getattr(part, field.name)) for field in fields(part)}}


def as_lists(value: Any) -> Any:
    """Return tuples as lists."""
    return [as_lists(one) for one in value] if isinstance(value, tuple) else value


def part_of(data: dict[str, Any]) -> FeaturePart:
    """Return the part of a description in a file that may be damaged."""
    values = dict(data)
    kind = KINDS[values.pop("kind")]
    if not all(map(is_numbers, values.values())):
        raise TypeError(f"{kind.kind}: there is something else than numbers")
    return kind(**values)


def is_numbers(value: Any) -> bool:
    """Return whether a value of JSON is a number, or lists of them; NumPy makes long arrays of a long text in one."""
    return all(map(is_numbers, value)) if type(value) is list else type(value) in (int, float)


def clipped(x: np.ndarray) -> np.ndarray:
    """Return x / √(1 + (x/3)²), 0 where x is missing."""
    x = np.clip(present(x), -CLIP, CLIP)
    return np.asarray(x / np.sqrt(1 + (x / 3) ** 2))


def present(x: np.ndarray) -> np.ndarray:
    """Return x with 0 in place of NaN."""
    return np.where(np.isnan(x), 0.0, x)


def codes(x: np.ndarray, n: int) -> np.ndarray:
    """Return x as integers where it is one of 0 … n-1, else n."""
    known = (x >= 0) & (x < n) & (np.floor(x) == x)
    return np.where(known, x, n).astype(np.intp)


def as_rows(values: Any) -> Any:
    """Return values of codes as rows, where each may be a single number."""
    return [row if np.ndim(row) else [row] for row in values]


def checked_numbers(name: str, values: Sequence[float] | np.ndarray, least: int) -> tuple[float, ...]:
    """Return finite numbers, at least so many of them."""
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.dtype.kind not in "fiu":
        raise TypeError(f"{name}={str(values)[:80]}: must be a list of numbers")
    if len(numbers) < least or not np.isfinite(numbers).all():
        raise ValueError(f"{name}={str(values)[:80]}: give {least} or more, all of them finite")
    return tuple(map(float, numbers))


def checked_cast(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values in the dtype of a net, where they must be finite, too."""
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    if not np.isfinite(cast).all():
        raise ValueError(f"features: {name} go up to {np.abs(values).max():g}, which exceeds {dtype}; scale the column")
    return cast
