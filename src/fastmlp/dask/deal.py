"""Rows dealt to workers like cards, each partition to everyone, so that all train on rows that are alike."""

import math
from typing import Any, NamedTuple

from ..rows.order import Pass
from . import worker
from .cluster import Cluster

STRATA = 64  # pieces for each worker are enough, from all parts of the table


class Hand(NamedTuple):
    """What one worker trains on: the future of a list of worker.Rows, about how many, and where they shall lie."""

    rows: Any
    size: int
    home: str


class Piece(NamedTuple):
    """Every `of`-th row of a partition, from the row `turn` on."""

    partition: int
    turn: int
    of: int


def deal(cluster: Cluster, rows: list[Any], sizes: list[int], order: Pass) -> list[Hand]:
    """Hands for the workers that live, from partitions (futures of worker.Rows): the rows of a pass.

    Rows move once; the scheduler makes a hand again, elsewhere, if its worker is lost.
    """
    threads = {name: n for name, n in sorted(cluster.threads.items()) if n} or {"": 1}
    shares = dealt(sizes, list(threads.values()))
    pieces = [piece for share in shares for piece in share]
    futures = iter(cluster.map(
        "piece", worker.piece, [rows[piece.partition] for piece in pieces], [piece.turn for piece in pieces],
        [piece.of for piece in pieces], order=order,
    ))  # fmt: skip
    return [
        Hand(
            cluster.submit("hand", list, [next(futures) for _ in share], workers=[home] if home else None),
            sum(-(-sizes[piece.partition] // piece.of) for piece in share), home,
        )
        for home, share in zip(threads, shares, strict=True) if share
    ]  # fmt: skip


def dealt(sizes: list[int], threads: list[int]) -> list[list[Piece]]:
    """The pieces of each worker, in the order of the table and in proportion to its threads."""
    turns = sum(threads) // math.gcd(*threads)
    shares: list[list[Piece]] = [[] for _ in threads]
    load = [0.0] * len(threads)
    for number, size in enumerate(sizes):
        of = max(1, min(turns, size, -(-STRATA * len(threads) // len(sizes))))
        for turn in range(of if size else 0):
            who = min(range(len(threads)), key=lambda who: (load[who], who))
            shares[who].append(Piece(number, turn, of))
            load[who] += size / of / threads[who]
    return shares
