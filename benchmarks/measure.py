"""What the suite's benchmarks share: the data, nets that were checked before they are timed, and medians."""

import time
from itertools import pairwise

import numpy as np

from fastmlp import Adam, Model

from .reference import LEVELS, check_gradient

FEATURES = 28
CHECKED_ROWS = 1000
FEWEST_RUNS, LEAST_SECONDS = 3, 0.5


def table(n, dtype="float32", loss="log_loss"):
    """X (n, FEATURES) of normal numbers, and y that a net can learn, but not perfectly."""
    random = np.random.default_rng(0)
    X = random.standard_normal((n, FEATURES), dtype)
    y = X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(n)
    if loss == "poisson":
        return X, random.poisson(np.exp(y / 2)).astype(dtype)
    return X, y > 0 if loss == "log_loss" else y.astype(dtype)


def settings_of(loss):
    """Return what `Model` is given for a loss; for log loss nothing, as older commits know no other."""
    settings = {} if loss == "log_loss" else {"loss": loss}
    return settings | {"quantile": LEVELS.tolist()} if loss == "quantile" else settings


def flops_per_row(widths, backward=True):
    """Operations of the matrix products; dA[0] is nobody's."""
    dense = sum(p_in * p_out for p_in, p_out in pairwise(widths))
    return 6 * dense - 2 * widths[0] * widths[1] if backward else 2 * dense


class Subject:
    """A net and its data, compiled and checked: what is timed is what a user calls, with all its checks."""

    def __init__(self, n, hidden, batch=256, activation="relu", dtype="float32", threads=None, loss="log_loss"):
        self.n, self.batch, self.loss = n, batch, loss
        self.widths = [FEATURES, *hidden, len(LEVELS) if loss == "quantile" else 1]
        mixed = dtype == "mixed_bfloat16"
        self.X, self.y = table(max(n, CHECKED_ROWS), "float32" if mixed else dtype, loss)
        few = self.X[:CHECKED_ROWS], self.y[:CHECKED_ROWS]
        self.X, self.y = self.X[:n], self.y[:n]
        self.model = Model(self.widths, activation, dtype=dtype, n_threads=threads, **settings_of(loss))
        check_gradient(self.model, *few, activation, loss, mixed)
        self.adam = Adam()
        self.calls = {"gradient": self.gradient, "epoch": self.epoch, "predict": self.predict}
        self.epoch()
        self.predict()

    def gradient(self):
        """J and its gradient over all rows."""
        self.model.loss_and_gradient(self.X, self.y)

    def epoch(self):
        """Run a shuffled epoch of Adam."""
        self.model.fit(self.X, self.y, epochs=1, batch_size=self.batch, optimizer=self.adam)

    def predict(self):
        (self.model.predict_proba if self.loss == "log_loss" else self.model.predict)(self.X)

    def flops(self, work):
        return self.n * flops_per_row(self.widths, backward=work != "predict")


def seconds(call, beside=lambda: None):
    """Medians of what `call` and `beside` take, in turn, in a few runs and half a second at least."""
    runs, begin = [], time.perf_counter()
    while len(runs) < FEWEST_RUNS or time.perf_counter() - begin < LEAST_SECONDS:
        times = [time.perf_counter()]
        for function in (call, beside):
            function()
            times.append(time.perf_counter())
        runs.append(np.diff(times))
    return np.median(runs, axis=0)
