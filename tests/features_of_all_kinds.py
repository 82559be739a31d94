"""Features of every kind over rows with missing numbers, and the numbers that a net makes of them."""

import numpy as np

from fastmlp import Model
from fastmlp.features import Bins, Clipped, Features, Missing, Number, OneHot, Values, Waves

Q = 4
ALL = Features(
    Q,
    (
        Bins(0, (-1.0, -0.25, 0.5, 2.0)),
        Number(1),
        OneHot(2, 5),
        Clipped(1),
        Missing(0),
        Waves(3, (0.5, 1.0, 3.0)),
        Values(2, ((1.0, -2.0), (0.5, 4.0), (3.0, 0.0))),
        Number(0),
        Bins(3, tuple(np.linspace(-2, 2, 40))),
    ),
)


def rows_of(n, seed=0):
    """X (n, 4): numbers, 0.1 of the first column missing; the third holds the codes 0 … 5, of which 5 is unknown."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, Q))
    X[:, 2] = random.integers(0, 6, n)
    X[random.random(n) < 0.1, 0] = np.nan
    return X


def made_of(features, X, dtype="float64"):
    """Return the inputs A[0] (n, p[0]) as kernels make them: predictions of a linear net whose W is the identity."""
    p = features.n_inputs
    model = Model([p, p], bias=False, loss="squared_error", dtype=dtype, features=features)
    model.weights[0][...] = np.eye(p)
    return model.predict(X).reshape(len(X), p)
