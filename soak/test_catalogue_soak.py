"""Cases of the catalogue at full size, and the catalogue and the kernels' tests under NUMBA_BOUNDSCHECK=1."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from fastmlp import Model

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "catalogue"))

from subjects import python  # noqa: E402
from test_bounds import fits_of_random_shapes  # noqa: E402

BOUNDS_SHAPES = 200

HUGE = """
import resource
import time
import numpy as np
from fastmlp import Model

n = 2**31 + 5
X, y = np.broadcast_to(np.float32([[0.5]]), (n, 1)), np.broadcast_to(np.uint8(1), n)
model = Model([1, 1])
one = model.loss(X[:1], y[:1])
begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
J = model.loss(X, y)
seconds, grown = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert abs(J / n - one) < 1e-6 * one, (J / n, one)
assert grown < 64 * 1024, f"{grown} KiB"
print(f"loss of {n:,} rows of stride 0: {seconds:.0f} s, {grown / 1024:.0f} MiB more")
"""

WIDE = """
import resource
import time
import numpy as np
from fastmlp import MLPClassifier, Model

X, y = np.random.default_rng(0).standard_normal((64, 3)).astype("f4"), np.arange(64) % 2
begin = time.perf_counter()
try:
    model = Model([3, 10_000, 10_000, 1]).fit(X, y, epochs=1, batch_size=32)
    assert np.isfinite(model.predict_proba(X)).all()
    what = f"fits, {model.history[0]['seconds']:.1f} s an epoch of 2 steps"
except MemoryError as error:
    what = f"MemoryError: {error}"
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"[3, 10000, 10000, 1]: {what}; {time.perf_counter() - begin:.1f} s in all, {peak:.1f} GiB")
try:
    Model([10_000] * 2000)
except MemoryError as error:
    print(f"2,000 layers of 10,000: MemoryError: …{str(error)[-70:]}")
"""


def test_no_index_wraps_at_32_bits():
    print(python(HUGE, timeout=600), end="")


def test_width_ten_thousand():
    print(python(WIDE, timeout=600), end="")


def seconds(model, X, y):
    """Return the least of nine runs of the gradient, after a first: of the processor, which others may share."""
    model.loss_and_gradient(X, y)
    times = []
    for _ in range(9):
        begin = time.process_time()
        model.loss_and_gradient(X, y)
        times.append(time.process_time() - begin)
    return min(times)


def test_subnormal_numbers_are_not_slow():
    draw = np.random.default_rng(0)
    for dtype, tiny in (("float32", 1e-42), ("float64", 1e-312)):
        X = draw.uniform(1, 2, (50_000, 32)).astype(dtype)
        y = np.arange(len(X)) % 2
        for activation in ("relu", "tanh"):
            model = Model([32, 64, 64, 1], activation, dtype=dtype, n_threads=1)
            normal = seconds(model, X, y)
            model.weights[0][...] *= tiny  # so that Z is subnormal, too
            slow = max(seconds(model, X, y), seconds(model, (X * X.dtype.type(tiny)), y))
            print(f"{dtype}, {activation}: subnormal numbers take {slow / normal:.2f} × the time of others")
            assert slow < 2 * normal


def test_random_shapes_stay_within_their_arrays():
    seed = int(np.random.default_rng().integers(2**31))
    begin = time.perf_counter()
    assert fits_of_random_shapes(seed, BOUNDS_SHAPES, timeout=1800) == "passed\n", f"seed {seed}"
    took = time.perf_counter() - begin
    print(f"{BOUNDS_SHAPES} nets of random shapes (seed {seed}) stay within their arrays: {took:.0f} s")


def test_catalogue_and_kernels_under_the_check():
    tests = [
        "tests/catalogue",
        "tests/network/test_gradient.py",
        "tests/kernels/test_kernels.py",
        "tests/rows/test_rows.py",
    ]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NUMBA_BOUNDSCHECK": "1"}, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-5000:]
    passed = sum(line.count(".") for line in done.stdout.splitlines() if line.startswith("."))
    print(f"under NUMBA_BOUNDSCHECK=1: {' '.join(tests)}: {passed} tests pass")
