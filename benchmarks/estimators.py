"""fastmlp's MLPClassifier and scikit-learn's, the same constructor call on the same table, in turn, in one run.

    python benchmarks/estimators.py covertype.parquet lodgepole_pine
    python benchmarks/estimators.py covertype.parquet lodgepole_pine --rounds 3 --markdown table.md

The table is a CSV or Parquet file of numbers; its columns are standardised. Both estimators run once before they
are timed; then A B, A B, … "times slower" is the median over rounds of scikit-learn's time over fastmlp's.
The losses of both are compared: the same seed must give the same.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
from pyarrow import parquet
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.preprocessing import StandardScaler

from fastmlp import MLPClassifier as Ours

CHUNK = 10_000
CALLS = 1000  # of few rows each
SAME = {"float32": 1e-2, "float64": 1e-6}  # relative difference of losses; in float32 the nets drift apart


def standardised(X, dtype):
    return StandardScaler().fit_transform(np.asarray(X, np.float64)).astype(dtype)


def fits(X, y, **settings):
    """run(kind): a fit; its loss."""
    return lambda kind: kind(random_state=0, **settings).fit(X, y).loss_


def partial_fits(X, y, chunk):
    """run(kind): one pass over the rows in chunks; the loss over the last."""

    def run(kind):
        classifier = kind(random_state=0)
        for first in range(0, len(X) - chunk + 1, chunk):
            classifier.partial_fit(X[first : first + chunk], y[first : first + chunk], classes=[0, 1])
        return classifier.loss_

    return run


def fitted(X, y):
    """{kind: a classifier that has seen CHUNK rows}."""
    return {kind: kind(random_state=0, max_iter=2).fit(X[:CHUNK], y[:CHUNK]) for kind in (Ours, Theirs)}


def predictions(X, y):
    """run(kind): predict_proba of all rows; its mean."""
    classifiers = fitted(X, y)
    return lambda kind: classifiers[kind].predict_proba(X)[:, 1].mean(dtype=np.float64)


def single_predictions(X, y):
    """run(kind): CALLS times predict_proba of one row; the mean."""
    classifiers = fitted(X, y)
    return lambda kind: np.mean([classifiers[kind].predict_proba(X[i : i + 1])[0, 1] for i in range(CALLS)])


def works(X, y):
    """name: (dtype, run)."""
    tables = {dtype: standardised(X, dtype) for dtype in SAME}
    single, double = tables["float32"], tables["float64"]
    cancer, iris = load_breast_cancer(), load_iris()
    yield "fit, default network, 3 epochs", "float32", fits(single, y, max_iter=3)
    yield "fit, default network, 3 epochs", "float64", fits(double, y, max_iter=3)
    large = {"hidden_layer_sizes": (256, 256), "batch_size": 256, "max_iter": 1}
    yield "fit, (256, 256), batches of 256, 1 epoch", "float32", fits(single, y, **large)
    yield "fit, early_stopping=True, 3 epochs", "float32", fits(single, y, max_iter=3, early_stopping=True)
    yield f"partial_fit in chunks of {CHUNK:,}", "float32", partial_fits(single, y, CHUNK)
    yield f"partial_fit in chunks of 100, {CALLS:,} times", "float32", partial_fits(single[: 100 * CALLS], y, 100)
    yield "predict_proba", "float32", predictions(single, y)
    yield f"predict_proba of one row, {CALLS:,} times", "float32", single_predictions(single, y)
    yield "fit, breast cancer (569 rows), 200 epochs", "float64", fits(standardised(cancer.data, float), cancer.target)
    yield "fit, iris (150 rows), 200 epochs", "float64", fits(standardised(iris.data, float), iris.target)


def compare(run, rounds, rest, dtype):
    """Medians: seconds of fastmlp, of scikit-learn, and their ratio."""
    values = [run(kind) for kind in (Ours, Theirs)]
    if abs(values[0] / values[1] - 1) > SAME[dtype]:
        raise SystemExit(f"fastmlp computes {values[0]}, scikit-learn {values[1]}")
    seconds = []
    for _ in range(rounds):
        pair = []
        for kind in (Ours, Theirs):
            time.sleep(rest)
            begin = time.perf_counter()
            run(kind)
            pair.append(time.perf_counter() - begin)
        seconds.append(pair)
    ours, theirs = (statistics.median(column) for column in zip(*seconds, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose names hold this")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # that so few epochs are not enough
    from compare import REST, machine  # here, as asv imports each file of the folder, as a package's

    table = parquet.read_table(arguments.table)
    y = table[arguments.target].to_numpy().astype(np.uint8)
    X = np.column_stack([table[name] for name in table.column_names if name != arguments.target]).astype(np.float32)
    about = f"{Path(arguments.table).name}, {X.shape[0]:,} × {X.shape[1]}. " + machine(2, ["torch", "jax"])
    lines = ["| work | | fastmlp | scikit-learn | times slower |", "|---|---|--:|--:|--:|"]
    for name, dtype, run in works(X, y):
        if arguments.only not in name:
            continue
        ours, theirs, ratio = compare(run, arguments.rounds, REST, dtype)
        lines.append(f"| {name} | {dtype} | {ours:.3f} s | {theirs:.3f} s | {ratio:.2f} |")
        print(lines[-1], flush=True)
    print(about)
    if arguments.markdown:
        arguments.markdown.write_text("\n".join([*lines, "", about]) + "\n")


if __name__ == "__main__":
    main()
