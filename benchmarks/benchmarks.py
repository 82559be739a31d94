"""How fast, and in how much memory, over numbers of rows and widths of the hidden layers.

What is timed is what a user calls, with its checks of the arguments, on all available cores; only
compilation is left out. Before anything is timed, the gradient is compared with the one that
`reference` computes here, in NumPy and float64: a wrong kernel has no speed.
"""

import subprocess
import sys
import time

import numpy as np

from fastmlp import Adam, Model

FEATURES = 28
CHECKED_ROWS = 1000
TOLERANCE = 1e-4  # of the largest number in an array; float32 sums over CHECKED_ROWS rows stay well below
FEWEST_RUNS, LEAST_SECONDS = 5, 1.0


def table(n):
    """X (n, FEATURES) of normal numbers, and y that a net can learn, but not perfectly."""
    random = np.random.default_rng(0)
    X = random.standard_normal((n, FEATURES), np.float32)
    return X, X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(n) > 0


def reference(weights, biases, X, y):
    """J, dW[1] … dW[L] and db[1] … db[L] of a ReLU net in float64, written down as the equations stand."""
    W = [w.astype(np.float64) for w in weights]
    b = [v.astype(np.float64) for v in biases]
    A = [X.astype(np.float64)]
    for l in range(len(W)):
        Z = A[l] @ W[l] + b[l]
        A.append(np.maximum(Z, 0) if l < len(W) - 1 else 1 / (1 + np.exp(-Z)))
    y = y.astype(np.float64).reshape(-1, 1)
    J = -np.sum(y * np.log(A[-1]) + (1 - y) * np.log(1 - A[-1]))
    dZ, dW, db = A[-1] - y, [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ dZ)
        db.insert(0, dZ.sum(axis=0))
        dZ = (dZ @ W[l].T) * (A[l] > 0)
    return J, dW, db


def check_gradient(model, X, y):
    """Raise unless the model's J and gradient are those of `reference`."""
    J, gradient = model.loss_and_gradient(X, y)
    expected_J, *expected = reference(model.weights, model.biases, X, y)
    np.testing.assert_allclose(J, expected_J, rtol=TOLERANCE)
    for name, arrays in zip(("weights", "biases"), expected, strict=True):
        for l, (ours, theirs) in enumerate(zip(getattr(gradient, name), arrays, strict=True)):
            np.testing.assert_allclose(
                ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max(), err_msg=f"{name}[{l}]"
            )


def rows_per_second(n, call):
    """n rows over the median time of some calls."""
    seconds = []
    while len(seconds) < FEWEST_RUNS or sum(seconds) < LEAST_SECONDS:
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return round(n / float(np.median(seconds)))


class Nets:
    """FEATURES-hidden-1 nets with ReLU, in float32."""

    params = ([10_000, 100_000], [(16,), (64, 64), (256, 256)])
    param_names = ("n", "hidden")
    timeout = 300

    def setup_cache(self):
        """Fill the kernel cache once per commit, so that no other process compiles: its memory would show."""
        self.setup(CHECKED_ROWS, (16,))

    def setup(self, n, hidden):
        self.X, self.y = table(n)
        self.model = Model([FEATURES, *hidden, 1])
        self.adam = Adam()
        few = slice(0, CHECKED_ROWS)
        self.model.fit(self.X[few], self.y[few], epochs=1, batch_size=256, optimizer=self.adam)
        self.model.predict_proba(self.X[few])
        check_gradient(self.model, self.X[few], self.y[few])

    def track_full_batch(self, n, hidden):
        """Rows per second of J and its gradient over all rows."""
        return rows_per_second(n, lambda: self.model.loss_and_gradient(self.X, self.y))

    def track_minibatch(self, n, hidden):
        """Rows per second of shuffled epochs of Adam in batches of 256."""
        return rows_per_second(n, lambda: self.model.fit(self.X, self.y, epochs=1, batch_size=256, optimizer=self.adam))

    track_full_batch.unit = track_minibatch.unit = "rows/s"

    def time_predict(self, n, hidden):
        self.model.predict_proba(self.X)

    def peakmem_gradient(self, n, hidden):
        """Of the whole process: Python, the imports and X count, too."""
        self.model.loss_and_gradient(self.X, self.y)


def time_import():
    """A new process that imports fastmlp; the start of Python counts, too."""
    subprocess.run([sys.executable, "-c", "import fastmlp"], check=True)
