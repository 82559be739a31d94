"""Dask's arrays and dataframes as partitions of rows that lie on the workers."""

from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from dask import delayed

from ..messages import few, listed
from ..rows.labels import MOST_CLASSES, Labels
from ..rows.order import Pass
from . import worker
from .cluster import Cluster
from .deal import Hand, deal


def blocks_of(name: str, collection: Any, dimensions: int) -> list[Any]:
    """Delayed blocks of rows of a Dask array, dataframe or series."""
    if not (hasattr(collection, "to_delayed") and hasattr(collection, "ndim")):
        kind = type(collection).__name__
        raise TypeError(f"{name} is a {kind}; it must be a Dask array or dataframe, as from dask.array.from_array")
    if collection.ndim < dimensions:
        raise ValueError(f"{name} has {collection.ndim} dimension(s); it must have {dimensions}")
    if not hasattr(collection, "chunks"):
        return list(collection.to_delayed())
    if collection.ndim == 2 and len(collection.chunks[1]) > 1:
        collection = collection.rechunk({1: -1})
    return list(collection.to_delayed().ravel())


def aligned(X: Any, y: Any, w: Any) -> list[tuple[Any, Any, Any]]:
    """(X, y, w) of each partition; y and w are cut as X is, where the sizes of chunks are known."""
    others: list[list[Any] | None] = []
    for name, given in (("y", y), ("sample_weight", w)):
        if isinstance(given, str):
            columns = list(getattr(X, "columns", []))
            if given not in columns:
                raise ValueError(f"{name}={given!r}: no such column; the columns of X are {listed(columns)}")
            others.append(blocks_of(name, X[given], 1))
        elif given is None:
            others.append(None)
        else:
            others.append(blocks_of(name, cut_like(X, given), 1))
    named = [name for name in (y, w) if isinstance(name, str)]
    parts = blocks_of("X", X.drop(columns=named) if named else X, 2)
    for name, blocks in zip(("y", "sample_weight"), others, strict=True):
        if blocks is not None and len(blocks) != len(parts):
            raise ValueError(
                f"{name} has {len(blocks)} partitions, but X has {len(parts)}; make their chunks equal, "
                "or their sizes known with compute_chunk_sizes()"
            )
    nothing = [None] * len(parts)
    return list(zip(parts, *(nothing if blocks is None else blocks for blocks in others), strict=True))


def feature_names(X: Any, y: Any, w: Any) -> list[str] | None:
    """Names of the columns of X that are neither y nor weights, if it has names."""
    named = [name for name in (y, w) if isinstance(name, str)]
    return [str(name) for name in X.columns if name not in named] if hasattr(X, "columns") else None


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
    sizes : rows of each
    names : of the features, or None
    classes : all classes of y, in ascending order
    n_features, n_rows : numbers
    weight : Σ w, or n_rows
    """

    def __init__(self, cluster: Cluster, X: Any, y: Any, w: Any) -> None:
        self.cluster = cluster
        self.hands: list[Hand] = []  # once rows are dealt
        parts = aligned(X, y, w)
        self.names = feature_names(X, y, w)
        key = cluster.named("partition")
        self.parts = cluster.compute(
            [delayed(tuple)(list(part), dask_key_name=f"{key}-{i}") for i, part in enumerate(parts)]
        )
        found: list[worker.Found] = cluster.all(cluster.map("survey", survey, self.parts))
        self.sizes = [part.rows for part in found]
        self.n_rows, self.n_features = sum(self.sizes), found[0].columns
        if self.n_rows == 0:
            raise ValueError("X has 0 rows; at least 1 is required")
        for number, part in enumerate(found):
            if part.columns != self.n_features:
                raise ValueError(
                    f"partition {number} of X has {part.columns} features, but the first has {self.n_features}"
                )
        self.classes = sorted(frozenset().union(*(part.classes for part in found)))
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"y has more than {MOST_CLASSES} values ({few(self.classes)}): no classes")
        self.weight = self.n_rows if w is None else sum(part.weight or 0 for part in found)
        if not self.weight:
            raise ValueError("sample_weight is 0 for every row")

    def convert(self, dtype: str, labels: Labels) -> None:
        """Have the workers turn partitions into what kernels read, in place of the partitions."""
        firsts = [0, *accumulate(self.sizes)][:-1]
        self.rows = self.cluster.map("rows", rows, self.parts, firsts, dtype=dtype, labels=labels)
        self.parts = []  # the scheduler makes one again if its rows are lost

    def deal(self, training: Pass) -> None:
        """Deal the rows of a pass to the workers; of the partitions, only those for validation stay."""
        self.hands = deal(self.cluster, self.rows, self.sizes, training)
        held = replace(training, validation=True)
        self.rows = self.cluster.map("held", worker.piece, self.rows, order=held) if training.fraction else []

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
