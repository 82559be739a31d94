"""The promise of bits: the same version, instruction set and dtype give the same weights (more of it in soak/)."""

import os

import bits
import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return bits.write_rows(tmp_path_factory.mktemp("rows"))


def test_threads_orders_in_memory_and_files_change_no_bit(folder, monkeypatch):
    started, expected = bits.start_all_threads(monkeypatch), None
    for n_threads in (1, 3, 8):
        started.clear()
        found = bits.digests(folder, n_threads)
        assert max(started) == n_threads
        for name, by_digest in found.items():
            assert len(by_digest) == 1, f"{name}, {n_threads} threads: {by_digest}"
        expected = expected or found
        assert found == expected, f"{n_threads} threads"
    assert len({digest for found in expected.values() for digest in found}) == len(expected)


def test_another_process_on_one_core_with_another_blas_has_the_same_bits(folder):
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else None
    elsewhere = bits.digests_elsewhere(
        folder, core, OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Prescott", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1",
        PYTHONHASHSEED="7",
    )  # fmt: skip
    assert elsewhere == bits.digests(folder)
