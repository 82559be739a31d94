"""Fits whose weights must have the same bits, wherever the rows lie, however many threads compute, in any process.

`python tests/bits.py FOLDER` prints the SHA-256 of the weights of each fit, for a process with another environment.
"""

import hashlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

from fastmlp import MLPClassifier, Model, rows
from fastmlp.network import threads
from fastmlp.network.contention import Contention

n, p = 4000, 20  # of which an epoch is worth two threads
BLOCK_ROWS, WINDOW_ROWS = 300, 1000
DTYPES = "float32", "float64"
SOURCES = "C order", "Fortran order", "memmap", "Parquet"
THREADS = 1, 2, 3, 4, 8


def write_rows(folder):
    """Return the rows as files: X.npy and y.npy, and a Parquet file of which each row group is a block of rows."""
    folder = Path(folder)
    random = np.random.default_rng(0)
    for dtype in DTYPES:
        X = random.standard_normal((n, p)).astype(dtype)
        y = np.where(X[:, 2] > 1, 2, X[:, 0] * X[:, 1] > 0)
        np.save(folder / f"X-{dtype}.npy", X)
        np.save(folder / f"y-{dtype}.npy", y)
        table = pyarrow.table({f"x{k:02}": X[:, k] for k in range(p)} | {"y": y})
        parquet.write_table(table, folder / f"{dtype}.parquet", row_group_size=BLOCK_ROWS)
    return folder


def rows_at(folder, dtype, source, blocks, window_rows):
    """Return the arguments of fit: (X, y), or a stream; blocks: shuffled block by block, as Parquet is."""
    if source == "Parquet":
        return (rows.Parquet(folder / f"{dtype}.parquet", target="y", window_rows=window_rows),)
    X, y = (np.load(folder / f"{name}-{dtype}.npy", mmap_mode="r" if source == "memmap" else None) for name in "Xy")
    X = np.asfortranarray(X) if source == "Fortran order" else X
    return (rows.Array(X, y, block_rows=BLOCK_ROWS, window_rows=window_rows),) if blocks else (X, y)


def models(dtype, n_threads):
    """name: (a function that fits, shuffled?, rows of a window: a batch that is larger is summed in other parts)."""

    def model(batch_size, shuffle):
        def fit(*data):
            made = Model([p, 64, 24, 3], ["gelu", "relu"], dtype=dtype, seed=3, n_threads=n_threads)
            return made.fit(*data, epochs=2, batch_size=batch_size, shuffle=shuffle, l2=1e-3).parameters

        return fit

    def classifier(shuffle):
        def fit(*data):
            made = MLPClassifier(
                (64, 24), "tanh", solver="sgd", max_iter=2, batch_size=256, random_state=3, shuffle=shuffle,
                dtype=dtype, dropout=0.2, n_threads=n_threads,
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # two epochs do not converge
                made.fit(*data)
            return np.concatenate([part.ravel() for part in (*made.coefs_, *made.intercepts_)])

        return fit

    return {
        "Model, batches": (model(256, False), False, WINDOW_ROWS),
        "Model, shuffled": (model(256, True), True, WINDOW_ROWS),
        "Model, all rows at once": (model(None, False), False, n),
        "MLPClassifier": (classifier(False), False, WINDOW_ROWS),
        "MLPClassifier, shuffled": (classifier(True), True, WINDOW_ROWS),
    }


def start_all_threads(monkeypatch):
    """Let as many threads start as may, however busy the machine is; returns the list of the numbers that did."""
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 0)
    monkeypatch.setattr(Contention, "threads", lambda self, most: most)
    # Calls that a busy machine ends before the first batch would be repeated for ever, as threads do not become fewer.
    monkeypatch.setattr(Contention, "patience", lambda self, n_threads, limit: None)
    started, run = [], threads.run

    def spy(work, flags, n_threads, *rest):
        started.append(n_threads)
        return run(work, flags, n_threads, *rest)

    monkeypatch.setattr(threads, "run", spy)
    return started


def digests(folder, n_threads=None, sources=SOURCES):
    """{model and dtype: SHA-256 of the weights}, of which every source of rows has the same, else (source, SHA-256)."""
    found = {}
    for dtype in DTYPES:
        for name, (fit, shuffled, window_rows) in models(dtype, n_threads).items():
            for source in sources:
                theta = fit(*rows_at(Path(folder), dtype, source, shuffled, window_rows))
                digest = hashlib.sha256(theta.tobytes()).hexdigest()
                found.setdefault(f"{name}, {dtype}", {}).setdefault(digest, []).append(source)
    return found


def digests_elsewhere(folder, cores=None, **environment):
    """`digests` of a new process with other variables, on these cores only."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder)], env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=600, preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


if __name__ == "__main__":
    print(json.dumps(digests(sys.argv[1])))
