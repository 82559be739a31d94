"""Dask: two worker processes beside two threads of one process, what a step costs, and AUC over seconds.

    python benchmarks/cluster.py [--rows 2000000] [--rounds 3] [--steps 5]
    python benchmarks/cluster.py --parts auc --table covertype.parquet --target lodgepole_pine [--seconds 60]

speed: rows per second of exact steps, 28-256-256-1, over 16 partitions that lie on two workers of one thread each,
and of one process with two threads over the same numbers; in turn, and the median of the rounds' ratios.
overhead: milliseconds per step where there is next to nothing to compute, partitions of 100 rows.
bytes: what a step sends, from the sizes of parameters and gradients, and what workers count between each other.
auc: on held-out rows of a Parquet table of numbers, over seconds of training: fastmlp.dask with local steps,
54-64-64 and batches of 256, and scikit-learn's MLPClassifier by partial_fit over one partition after the other: as
they are, after a shuffle that does not count, and by dask_ml's Incremental where it is installed. Time for the AUC
itself does not count; that of new workers to load kernels does.
"""

import argparse
import contextlib
import statistics
import time

P, PARTITIONS, WORKERS = 28, 16, 2
WIDTHS = [P, 256, 256, 1]
TINY_ROWS = 100
HIDDEN, BATCH_ROWS = (64, 64), 256
HELD = 0.2  # of the table's rows


@contextlib.contextmanager
def cluster():
    """Return a client of two workers, one thread each, on this machine."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=":0", silence_logs=40) as workers,
        Client(workers) as client,
    ):
        yield client


def numbers(rows, partitions):
    """Features and labels, made by the workers and kept there."""
    import dask
    import dask.array as da
    from distributed import wait

    size = -(-rows // partitions)
    X = da.random.default_rng(0).standard_normal((rows, P), chunks=(size, P), dtype="float32")
    y = ((X[:, :10] ** 2).sum(axis=1) + X[:, 10] * X[:, 11] > 9.34).astype("int8")
    X, y = dask.persist(X, y)
    wait([X, y])
    return X, y


def seconds_per_step(fit, steps, widths=WIDTHS):
    """Of steps on all rows, the first left out."""
    from fastmlp import Model

    model = Model(widths, seed=0, n_threads=WORKERS)
    fit(model, epochs=steps + 1, batch_size=None)
    return statistics.median(record["seconds"] for record in model.history[1:])


def contenders(rows, partitions=PARTITIONS):
    """Two functions that fit a model to the same rows: over the cluster, and alone."""
    import fastmlp.dask

    X, y = numbers(rows, partitions)
    one_X, one_y = X.compute(), y.compute()
    return (
        lambda model, **options: fastmlp.dask.fit(model, X, y, **options),
        lambda model, **options: model.fit(one_X, one_y, **options),
    )


def speed(options):
    """Rows per second, in turn."""
    fits, ratios = contenders(options.rows), []
    print(f"speed: exact steps over {options.rows} rows × {P}, {'-'.join(map(str, WIDTHS))}, {PARTITIONS} partitions")
    for number in range(options.rounds):
        took = [0.0, 0.0]
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            took[which] = seconds_per_step(fits[which], options.steps)
        ratios.append(took[1] / took[0])
        rates = [options.rows / seconds / 1e6 for seconds in took]
        print(f"  cluster {rates[0]:.3f} M rows/s, one process {rates[1]:.3f} M rows/s, ratio {ratios[-1]:.3f}")
    print(f"  median of ratios {statistics.median(ratios):.3f}")


def overhead(options):
    """Milliseconds per step over tiny partitions."""
    for partitions in (2, 16, 128):
        for widths in ([P, 16, 1], WIDTHS):
            fits = contenders(partitions * TINY_ROWS, partitions)
            took = [seconds_per_step(fit, max(options.steps, 20), widths) * 1e3 for fit in fits]
            print(
                f"overhead: ms per step over {partitions} × {TINY_ROWS} rows, {'-'.join(map(str, widths))}: "
                f"cluster {took[0]:.1f}, alone {took[1]:.2f}"
            )


def sent(options):
    """Bytes per step: parameters to each worker; gradients along the tree, and their sum to the client."""
    from distributed import default_client

    from fastmlp import Model
    from fastmlp.dask.cluster import ARITY

    theta = Model(WIDTHS).parameters
    summed, left = 0, PARTITIONS
    while left > 1:
        summed, left = summed + left, -(-left // ARITY)
    mb = [theta.nbytes * WORKERS / 1e6, theta.size * 8 * summed / 1e6, theta.size * 8 / 1e6]
    print(
        f"bytes: {theta.size} parameters; per step {mb[0]:.2f} MB of parameters to {WORKERS} workers, at most "
        f"{mb[1]:.2f} MB of gradients ({summed}) between workers, {mb[2]:.2f} MB to the client"
    )
    fit = contenders(PARTITIONS * TINY_ROWS)[0]
    counts = []
    for steps in (1, 1 + max(options.steps, 20)):
        seconds_per_step(fit, steps)
        found = default_client().run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
        counts.append(sum(found.values()))
    first, both = counts
    print(f"  counted by the workers: {(both - 2 * first) / max(options.steps, 20) / 1e6:.2f} MB a step")


def split(path, target):
    """Scaled rows to train on, as a dataframe and labels on the workers, and held-out rows as arrays."""
    import dask
    import dask.dataframe as dd
    from distributed import wait

    table = dd.read_parquet(path, split_row_groups=True)
    rest, held = table.random_split([1 - HELD, HELD], random_state=0)
    X = rest.drop(columns=[target]).astype("float32")
    shift, scale = dask.compute(X.mean(), X.std())
    scale = scale.where(scale > 0, 1)

    def scaled(part):
        return ((part - shift) / scale).astype("float32")

    X, y = dask.persist(X.map_partitions(scaled, meta=X), rest[target].astype("int8"))
    wait([X, y])
    held = held.compute()
    return X, y, scaled(held.drop(columns=[target])).to_numpy(), held[target].to_numpy()


class Curve:
    """AUC over seconds of training, without those that it takes to compute the AUC."""

    def __init__(self, name, held_X, held_y, seconds):
        self.name, self.X, self.y, self.most = name, held_X, held_y, seconds
        self.begin = time.perf_counter()

    def point(self, probabilities):
        """Print a point; True: time is up."""
        from sklearn.metrics import roc_auc_score

        now = time.perf_counter()
        print(f"  {self.name:13} {now - self.begin:8.2f} s  AUC {roc_auc_score(self.y, probabilities(self.X)):.5f}")
        took = now - self.begin
        self.begin += time.perf_counter() - now
        return took > self.most


def auc(options):
    """Both curves."""
    import fastmlp.dask
    from fastmlp import Model

    if options.table is None or options.target is None:
        print("auc: left out; give --table and --target")
        return
    X, y, *held = split(options.table, options.target)
    widths = [X.shape[1], *HIDDEN, 1]
    print(f"auc: {options.table}, {'-'.join(map(str, widths))}, batches of {BATCH_ROWS}, {X.npartitions} partitions")
    model = Model(widths, seed=0)
    curve = Curve("fastmlp.dask", *held, options.seconds)
    fastmlp.dask.fit(
        model, X, y, epochs=options.epochs, batch_size=BATCH_ROWS,
        callbacks=lambda model, record: curve.point(lambda X: model.predict_proba(X)),
    )  # fmt: skip
    parts = [
        (part_X.compute().to_numpy(), part_y.compute().to_numpy())
        for part_X, part_y in zip(X.partitions, y.partitions, strict=True)
    ]
    incremental("by partitions", parts, held, options)
    incremental("shuffled", shuffled(parts), held, options)
    through_dask_ml(X, y, held, options)


def incremental(name, parts, held, options):
    """scikit-learn, over one partition after the other, which lie in this process beforehand."""
    from sklearn.neural_network import MLPClassifier

    rival = MLPClassifier(HIDDEN, batch_size=BATCH_ROWS, random_state=0)
    curve = Curve(name, *held, options.seconds)
    for _ in range(options.epochs):
        for part_X, part_y in parts:
            rival.partial_fit(part_X, part_y, classes=[0, 1])
        if curve.point(lambda X: rival.predict_proba(X)[:, 1]):
            break


def shuffled(parts):
    """Return the same rows, in partitions that are alike."""
    import numpy as np

    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.random.default_rng(0).permutation(len(X))
    return [(X[rows], y[rows]) for rows in np.array_split(order, len(parts))]


def through_dask_ml(X, y, held, options):
    """Do the same by dask_ml's Incremental, where it is installed."""
    try:
        from dask_ml.wrappers import Incremental
    except ImportError:
        print("  dask_ml: not installed")
        return
    from sklearn.neural_network import MLPClassifier

    X, y = (collection.to_dask_array(lengths=True) for collection in (X, y))
    rival = Incremental(MLPClassifier(HIDDEN, batch_size=BATCH_ROWS, random_state=0), random_state=0)
    curve = Curve("dask_ml", *held, options.seconds)
    for _ in range(options.epochs):
        rival.partial_fit(X, y, classes=[0, 1])
        if curve.point(lambda X: rival.estimator_.predict_proba(X)[:, 1]):
            break


PARTS = {"speed": speed, "overhead": overhead, "bytes": sent, "auc": auc}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas between")
    parser.add_argument("--rows", type=int, default=2_000_000, help="of speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="in a round")
    parser.add_argument("--table", help="a Parquet file")
    parser.add_argument("--target", help="its column of 0 and 1")
    parser.add_argument("--epochs", type=int, default=30, help="of auc, at most")
    parser.add_argument("--seconds", type=float, default=60, help="of auc, for each")
    options = parser.parse_args()
    unknown = set(options.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--parts: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    with cluster():
        for name in options.parts.split(","):
            PARTS[name](options)


if __name__ == "__main__":
    main()
