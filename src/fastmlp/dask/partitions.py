"""Dask's arrays and dataframes as partitions on the workers, and their rows dealt to workers for local steps."""

import math
from dataclasses import replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from dask import delayed

from ..messages import few, listed
from ..rows.labels import MOST_CLASSES, Target, TargetNumbers
from ..rows.moments import Moments
from ..rows.offers import offers
from ..rows.order import Pass
from . import worker
from .cluster import Cluster

STRATA = 64  # slices for each worker are enough, from all parts of the table


def blocks_of(name: str, collection: Any, dimensions: int) -> list[Any]:
    """Return delayed blocks of rows of a Dask array, dataframe or series."""
    if not offers(collection, "to_delayed", "ndim"):
        kind = type(collection).__name__
        column = "" if name == "X" else ", or the name of a column of X"
        raise TypeError(
            f"{name} is a {kind}; it must be a Dask array or dataframe, as from dask.array.from_array{column}"
        )
    if collection.ndim < dimensions:
        raise ValueError(f"{name} has {collection.ndim} dimension(s); it must have {dimensions}")
    if not offers(collection, "chunks"):
        return list(collection.to_delayed())
    if collection.ndim == 2 and len(collection.chunks[1]) > 1:
        collection = collection.rechunk({1: -1})
    return list(collection.to_delayed().ravel())


def aligned(X: Any, y: Any, w: Any) -> list[tuple[Any, Any, Any]]:
    """Return (X, y, w) of each partition; y and w are cut as X is, where the sizes of chunks are known."""
    if y is None:
        raise ValueError("y is None; give a Dask array, or the name of a column of X")
    others: list[list[Any] | None] = []
    for name, given in (("y", y), ("sample_weight", w)):
        columns = list(getattr(X, "columns", []))
        for column in names_in(given):
            if column not in columns:
                raise ValueError(f"{name}={given!r}: no such column; the columns of X are {listed(columns)}")
        if names_in(given):
            others.append(blocks_of(name, X[given], 1))
        elif given is None:
            others.append(None)
        else:
            others.append(blocks_of(name, cut_like(X, given), 1))
    named = [*names_in(y), *names_in(w)]
    partitions = blocks_of("X", X.drop(columns=named) if named else X, 2)
    for name, blocks in zip(("y", "sample_weight"), others, strict=True):
        if blocks is not None and len(blocks) != len(partitions):
            raise ValueError(
                f"{name} has {len(blocks)} partitions, but X has {len(partitions)}; make their chunks equal, "
                "or their sizes known with compute_chunk_sizes()"
            )
    nothing = [None] * len(partitions)
    return list(zip(partitions, *(nothing if blocks is None else blocks for blocks in others), strict=True))


def names_in(given: Any) -> list[str]:
    """Return the columns of X that y or weights are, where they are given by a name or a list of names."""
    if isinstance(given, list) and given and all(isinstance(name, str) for name in given):
        return given
    return [given] if isinstance(given, str) else []


def feature_names(X: Any, y: Any, w: Any) -> list[str] | None:
    """Return the names of the columns of X that are neither y nor weights, if it has names."""
    named = [*names_in(y), *names_in(w)]
    return [str(name) for name in X.columns if name not in named] if hasattr(X, "columns") else None


def cut_like(X: Any, other: Any) -> Any:
    """Return y or weights in chunks as large as those of X, where the sizes of both are known."""
    known = [offers(a, "chunks") and a.ndim > 0 and not np.isnan(a.chunks[0]).any() for a in (X, other)]
    if not all(known):
        return other
    if X.shape[0] != other.shape[0]:
        raise ValueError(f"y or sample_weight has {other.shape[0]} rows, but X has {X.shape[0]}")
    if other.ndim == 2 and other.shape[1] == 1:
        other = other[:, 0]
    return other if other.chunks[0] == X.chunks[0] else other.rechunk({0: X.chunks[0]})


class Slice(NamedTuple):
    """Rows [start::stride] of a partition."""

    partition: int
    start: int
    stride: int


class Share(NamedTuple):
    """What one worker trains on in local steps.

    Attributes
    ----------
    rows : the future of a list of worker.Partition
    size : about how many rows
    home : the worker that shall hold them
    """

    rows: Any
    size: int
    home: str


class Partitions:
    """The rows of a fit, kept by the workers.

    Attributes
    ----------
    raw : futures of worker.RawPartition, until `convert`
    converted : futures of worker.Partition, from then on
    shares : what each worker trains on, once rows are dealt
    sizes : rows of each partition
    names : of the features, or None
    targets : columns of y
    classes : all classes of y, in ascending order; none where y holds numbers
    n_features, n_rows : numbers
    weight : Σ w, or n_rows
    """

    def __init__(self, cluster: Cluster, X: Any, y: Any, w: Any, numeric: bool) -> None:
        self.cluster = cluster
        self.shares: list[Share] = []
        self.converted: list[Any] = []
        delayed_tuples, key = aligned(X, y, w), cluster.named("partition")
        self.names = feature_names(X, y, w)
        self.raw = cluster.compute(
            [delayed(tuple)(list(each), dask_key_name=f"{key}-{i}") for i, each in enumerate(delayed_tuples)]
        )
        found: list[worker.Summary] = cluster.all(cluster.map("summary", worker.summary, self.raw, numeric=numeric))
        self.sizes = [each.rows for each in found]
        self.n_rows, self.n_features, self.targets = sum(self.sizes), found[0].columns, found[0].targets
        if self.n_rows == 0:
            raise ValueError("X has 0 rows; at least 1 is required")
        if self.n_features == 0:
            raise ValueError("X has 0 features beside y and sample_weight; at least 1 is required")
        for number, each in enumerate(found):
            if each.columns != self.n_features:
                raise ValueError(
                    f"partition {number} of X has {each.columns} features, but the first has {self.n_features}"
                )
        self.classes = sorted(frozenset().union(*(each.classes for each in found)))
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"y has more than {MOST_CLASSES} values ({few(self.classes)}): no classes")
        self.weight = self.n_rows if w is None else sum(each.weight or 0 for each in found)
        if not self.weight:
            raise ValueError("sample_weight is 0 for every row")

    @property
    def firsts(self) -> list[int]:
        """The number of each partition's first row in the whole table."""
        return [0, *accumulate(self.sizes)][:-1]

    def moments(self, target: TargetNumbers, order: Pass) -> Moments:
        """Return the moments of the targets of a pass, as they are before `convert`."""
        cluster, total = self.cluster, Moments()
        for found in cluster.all(
            cluster.map("moments", worker.moments, self.raw, self.firsts, target=target, order=order)
        ):
            total.merge(found)
        if total.weight == 0:
            raise ValueError("sample_weight is 0 for every row to train on")
        return total

    def convert(self, dtype: str, target: Target, with_missing: bool) -> None:
        """Have the workers convert partitions to what kernels read, and forget the raw ones.

        Raise what is wrong with a row before a fit changes anything of its model.
        """
        cluster = self.cluster
        how = {"dtype": dtype, "target": target, "with_missing": with_missing}
        self.converted = cluster.map("convert", worker.convert, self.raw, self.firsts, **how)
        self.raw = []  # the scheduler computes one again if the rows made of it are lost
        cluster.all(cluster.map("converted", len, self.converted))

    def deal(self, training: Pass) -> None:
        """Deal the rows of a pass to the workers, so that all train on rows that are alike.

        Rows move once; the scheduler makes a share again, elsewhere, if its worker is lost. Of the partitions, only
        the rows for validation stay.
        """
        cluster, validation = self.cluster, replace(training, validation=True)
        threads = {name: n for name, n in sorted(cluster.threads.items()) if n} or {"": 1}
        dealt = dealt_slices(self.sizes, list(threads.values()))
        slices = [each for share in dealt for each in share]
        futures = iter(cluster.map(
            "slice", worker.subset, [self.converted[each.partition] for each in slices],
            [each.start for each in slices], [each.stride for each in slices], order=training,
        ))  # fmt: skip
        self.shares = [
            Share(
                cluster.submit("share", list, [next(futures) for _ in share], workers=[home] if home else None),
                sum(-(-self.sizes[each.partition] // each.stride) for each in share), home,
            )
            for home, share in zip(threads, dealt, strict=True) if share
        ]  # fmt: skip
        kept = self.converted if training.fraction else []
        self.converted = cluster.map("validation", worker.subset, kept, order=validation) if kept else []

    def parts(self, fraction: float, seed: int) -> tuple[Pass, Pass]:
        """Return the rows to train on, and those drawn for validation."""
        n = self.n_rows
        if fraction == 0:
            return Pass(n), Pass(0)
        drawn = int(sum(
            Pass(None, fraction, seed, validation=True).chosen(first, min(2**20, n - first)).sum()  # type: ignore[union-attr]
            for first in range(0, n, 2**20)
        ))  # fmt: skip
        if drawn < 2 or drawn == n:
            raise ValueError(
                f"validation_fraction={fraction}: of {n} rows, {drawn} would validate and {n - drawn} be trained on; "
                "at least 2 and 1 are required: take another fraction"
            )
        return Pass(n - drawn, fraction, seed), Pass(drawn, fraction, seed, validation=True)


def dealt_slices(sizes: list[int], threads: list[int]) -> list[list[Slice]]:
    """Return the slices of each worker, in the order of the table and in proportion to the worker's threads."""
    turns = sum(threads) // math.gcd(*threads)
    shares: list[list[Slice]] = [[] for _ in threads]
    load = [0.0] * len(threads)
    for number, size in enumerate(sizes):
        stride = max(1, min(turns, size, -(-STRATA * len(threads) // len(sizes))))
        for start in range(stride if size else 0):
            who = min(range(len(threads)), key=lambda who: (load[who], who))
            shares[who].append(Slice(number, start, stride))
            load[who] += size / stride / threads[who]
    return shares
