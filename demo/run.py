"""The main job on a made-up table: one million rows of the Hastie 10.2 problem, from a file to a scored model.

    python demo/run.py FOLDER [ROWS]

Ten standard normal features; the class tells whether Σ x² > 9.34, the median of χ²₁₀ (The Elements of
Statistical Learning, eq. 10.2). Writes the tables, the model and the learning curve into FOLDER. ROWS is a number of
rows other than a million.
"""

import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet
from sklearn.datasets import make_hastie_10_2

from fastmlp import Model

ROWS, TEST_ROWS = 1_000_000, 100_000


def write(path: Path, rows: int, seed: int) -> None:
    """Write a table of the Hastie 10.2 problem as a Parquet file."""
    X, y = make_hastie_10_2(n_samples=rows, random_state=seed)
    columns = {f"x{k + 1}": X[:, k].astype(np.float32) for k in range(X.shape[1])}
    parquet.write_table(pyarrow.table({**columns, "y": y.astype(np.int8)}), path)


def fastmlp(*arguments: object) -> None:
    """Run the command `fastmlp` of this environment; end where it fails."""
    command = ["fastmlp", *map(str, arguments)]
    print(shlex.join(command), flush=True)
    executable = shutil.which("fastmlp", path=sysconfig.get_path("scripts"))
    if executable is None:
        sys.exit(f"there is no command fastmlp in {sysconfig.get_path('scripts')}: install fastmlp there")
    done = subprocess.run([executable, *command[1:]])
    if done.returncode:
        sys.exit(done.returncode)


def run(folder: Path, rows: int) -> None:
    """Make the tables, train and evaluate by the command line, and sum up."""
    begin = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    train, test, model = folder / "train.parquet", folder / "test.parquet", folder / "hastie.fastmlp"
    print(f"writing {rows:,} rows to {train} and {TEST_ROWS:,} to {test}")
    write(train, rows, 1)
    write(test, TEST_ROWS, 2)
    fastmlp(
        "train", train, "--target", "y", "--plain", "--hidden", "64,64", "--epochs", 10, "--batch-size", 1024,
        "--validation-fraction", 0.1, "--save", model, "--plot", folder / "learning-curve.png",
    )  # fmt: skip
    speed = np.median([record["rows_per_second"] for record in Model.load(model).history])
    print(f"trained at {speed:,.0f} rows/s; held-out rows:")
    fastmlp("evaluate", model, test)
    print(f"{folder}: model, tables and learning-curve.png; {time.perf_counter() - begin:.0f} s in all")


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else ROWS)
