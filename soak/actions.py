"""What the soak does, over and over: fits and predictions of random shapes, files, streams, errors and Ctrl-C."""

import pickle
import signal
import threading
import warnings
from collections import Counter

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from scipy import sparse

from fastmlp import DivergenceError, MLPClassifier, Model, ModelFormatError, rows
from fastmlp.activations import ACTIVATIONS
from fastmlp.optimizers import OPTIMIZERS

TOO_FEW_TO_VALIDATE = ("only one class", "rows were drawn for validation")  # what may be said of some 20 rows
MOST_KEPT = 8  # models that live on, as they do in a server


def bent(z):
    return z + 0.5 * z * z / (1 + z * z)


def bent_derivative(z):
    return 1 + z / (1 + z * z) ** 2


class Actions:
    """Random actions over one folder for files; each raises AssertionError if a result is wrong."""

    def __init__(self, folder, seed=0):
        self.folder, self.seed = folder, seed
        self.done = Counter()
        self.begin_round()
        self.choices = [
            self.fit, self.fit, self.classify, self.classify, self.train_by_parts, self.stream_arrays,
            self.stream_parquet, self.stream_blocks, self.save_and_load, self.predict, self.refuse,
            self.refuse_a_stream, self.diverge, self.interrupt,
        ]  # fmt: skip

    def begin_round(self):
        """From here on, the same actions once more."""
        self.random, self.kept = np.random.default_rng(self.seed), []

    def act(self):
        """One action."""
        action = self.choices[self.random.integers(len(self.choices))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fits of few epochs do not converge
            try:
                action()
            except ValueError as error:
                if not any(words in str(error) for words in TOO_FEW_TO_VALIDATE):
                    raise
        self.done[action.__name__] += 1

    # --- random things ---------------------------------------------------------------------------

    def integer(self, low, high):
        """Up to `high`, small ones as often as large ones."""
        return round(np.exp(self.random.uniform(np.log(low), np.log(high + 0.4))))

    def one_of(self, values):
        return list(values)[self.random.integers(len(values))]

    def table(self, K):
        """X of any dtype and order, y of K classes (all of them occur) and weights, or None."""
        n, p = self.integer(20, 4000), self.integer(1, 60)
        X = np.asarray(self.random.standard_normal((n, p)), self.one_of(["f4", "f8", "f2"]), self.one_of(["C", "F"]))
        y = (np.arange(n) + (X[:, 0] > 0)) % K
        return X, y, self.random.uniform(0, 2, n) if self.random.random() < 0.3 else None

    def model(self, p, K):
        hidden = [self.integer(1, 128) for _ in range(self.random.integers(0, 5))]
        activations = [self.one_of([*ACTIVATIONS, (bent, bent_derivative)]) for _ in hidden]
        return Model(
            [p, *hidden, 1 if K == 2 else K], activations, bias=self.random.random() < 0.8,
            dtype=self.one_of(["float32", "float64"]), seed=self.integer(1, 100),
            n_threads=self.one_of([None, 1, 2, 3]),
        )  # fmt: skip

    def settings(self):
        early = bool(self.random.random() < 0.3)
        return {
            "epochs": self.integer(1, 5), "batch_size": self.one_of([None, self.integer(1, 2000)]),
            "optimizer": self.one_of([name for name in OPTIMIZERS if name.startswith("ada")]),
            "l2": self.one_of([0.0, 1e-3]), "shuffle": self.random.random() < 0.8, "early_stopping": early,
            "validation_fraction": 0.3 if early else 0.0,
        }  # fmt: skip

    def classifier(self, **options):
        hidden = [self.integer(1, 128) for _ in range(self.random.integers(1, 4))]
        settings = {
            "activation": self.one_of([*ACTIVATIONS, (bent, bent_derivative)]), "max_iter": self.integer(1, 6),
            "solver": self.one_of(["adam", "adam", "sgd", "lbfgs"]), "batch_size": self.one_of(["auto", 32]),
            "early_stopping": bool(self.random.random() < 0.3), "random_state": self.integer(1, 100),
            "learning_rate_init": 1e-3, "dtype": self.one_of(["auto", "float32", "float64"]),
            "dropout": self.one_of([0.0, 0.0, 0.3]), "learning_rate": self.one_of(["constant", "cosine", "adaptive"]),
        } | options  # fmt: skip
        if settings["solver"] == "lbfgs":
            settings |= {"early_stopping": False, "dropout": 0.0}
        return MLPClassifier(hidden, **settings)

    def check(self, P, n):
        assert len(P) == n
        assert np.isfinite(P).all()

    # --- what a user does ------------------------------------------------------------------------

    def fit(self):
        K = self.one_of([2, 2, 3, 7])
        X, y, w = self.table(K)
        model = self.model(X.shape[1], K).fit(X, y, w, **self.settings())
        self.check(model.predict_proba(X), len(X))
        self.check(model.loss_and_gradient(X, y, w)[1].parameters, model.parameters.size)
        self.kept = [*self.kept[-MOST_KEPT:], model]

    def classify(self):
        X, y, w = self.table(self.one_of([2, 3, 7]))
        X = X.astype("f4") if X.dtype == "f2" else X
        X = sparse.csr_matrix(X * (X > 0.5)) if self.random.random() < 0.2 else X
        classifier = self.classifier().fit(X, y, w)
        self.check(classifier.predict_proba(X), X.shape[0])
        self.check(classifier.predict(X), X.shape[0])
        assert 0 <= classifier.score(X, y) <= 1

    def train_by_parts(self):
        X, y, _ = self.table(3)
        classifier = self.classifier(solver="adam", early_stopping=False)
        for part in np.array_split(np.arange(len(X)), 4):
            classifier.partial_fit(X[part].astype("f4"), y[part], classes=[0, 1, 2])
        self.check(pickle.loads(pickle.dumps(classifier)).predict_proba(X.astype("f4")), len(X))

    def stream_arrays(self):
        X, y, w = self.table(2)
        np.save(self.folder / "X.npy", X)
        stream = rows.Array(self.folder / "X.npy", y, w, window_rows=self.integer(10, 4000))
        model = self.model(X.shape[1], 2).fit(stream, **self.settings() | {"early_stopping": False})
        self.check(np.concatenate(list(model.iter_proba(rows.Array(X)))), len(X))

    def stream_parquet(self):
        X, y, _ = self.table(3)
        X = X.astype("f4")
        columns = {f"x{k}": X[:, k] for k in range(X.shape[1])} | {"y": y}
        parquet.write_table(pyarrow.table(columns), self.folder / "t.parquet", row_group_size=self.integer(10, 4000))
        stream = rows.Parquet(self.folder / "t.parquet", target="y")
        self.check(self.model(X.shape[1], 3).fit(stream, epochs=2).predict_proba(stream), len(X))
        self.check(self.classifier(solver="adam", early_stopping=False).fit(stream).predict_proba(stream), len(X))

    def stream_blocks(self):
        X, y, _ = self.table(2)
        size = self.integer(1, 2000)

        def blocks():
            return ((X[i : i + size], y[i : i + size]) for i in range(0, len(X), size))

        model = self.model(X.shape[1], 2).fit(rows.Blocks(blocks), **self.settings() | {"early_stopping": False})
        self.check(model.predict(X), len(X))

    def save_and_load(self):
        for model in self.kept[-1:]:
            model.save(self.folder / "m.fastmlp")
            own = {"bent": (bent, bent_derivative)}
            X = self.random.standard_normal((50, model.widths[0]))
            loaded = Model.load(self.folder / "m.fastmlp", activations=own, n_threads=model.n_threads)
            assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()

    def predict(self):
        for model in self.kept:
            for n in (1, self.integer(1, 5000)):
                self.check(model.predict_proba(self.random.standard_normal((n, model.widths[0]))), n)

    # --- what goes wrong -------------------------------------------------------------------------

    def refuse(self):
        X, y, _ = self.table(2)
        bad = X.copy()
        bad[len(X) // 2, -1] = np.nan
        model = self.model(X.shape[1], 2)
        before = model.parameters.copy()
        for data in ((bad, y), (X, y[:-1]), (X[:, :0], y), (X, np.ones_like(y))):
            with pytest.raises(ValueError, match=r"."):
                model.fit(*data, epochs=1)
        assert np.array_equal(model.parameters, before)
        with pytest.raises(ValueError, match="NaN"):
            self.classifier().fit(bad.astype("f4"), y)
        (self.folder / "damaged.fastmlp").write_bytes(self.random.bytes(100))
        with pytest.raises(ModelFormatError):
            Model.load(self.folder / "damaged.fastmlp")

    def refuse_a_stream(self):
        X, y, _ = self.table(2)
        passes = iter(range(10))

        def blocks():
            yield X[: len(X) // 2], y[: len(X) // 2]
            if next(passes) > 0:
                raise OSError("the disk has failed")
            yield X[len(X) // 2 :], y[len(X) // 2 :]

        with pytest.raises(OSError, match="the disk has failed"):
            self.model(X.shape[1], 2).fit(rows.Blocks(blocks), epochs=2)

    def diverge(self):
        X, y, _ = self.table(2)
        model = Model([X.shape[1], 30, 30, 1], "identity")
        with pytest.raises(DivergenceError):
            model.fit(X * 1e3, y, epochs=200, batch_size=10, optimizer="sgd")
        assert np.isfinite(model.parameters).all()

    def interrupt(self):
        """Ctrl-C at a random moment of a fit that would not end."""
        X, y, _ = self.table(2)
        stream = rows.Array(X, y, window_rows=100)
        data = (stream,) if self.random.random() < 0.3 else (X, y)
        model = self.model(X.shape[1], 2)
        timer = threading.Timer(self.random.uniform(0.01, 0.3), signal.raise_signal, [signal.SIGINT])
        timer.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                model.fit(*data, epochs=10**9, batch_size=self.one_of([32, None]))
        finally:
            timer.join()
        self.check(model.predict_proba(X), len(X))
