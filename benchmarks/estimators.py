"""fastmlp's estimators and scikit-learn's, the same constructor call on the same table, in turn, in one run.

    python benchmarks/estimators.py
    python benchmarks/estimators.py covertype.parquet lodgepole_pine
    python benchmarks/estimators.py covertype.parquet lodgepole_pine --rounds 3 --markdown table.md

The table is a Parquet file of numbers; its columns are standardised. A target of two values is for MLPClassifier, any
other for MLPRegressor. Without a table, both get 200,000 × 28 normal numbers. Both sides run once before they
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
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler

import fastmlp

CLASSIFIERS = fastmlp.MLPClassifier, neural_network.MLPClassifier  # ours, theirs
REGRESSORS = fastmlp.MLPRegressor, neural_network.MLPRegressor
CHUNK = 10_000
CALLS = 1000  # of few rows each
QUICK = 20  # --quick divides rows and calls by this
SAME = {"float32": 1e-2, "float64": 1e-6}  # relative difference of losses; in float32 the nets drift apart


def standardised(X, dtype):
    return StandardScaler().fit_transform(np.asarray(X, np.float64)).astype(dtype)


def made(n):
    """X (n, 28) of normal numbers, a class for each row, and a number."""
    random = np.random.default_rng(0)
    X = random.standard_normal((n, 28), np.float32)
    y = X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(n)
    return X, (y > 0).astype(np.uint8), y


def fits(X, y, **settings):
    """run(kind): a fit; its loss."""
    return lambda kind: kind(random_state=0, **settings).fit(X, y).loss_


def partial_fits(X, y, chunk, **given):
    """run(kind): one pass over the rows in chunks; the loss over the last."""

    def run(kind):
        estimator = kind(random_state=0)
        for first in range(0, len(X) - chunk + 1, chunk):
            estimator.partial_fit(X[first : first + chunk], y[first : first + chunk], **given)
        return estimator.loss_

    return run


def predictions(kinds, X, y, method, calls=1, rows=None):
    """run(kind): the method of an estimator that has seen CHUNK rows, `calls` times over so many rows; the mean."""
    fitted = {kind: kind(random_state=0, max_iter=2).fit(X[:CHUNK], y[:CHUNK]) for kind in kinds}
    rows = len(X) if rows is None else rows

    def run(kind):
        call = getattr(fitted[kind], method)
        found = [call(X[rows * i : rows * (i + 1)]) for i in range(calls)]
        return np.mean([(A[:, 1] if A.ndim == 2 else A).mean(dtype=np.float64) for A in found])

    return run


def works(kinds, X, y, calls):
    """name: (dtype, run)."""
    classifies = kinds is CLASSIFIERS
    tables = {dtype: standardised(X, dtype) for dtype in SAME}
    single, double = tables["float32"], tables["float64"]
    given, method = ({"classes": [0, 1]}, "predict_proba") if classifies else ({}, "predict")
    yield "fit, default network, 3 epochs", "float32", fits(single, y, max_iter=3)
    yield "fit, default network, 3 epochs", "float64", fits(double, y, max_iter=3)
    large = {"hidden_layer_sizes": (256, 256), "batch_size": 256, "max_iter": 1}
    yield "fit, (256, 256), batches of 256, 1 epoch", "float32", fits(single, y, **large)
    if not classifies:
        counts = np.maximum(np.round(y), 0)
        yield "fit, loss='poisson', 3 epochs", "float32", fits(single, counts, loss="poisson", max_iter=3)
    yield "fit, early_stopping=True, 3 epochs", "float32", fits(single, y, max_iter=3, early_stopping=True)
    yield f"partial_fit in chunks of {CHUNK:,}", "float32", partial_fits(single, y, CHUNK, **given)
    few = single[: 100 * calls], y[: 100 * calls]
    yield f"partial_fit in chunks of 100, {calls:,} times", "float32", partial_fits(*few, 100, **given)
    yield method, "float32", predictions(kinds, single, y, method)
    yield f"{method} of one row, {calls:,} times", "float32", predictions(kinds, single, y, method, calls, 1)
    small = {"breast cancer": load_breast_cancer, "iris": load_iris} if classifies else {"diabetes": load_diabetes}
    for name, load in small.items():
        X, y = load(return_X_y=True)
        yield f"fit, {name} ({len(X)} rows), 200 epochs", "float64", fits(standardised(X, float), y)


def compare(kinds, run, rounds, rest, dtype):
    """Medians: seconds of fastmlp, of scikit-learn, and their ratio."""
    values = [run(kind) for kind in kinds]
    if abs(values[0] / values[1] - 1) > SAME[dtype]:
        raise SystemExit(f"fastmlp computes {values[0]}, scikit-learn {values[1]}")
    seconds = []
    for _ in range(rounds):
        pair = []
        for kind in kinds:
            time.sleep(rest)
            begin = time.perf_counter()
            run(kind)
            pair.append(time.perf_counter() - begin)
        seconds.append(pair)
    ours, theirs = (statistics.median(column) for column in zip(*seconds, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in seconds)


def subjects(table, target, divisor):
    """(ours and theirs, X, y) of a table, or of made-up rows if there is none; of all rows, one in so many."""
    if table is None:
        X, classes, numbers = made(200_000 // divisor)
        return [(CLASSIFIERS, X, classes), (REGRESSORS, X, numbers)]
    read = parquet.read_table(table)
    y = read[target].to_numpy()[::divisor]
    X = np.column_stack([read[name] for name in read.column_names if name != target])[::divisor]
    binary = len(np.unique(y)) == 2
    return [(CLASSIFIERS, X, y.astype(np.uint8)) if binary else (REGRESSORS, X, y.astype(np.float64))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?")
    parser.add_argument("target", nargs="?")
    parser.add_argument("--quick", action="store_true", help=f"a {QUICK}th of the rows: does everything run?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="works whose names hold this, such as MLPRegressor: fit")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    arguments = parser.parse_args()
    if arguments.table and not arguments.target:
        parser.error("target: name the column of the table")
    warnings.filterwarnings("ignore")  # that so few epochs are not enough
    from compare import REST, machine  # here, as asv imports each file of the folder, as a package's

    divisor = QUICK if arguments.quick else 1
    lines = ["| estimator | work | | fastmlp | scikit-learn | times slower |", "|---|---|---|--:|--:|--:|"]
    for kinds, X, y in subjects(arguments.table, arguments.target, divisor):
        about = f"{Path(arguments.table or 'normal numbers').name}, {X.shape[0]:,} × {X.shape[1]}. "
        for name, dtype, run in works(kinds, X, y, CALLS // divisor):
            if arguments.only in f"{kinds[0].__name__}: {name}":
                ours, theirs, ratio = compare(kinds, run, arguments.rounds, REST, dtype)
                cells = kinds[0].__name__, name, dtype, f"{ours:.3f} s", f"{theirs:.3f} s", f"{ratio:.2f}"
                lines.append(f"| {' | '.join(cells)} |")
                print(lines[-1], flush=True)
    about += machine(2, ["torch", "jax"])
    print(about)
    if arguments.markdown:
        arguments.markdown.write_text("\n".join([*lines, "", about]) + "\n")


if __name__ == "__main__":
    main()
