"""Digests of trained weights, which no change of the code may alter, for each instruction set.

    python tests/golden.py             # prints those of this process as JSON
    python tests/golden.py --record    # writes into golden.json those of all instruction sets that this machine has

A process compiles for the processor that NUMBA_CPU_NAME and NUMBA_CPU_FEATURES name, so that a machine with AVX-512
checks the digests of AVX2, too. Outside of the kernels, data and nets are made by exact arithmetic and square roots:
the digests depend neither on the C library nor on the number of threads.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import llvmlite.binding
import numpy as np

from fastmlp import SGD, Adam, AdamW, MLPClassifier, Model, Momentum, Nesterov, rows

RECORDED = Path(__file__).with_name("golden.json")


AVX2 = "avx avx2 bmi bmi2 cx16 f16c fma lzcnt movbe popcnt sse3 sse4.1 sse4.2 ssse3"
AVX512 = f"{AVX2} avx512bw avx512cd avx512dq avx512f avx512vl"
# The processor that each set of digests is compiled for, and its features.
TARGETS = {"avx2": ("haswell", AVX2.split()), "avx512": ("skylake-avx512", AVX512.split())}


def runs_here(name):
    """Return whether this machine has the instruction set."""
    has = llvmlite.binding.get_host_cpu_features()
    return all(has.get(feature, False) for feature in TARGETS[name][1])


def computed(name):
    """Return the digests of an instruction set, from a process that compiles for it."""
    cpu, features = TARGETS[name]
    target = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ",".join(f"+{feature}" for feature in features)}
    done = subprocess.run(
        [sys.executable, __file__], env={**os.environ, **target}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def table(n, p, K=2):
    """X (n, p) of multiples of 1/1024 and y (n) of 0 … K-1, which depends on X."""
    integers = np.random.default_rng(n + p).integers(-2048, 2048, (n, p))
    signs = np.where(np.arange(p) % 3 == 0, -1, 1)
    place = np.abs(integers[:, : min(p, 4)] * signs[: min(p, 4)]).sum(axis=1) * K // (min(p, 4) * 2049)
    return integers / 1024, np.minimum(place, K - 1)


def numbers(X, K, counts):
    """Y (n, K), or (n) for K = 1: products of neighbouring columns of X, or counts about as large."""
    Y = np.stack([X[:, k] * X[:, (k + 1) % X.shape[1]] for k in range(K)], axis=1)
    Y = np.floor(np.abs(2 * Y)) if counts else Y
    return Y if K > 1 else Y[:, 0]


OF_MODEL = "activation", "bias", "dtype", "out_activation", "loss", "quantile", "delta", "dropout"


def trained(widths, n, K=2, epochs=3, weighted=False, stream=False, multilabel=False, target_scaling=None, **how):
    """θ and the losses of a fitted model; K: the number of classes, or of targets that are numbers."""
    settings = {name: how.pop(name) for name in OF_MODEL if name in how}
    numeric = "loss" in settings
    X, y = table(n, widths[0], 2 if numeric else K)
    y = numbers(X, K, settings["loss"] == "poisson") if numeric else y
    y = (y[:, None] >> np.arange(widths[-1])) & 1 if multilabel else y
    w = (np.arange(n) % 5) / 4 if weighted else None
    model = Model(widths, seed=3, **settings)
    if target_scaling is not None:
        model.target_scaling = target_scaling
    if stream:
        blocks = [(X[first : first + 300], y[first : first + 300]) for first in range(0, n, 300)]
        model.fit(rows.Blocks(lambda: iter(blocks), window_rows=700), epochs=epochs, **how)
    else:
        model.fit(X, y, w, epochs=epochs, **how)
    return [model.parameters, np.array([record["loss"] for record in model.history])]


def gradient(widths, n, **settings):
    """J and its gradient."""
    X, y = table(n, widths[0])
    J, found = Model(widths, seed=5, **settings).loss_and_gradient(X, y)
    return [np.array([J]), found.parameters]


def classifier(n, p, K=2, **how):
    """Weights, biases and losses of a fitted classifier."""
    fitted = MLPClassifier(random_state=7, tol=0.0, max_iter=4, n_iter_no_change=9, **how).fit(*table(n, p, K))
    return [*fitted.coefs_, *fitted.intercepts_, np.array(fitted.loss_curve_)]


CASES = {
    "28-64-64-1 b256": lambda: trained([28, 64, 64, 1], 3000, batch_size=256),
    "28-64-64-1 b32": lambda: trained([28, 64, 64, 1], 2000, batch_size=32, optimizer=Adam(2e-3)),
    "54-256-256-1 b1024": lambda: trained([54, 256, 256, 1], 5000, batch_size=1024, optimizer=AdamW(1e-3), epochs=2),
    "28-16-1 all rows": lambda: trained([28, 16, 1], 4000, batch_size=None, optimizer=SGD(0.5), activation="logistic"),
    "30-1": lambda: trained([30, 1], 1500, batch_size=100, optimizer=Nesterov(0.05), l2=0.25, dtype="float64"),
    "10-100-1 float64": lambda: trained([10, 100, 1], 1500, batch_size=200, activation="tanh", dtype="float64"),
    "9-24-24-1 without bias": lambda: trained([9, 24, 24, 1], 1500, bias=False, activation="elu", weighted=True),
    "7-33-17-5-1": lambda: trained(
        [7, 33, 17, 5, 1], 1500, batch_size=64, activation=["gelu", "silu", "softplus"], optimizer=Momentum(0.02)
    ),
    "20-40-6 softmax": lambda: trained([20, 40, 6], 2500, K=6, batch_size=128, activation="leaky_relu"),
    "20-40-3 labels": lambda: trained(
        [20, 40, 3], 2500, K=8, batch_size=128, activation="selu", multilabel=True, out_activation="logistic"
    ),
    "12-32-16-4 stream": lambda: trained([12, 32, 16, 4], 3100, K=4, batch_size=128, stream=True),
    "16-48-1 early stopping": lambda: trained(
        [16, 48, 1], 2000, batch_size=100, validation_fraction=0.25, early_stopping=True, n_iter_no_change=2, epochs=8
    ),
    "20-48-1 squared error": lambda: trained([20, 48, 1], 2500, K=1, batch_size=128, loss="squared_error", l2=0.125),
    "20-48-3 squared error, scaled": lambda: trained(
        [20, 48, 3],
        2500,
        K=3,
        batch_size=128,
        loss="squared_error",
        weighted=True,
        target_scaling=(np.array([0.5, -0.25, 1]), np.array([0.75, 2, 0.5])),
    ),
    "16-40-1 poisson": lambda: trained([16, 40, 1], 2500, K=1, batch_size=100, loss="poisson", activation="tanh"),
    "16-40-9 poisson float64": lambda: trained(
        [16, 40, 9], 2000, K=9, batch_size=None, loss="poisson", dtype="float64", optimizer=SGD(0.125)
    ),
    "16-33-3 quantiles": lambda: trained(
        [16, 33, 3], 2500, K=1, batch_size=64, loss="quantile", quantile=[0.125, 0.5, 0.875], stream=True
    ),
    "12-24-1 huber": lambda: trained(
        [12, 24, 1], 2000, K=1, batch_size=200, loss="huber", delta=0.5, activation="silu", weighted=True
    ),
    "20-40-8-1 dropout": lambda: trained([20, 40, 8, 1], 2000, batch_size=100, dropout=[0.25, 0.125]),
    "gradient 28-256-256-1": lambda: gradient([28, 256, 256, 1], 5000),
    "gradient 40-300-300-1 float64": lambda: gradient([40, 300, 300, 1], 2000, dtype="float64"),
    "MLPClassifier adam": lambda: classifier(1200, 15, hidden_layer_sizes=(32, 32), early_stopping=True),
    "MLPClassifier sgd": lambda: classifier(
        1200, 15, K=3, hidden_layer_sizes=(24,), solver="sgd", learning_rate="adaptive", learning_rate_init=0.1
    ),
    "MLPClassifier dropout": lambda: classifier(1200, 15, dtype="float32", hidden_layer_sizes=(40, 8), dropout=0.25),
}


def digests():
    """Return the digest of each case."""
    found = {}
    for name, case in CASES.items():
        text = hashlib.sha256()
        for array in case():
            text.update(np.ascontiguousarray(array).tobytes())
        found[name] = text.hexdigest()[:16]
    return found


def main():
    """Print digests, or record them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    if not parser.parse_args().record:
        warnings.simplefilter("ignore")  # few epochs do not converge
        print(json.dumps(digests()))
        return
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    recorded |= {name: computed(name) for name in TARGETS if runs_here(name)}
    RECORDED.write_text(json.dumps(recorded, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
