"""Dask's arrays and dataframes as partitions of rows that lie on the workers."""

from itertools import accumulate
from typing import Any

import numpy as np
from dask import delayed

from ..rows.labels import Labels
from ..rows.order import Pass
from . import worker
from .cluster import Cluster


def blocks_of(name: str, collection: Any) -> list[Any]:
    """Delayed blocks of rows of a Dask array or dataframe."""
    if hasattr(collection, "to_delayed") and hasattr(collection, "npartitions") and hasattr(collection, "dtypes"):
        return list(collection.to_delayed())
    if not (hasattr(collection, "to_delayed") and hasattr(collection, "chunks")):
        if hasattr(collection, "to_delayed"):  # a series
            return list(collection.to_delayed())
        kind = type(collection).__name__
        raise TypeError(f"{name} is a {kind}; it must be a Dask array or dataframe, as from dask.array.from_array")
    if collection.ndim == 2 and len(collection.chunks[1]) > 1:
        collection = collection.rechunk({1: -1})
    return list(collection.to_delayed().ravel())


def aligned(X: Any, y: Any, w: Any) -> list[tuple[Any, Any, Any]]:
    """(X, y, w) of each partition; y and w are cut as X is, where the sizes of chunks are known."""
    others: list[list[Any] | None] = []
    for name, given in (("y", y), ("sample_weight", w)):
        if isinstance(given, str):
            if given not in X.columns:
                raise ValueError(f"{name}={given!r}: no such column; the columns are {', '.join(map(str, X.columns))}")
            others.append(blocks_of(name, X[given]))
        elif given is None:
            others.append(None)
        else:
            others.append(blocks_of(name, cut_like(X, given)))
    named = [name for name in (y, w) if isinstance(name, str)]
    parts = blocks_of("X", X.drop(columns=named) if named else X)
    for name, blocks in zip(("y", "sample_weight"), others, strict=True):
        if blocks is not None and len(blocks) != len(parts):
            raise ValueError(
                f"{name} has {len(blocks)} partitions, but X has {len(parts)}; make their chunks equal, "
                "or their sizes known with compute_chunk_sizes()"
            )
    nothing = [None] * len(parts)
    return list(zip(parts, *(nothing if blocks is None else blocks for blocks in others), strict=True))


def cut_like(X: Any, other: Any) -> Any:
    """y or weights in chunks as large as those of X, where both are known."""
    known = [hasattr(a, "chunks") and not np.isnan(a.chunks[0]).any() for a in (X, other)]
    if not all(known):
        return other
    if X.shape[0] != other.shape[0]:
        raise ValueError(f"y or sample_weight has {other.shape[0]} rows, but X has {X.shape[0]}")
    if other.ndim == 2 and other.shape[1] == 1:
        other = other[:, 0]
    return other if other.chunks[0] == X.chunks[0] else other.rechunk({0: X.chunks[0]})


class Partitions:
    """The rows of a fit, kept by the workers.

    Attributes
    ----------
    rows : futures of worker.Rows
    classes : all classes of y, in ascending order
    n_features, n_rows : numbers
    weight : Σ w, or None
    """

    def __init__(self, cluster: Cluster, X: Any, y: Any, w: Any) -> None:
        self.cluster = cluster
        parts = aligned(X, y, w)
        named = [name for name in (y, w) if isinstance(name, str)]
        self.names = [str(name) for name in X.columns if name not in named] if hasattr(X, "columns") else None
        kept = [cluster.client.compute(delayed(tuple)(list(part))) for part in parts]
        found = cluster.all(cluster.map("survey", survey, kept))
        self.parts, self.sizes = kept, [part.rows for part in found]
        self.n_rows = sum(self.sizes)
        if self.n_rows == 0:
            raise ValueError("X has 0 rows; at least 1 is required")
        columns = [part.columns for part in found]
        self.n_features = columns[0]
        for number, p in enumerate(columns):
            if p != self.n_features:
                raise ValueError(f"partition {number} of X has {p} features, but the first has {self.n_features}")
        self.classes = sorted(frozenset().union(*(part.classes for part in found)))
        weights = [part.weight for part in found]
        self.weighted = weights[0] is not None
        if self.weighted and not sum(weights):
            raise ValueError("sample_weight is 0 for every row")

    def convert(self, dtype: str, labels: Labels) -> None:
        """Have the workers turn partitions into what kernels read."""
        firsts = [0, *accumulate(self.sizes)][:-1]
        self.rows = self.cluster.map("rows", rows, self.parts, firsts, dtype=dtype, labels=labels)

    def parts_for(self, fraction: float, seed: int) -> tuple[Pass, Pass]:
        """The rows to train on, and those drawn for validation."""
        n = self.n_rows
        if fraction == 0:
            return Pass(n), Pass(0)
        drawn = int(sum(
            Pass(None, fraction, seed, validation=True).chosen(first, min(2**20, n - first)).sum()  # type: ignore[union-attr]
            for first in range(0, n, 2**20)
        ))  # fmt: skip
        if drawn < 2 or drawn == n:
            raise ValueError(f"validation_fraction={fraction}: {drawn} of {n} rows were drawn; 2 at least, and not all")
        return Pass(n - drawn, fraction, seed), Pass(drawn, fraction, seed, validation=True)


def survey(part: tuple[Any, Any, Any]) -> worker.Found:
    return worker.survey(*part)


def rows(part: tuple[Any, Any, Any], first: int, dtype: str, labels: Labels) -> worker.Rows:
    return worker.rows(*part, dtype, labels, first)
