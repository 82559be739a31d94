"""Inputs of a column of numbers: x as it is, clipped, its waves and its bins, and whether it is missing."""

from dataclasses import dataclass

import numpy as np

from ..kernels.features import inputs as kernel
from ..kernels.features.inputs import CLIP, MOST_TURNS
from .checks import checked_cast, checked_numbers
from .part import FeaturePart


@dataclass(frozen=True)
class Number(FeaturePart):
    """The number x as it is.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Number
    >>> Features(1, [Number(0)]).apply([[0.5], [-2], [float("nan")]]).round(2).tolist()
    [[0.5], [-2.0], [0.0]]
    """

    kind, number = "number", kernel.NUMBER

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return present(x)[:, np.newaxis]


@dataclass(frozen=True)
class Clipped(FeaturePart):
    """x / √(1 + (x/3)²), which is between -3 and 3, and about x near 0.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Clipped
    >>> Features(1, [Clipped(0)]).apply([[0.5], [-2], [1000]]).round(2).tolist()
    [[0.49], [-1.66], [3.0]]
    """

    kind, number = "clipped", kernel.CLIPPED

    def endings(self) -> list[str]:
        return [" clipped"]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return clipped(x)[:, np.newaxis]


@dataclass(frozen=True)
class Missing(FeaturePart):
    """1 where x is missing (NaN), else 0.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Missing
    >>> Features(1, [Missing(0)]).apply([[0.5], [float("nan")]]).round(2).tolist()
    [[0.0], [1.0]]
    """

    kind, number = "missing", kernel.MISSING

    def endings(self) -> list[str]:
        return [" missing"]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(x), 1.0, 0.0)[:, np.newaxis]


@dataclass(frozen=True)
class Waves(FeaturePart):
    """cos 2πfc for each frequency f, then sin 2πfc for each, where c = x / √(1 + (x/3)²) does not run away.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.
    frequencies : sequence of float
        f, one or more, in turns per unit of x.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Waves
    >>> Features(1, [Waves(0, [0.5])]).apply([[0], [1]]).round(2).tolist()
    [[1.0, 0.0], [-0.99, 0.16]]
    """

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
class Bins(FeaturePart):
    """How far x has come through each bin, from 0 below its lower edge to 1 above its upper one.

    Parameters
    ----------
    column : int
        The column of X, from 0 on.
    edges : ascending sequence of float
        Two or more. Kernels look up weights of the bin in which x lies, in place of a product with all inputs.

    Attributes
    ----------
    n_inputs : int
        The number of inputs of the net.

    Examples
    --------
    >>> from fastmlp.features import Features, Bins
    >>> Features(1, [Bins(0, [0, 10, 20])]).apply([[5], [12], [30]]).round(2).tolist()
    [[0.5, 0.0], [1.0, 0.2], [1.0, 1.0]]
    """

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


def clipped(x: np.ndarray) -> np.ndarray:
    """Return x / √(1 + (x/3)²), 0 where x is missing."""
    x = np.clip(present(x), -CLIP, CLIP)
    return np.asarray(x / np.sqrt(1 + (x / 3) ** 2))


def present(x: np.ndarray) -> np.ndarray:
    """Return x with 0 in place of NaN."""
    return np.where(np.isnan(x), 0.0, x)
