"""The promise of bits: the same version, instruction set and dtype give the same weights (more of it in soak/)."""

import os

import bits
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fastmlp import MLPClassifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return bits.write_rows(tmp_path_factory.mktemp("rows"))


def test_threads_orders_in_memory_and_files_change_no_bit(folder, monkeypatch):
    started, expected = bits.start_all_threads(monkeypatch), None
    for n_threads in (1, 2, 3):
        started.clear()
        found = bits.digests(folder, n_threads)
        assert max(started) == n_threads
        for name, by_digest in found.items():
            assert len(by_digest) == 1, f"{name}, {n_threads} threads: {by_digest}"
        expected = expected or found
        assert found == expected, f"{n_threads} threads"
    assert len({digest for found in expected.values() for digest in found}) == len(expected)


def test_another_process_on_one_core_with_another_blas_has_the_same_bits(folder, monkeypatch):
    bits.start_all_threads(monkeypatch)
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else None
    elsewhere = bits.digests_elsewhere(
        folder, core, OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Prescott", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1",
        PYTHONHASHSEED="7",
    )  # fmt: skip
    assert elsewhere == bits.digests(folder)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_threads_of_blas_change_no_bit_of_lbfgs():
    """BLAS shares a dot product of more than 10,000 numbers among its threads."""
    X = np.random.default_rng(0).standard_normal((300, 40))
    y, weights = X[:, 0] * X[:, 1] > 0, []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            made = MLPClassifier((200, 60), solver="lbfgs", max_iter=15, random_state=0).fit(X, y)
        weights.append(made.coefs_[0].tobytes())
    assert weights[0] == weights[1]
