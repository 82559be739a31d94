"""Under NUMBA_BOUNDSCHECK=1 kernels check each index into an array: the check is on, and many shapes pass it."""

from subjects import python

PLANTED = """
import os
import numba
import numpy as np
from fastmlp import Model, cpu_features
from fastmlp.jit.compile import OPTIONS, kernel
from fastmlp.network.workspace import Workspaces

checked = os.environ.get("NUMBA_BOUNDSCHECK") == "1"

def raises(call):
    try:
        call()
    except IndexError:
        return True
    return False

@kernel
def last_but_none(x):
    return x[len(x)]

@numba.njit(**OPTIONS)
def overrun(x):
    return last_but_none(x)

# A view, behind which lies memory of ours: without the check, the overrun is harmless.
assert raises(lambda: overrun(np.ones(9)[:8])) == checked

# A workspace that ends too early, of a step in several threads: each must leave, and the caller gets the error.
X = np.random.default_rng(0).standard_normal((4096, 30)).astype("f4")
y = X[:, 0] > 0
take = Workspaces.take
if cpu_features().mixed_bfloat16 is None:
    os.environ["FASTMLP_BFLOAT16"] = "plain"
lacking = [("float32", "work", 1024), ("float32", "work", 20_000), ("mixed_bfloat16", "work", 1024)]
for batch_size in (64, 4096) if checked else ():
    for dtype, array, missing in (*lacking, ("mixed_bfloat16", "pairs", 20_000)):
        def cut(self, shape):
            whole = take(self, shape)
            return whole._replace(net=whole.net._replace(**{array: getattr(whole.net, array)[:-missing]}))
        Workspaces.take = cut
        model = Model([30, 40, 20, 1], n_threads=2, dtype=dtype)
        assert raises(lambda: model.fit(X, y, epochs=1, batch_size=batch_size)), (batch_size, missing)
    Workspaces.take = take
    assert np.isfinite(Model([30, 40, 20, 1]).fit(X, y, epochs=1, batch_size=batch_size).parameters).all()
print("checked" if checked else "unchecked")
"""

SHAPES = """
import os
import sys
import warnings
import numpy as np
from scipy import sparse
from fastmlp import MLPClassifier, Model, cpu_features, rows
from fastmlp.activations import ACTIVATIONS
from fastmlp.optimizers import OPTIMIZERS

if cpu_features().mixed_bfloat16 is None:
    os.environ["FASTMLP_BFLOAT16"] = "plain"
warnings.simplefilter("ignore")  # scikit-learn's, of training that ends early
draw = np.random.default_rng(int(sys.argv[1]))
names = list(ACTIVATIONS)
for _ in range(int(sys.argv[2])):
    n, p = int(draw.integers(2, 700)), int(draw.integers(1, 40))
    hidden = draw.integers(1, 70, draw.integers(0, 4)).tolist()
    outputs = int(draw.choice([1, 1, 2, 5, 17]))
    softmax = outputs > 1 and draw.random() < 0.6
    loss = "log_loss" if draw.random() < 0.5 else str(draw.choice(["squared_error", "poisson", "huber", "quantile"]))
    numeric = loss != "log_loss"
    dtype = str(draw.choice(["float32", "float64", "mixed_bfloat16"]))
    X = draw.standard_normal((n, p)).astype(draw.choice(["f4", "f8", "f2"]))
    X = [X, np.asfortranarray(X), X[::-1, ::-1], sparse.csr_array(X.astype("f8"))][draw.integers(4)]
    y = draw.integers(0, outputs, n) if softmax else draw.integers(0, 2, (n, outputs))
    y[:2] = np.arange(2) if softmax else np.arange(2)[:, None]
    if numeric:
        shape = (n, outputs) if outputs > 1 and loss != "quantile" else n
        y = np.abs(draw.standard_normal(shape)).astype(draw.choice(["f4", "f8", "f2", "i4"]))
        y = [y, np.asfortranarray(y), y[::-1].copy()[::-1]][draw.integers(3)]
    w = None if draw.random() < 0.5 else draw.random(n) + 0.1
    model = Model(
        [p, *hidden, outputs], [str(draw.choice(names)) for _ in hidden], bool(draw.random() < 0.7), dtype,
        n_threads=int(draw.integers(1, 4)), out_activation=None if numeric else "softmax" if softmax else "logistic",
        loss=loss, quantile=(np.arange(outputs) + 1) / (outputs + 1) if outputs > 1 else 0.5,
    )
    if numeric and loss != "poisson" and draw.random() < 0.5:
        targets = 1 if loss == "quantile" else outputs
        model.target_scaling = np.ones(targets), np.full(targets, 0.5)
    if draw.random() < 0.3:
        model.scaling = np.zeros(p), np.ones(p)
    batch_size = int(draw.choice([1, 7, 64, n]))
    optimizer = OPTIMIZERS[str(draw.choice(list(OPTIMIZERS)))](learning_rate=1e-4)
    if sparse.issparse(X) or draw.random() < 0.7 or outputs > 1:
        model.fit(X, y, w, epochs=2, batch_size=min(batch_size, n), optimizer=optimizer, l2=0.01)
    else:
        model.fit(rows.Array(X, y if numeric else y[:, 0], w, window_rows=50), epochs=2, batch_size=min(batch_size, n))
    model.loss_and_gradient(X, y, w)
    assert np.isfinite((model.predict if numeric else model.predict_proba)(X)).all()
    if outputs == 1 and hidden and not numeric:
        MLPClassifier(hidden, max_iter=2, dropout=0.2, batch_size=min(batch_size, n)).fit(X, y[:, 0], w).predict(X)
print("passed")
"""


def test_the_check_is_on():
    assert python(PLANTED, NUMBA_BOUNDSCHECK="1") == "checked\n"


def test_without_it_nothing_is_checked():
    assert python(PLANTED, NUMBA_BOUNDSCHECK="0") == "unchecked\n"


def test_nets_of_random_shapes_stay_within_their_arrays():
    assert fits_of_random_shapes(0, 40) == "passed\n"


def fits_of_random_shapes(seed, count, **options):
    """Run SHAPES under the check."""
    return python(SHAPES, seed, count, NUMBA_BOUNDSCHECK="1", **options)
