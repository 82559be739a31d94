"""The main job on a made-up table: one million rows of the Hastie 10.2 problem, from a file to a scored model.

    python demo/run.py FOLDER

Ten standard normal features; the class tells whether Σ x² > 9.34, the median of χ²₁₀ (The Elements of
Statistical Learning, eq. 10.2). Writes the tables, the model and the learning curve into FOLDER.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet
from sklearn.datasets import make_hastie_10_2

from fastmlp import Model
from fastmlp.cli.main import main

TRAIN_ROWS, TEST_ROWS = 1_000_000, 100_000


def write(path: Path, rows: int, seed: int) -> None:
    """Write a table of the Hastie 10.2 problem as a Parquet file."""
    X, y = make_hastie_10_2(n_samples=rows, random_state=seed)
    columns = {f"x{k + 1}": X[:, k].astype(np.float32) for k in range(X.shape[1])}
    parquet.write_table(pyarrow.table({**columns, "y": y.astype(np.int8)}), path)


def run(folder: Path) -> int:
    """Make the tables, train and evaluate by the command line, and sum up."""
    begin = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    train, test, model_path = folder / "train.parquet", folder / "test.parquet", folder / "hastie.fastmlp"
    print(f"writing {TRAIN_ROWS:,} rows to {train} and {TEST_ROWS:,} to {test}")
    write(train, TRAIN_ROWS, 1)
    write(test, TEST_ROWS, 2)
    command = [
        "train", str(train), "--target", "y", "--plain", "--hidden", "64,64", "--epochs", "10", "--batch-size", "1024",
        "--validation-fraction", "0.1", "--save", str(model_path), "--plot", str(folder / "learning-curve.png"),
    ]  # fmt: skip
    print("fastmlp " + " ".join(command))
    code = main(command)
    if code:
        return code
    speed = np.median([record["rows_per_second"] for record in Model.load(model_path).history])
    print(f"trained at {speed:,.0f} rows/s; held-out rows:", flush=True)
    code = main(["evaluate", str(model_path), str(test)])
    print(f"{folder}: model, tables and learning-curve.png; {time.perf_counter() - begin:.0f} s in all")
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
