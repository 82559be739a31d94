"""More rows than memory: speed from files beside speed from memory, peak memory, and time over the number of rows.

    python benchmarks/scaling.py FOLDER [--rows 12] [--many-rows 190] [--limit-gib 5] [--rounds 3]

Makes tables of normal features in FOLDER (millions of rows × 28, as X.npy, y.npy and a folder of Parquet files), or
takes those that it finds there. Each training runs in a process of its own; `many` runs in a cgroup that grants
the memory of --limit-gib, pages of the disk's cache included, where the system lets it make one.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

from fastmlp import Model, rows

P, FILE_ROWS, GROUP_ROWS, MILLION = 28, 10**6, 2**17, 10**6
WIDTHS = {"28-64-64-1": [P, 64, 64, 1], "28-256-256-1": [P, 256, 256, 1]}
BATCH_ROWS = 1024
CGROUP = Path("/sys/fs/cgroup/memory/fastmlp-scaling")


def numbers(n, seed):
    """Features, and labels that depend on twelve of them."""
    X = np.random.default_rng(seed).standard_normal((n, P), np.float32)
    return X, ((X[:, :10] ** 2).sum(axis=1) + X[:, 10] * X[:, 11] > 9.34).astype(np.int8)


def write_part(folder, k):
    """File k of a table: its Parquet file, and its rows of X.npy and y.npy."""
    X, y = numbers(FILE_ROWS, k)
    columns = {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(P)}
    parquet.write_table(
        pyarrow.table(columns | {"y": y}), folder / "parquet" / f"part-{k:04}.parquet", row_group_size=GROUP_ROWS
    )
    for name, part in (("X.npy", X), ("y.npy", y)):
        np.load(folder / name, mmap_mode="r+")[k * FILE_ROWS : (k + 1) * FILE_ROWS] = part


def make(folder, millions):
    """Write the table in both formats, unless it is there."""
    if (folder / "complete").exists():
        return
    (folder / "parquet").mkdir(parents=True, exist_ok=True)
    n = millions * MILLION
    np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, (n, P))
    np.lib.format.open_memmap(folder / "y.npy", "w+", np.int8, (n,))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write_part, [folder] * millions, range(millions)))
    (folder / "complete").touch()


def data_of(kind, folder):
    """Arguments of `fit`."""
    if kind == "memory":
        return np.load(folder / "X.npy"), np.load(folder / "y.npy")
    if kind == "memmap":
        return (rows.Array(folder / "X.npy", folder / "y.npy"),)
    return (rows.Parquet(folder / "parquet", target="y"),)


def generated(n):
    """Return a stream of n rows, made while it is read: blocks of the same numbers, moved by a few rows each."""
    X, y = numbers(2**17, 0)

    def blocks():
        for first in range(0, n, 2**16):
            size, start = min(2**16, n - first), (first // 2**16 * 7919) % 2**16
            yield X[start : start + size], y[start : start + size]

    return rows.Blocks(blocks, P)


def speeds(folder, name, rounds):
    """Rows per second of an epoch, of each kind in turn; median of ratios to memory."""
    data = {kind: data_of(kind, folder) for kind in ("memory", "memmap", "parquet")}
    found = {kind: [] for kind in data}
    for _ in range(rounds):
        for kind, arguments in data.items():
            model = Model(WIDTHS[name]).fit(*arguments, epochs=1, batch_size=BATCH_ROWS)
            found[kind].append(model.history[0]["rows_per_second"])
    for kind, values in found.items():
        ratio = statistics.median(v / m for v, m in zip(values, found["memory"], strict=True))
        print(f"| {name} | {kind} | {statistics.median(values) / 1e6:.2f} M rows/s | {ratio:.0%} |", flush=True)


def over_n(name):
    """Seconds of an epoch over a generated stream."""
    for n in (10**5, 10**6, 10**7, 10**8):
        model = Model(WIDTHS[name]).fit(generated(n), epochs=1, batch_size=BATCH_ROWS)
        seconds = model.history[0]["seconds"]
        print(f"| {n:,} | {seconds:.2f} s | {n / seconds / 1e6:.2f} M rows/s | {peak():.0f} MiB |", flush=True)


def peak():
    """Return the most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def many(kind, folder, name):
    """One epoch over a large table, and the memory that it took."""
    if CGROUP.exists():
        (CGROUP / "tasks").write_text(str(os.getpid()))
    model = Model(WIDTHS[name])
    begin = time.perf_counter()
    model.fit(*data_of(kind, folder), epochs=1, batch_size=BATCH_ROWS)
    record, seconds = model.history[0], time.perf_counter() - begin
    print(
        f"| {name} | {kind} | {record['rows_per_second'] / 1e6:.2f} M rows/s | {seconds:.0f} s | {peak():.0f} MiB |",
        flush=True,
    )


def limited(gib):
    """Make a cgroup with this much memory, if the system allows it."""
    try:
        CGROUP.mkdir(exist_ok=True)
        (CGROUP / "memory.limit_in_bytes").write_text(str(int(gib * 2**30)))
        print(f"in a cgroup of {gib} GiB")
    except OSError as error:
        print(f"no cgroup ({error}): peak memory alone tells")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=12, help="millions, of the table that fits into memory")
    parser.add_argument("--many-rows", type=int, default=190, help="millions, of the one that does not")
    parser.add_argument("--limit-gib", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="speeds NET, over_n NET or many KIND NET, in this process")
    arguments = parser.parse_args()
    few, large = arguments.folder / "few", arguments.folder / "many"
    if arguments.only:
        work, *rest = arguments.only
        if work == "speeds":
            speeds(few, *rest, arguments.rounds)
        elif work == "over_n":
            over_n(*rest)
        else:
            many(rest[0], large, rest[1])
        return
    make(few, arguments.rows)
    works = [["speeds", name] for name in WIDTHS] + [["over_n", "28-64-64-1"]]
    if arguments.many_rows:
        make(large, arguments.many_rows)
        limited(arguments.limit_gib)
        works += [["many", kind, "28-64-64-1"] for kind in ("memmap", "parquet")]
    for work in works:
        command = [sys.executable, __file__, str(arguments.folder), "--rounds", str(arguments.rounds), "--only", *work]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
