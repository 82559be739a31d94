"""SHA-256 of the weights over threads × where rows lie × runs, and over processes of other environments.

The promise: the same version of fastmlp, the same instruction set (the width of vectors that kernels are compiled for)
and the same dtype give the same weights, bit for bit. L-BFGS is scipy's, and needs the same BLAS, too, but no number of
its threads.
"""

import itertools
import os

import bits
import pytest

RUNS = 5
CORES = sorted(os.sched_getaffinity(0))
ELSEWHERE = {
    "NUMBA_NUM_THREADS=1": dict(NUMBA_NUM_THREADS="1"),
    f"NUMBA_NUM_THREADS={len(CORES)}": dict(NUMBA_NUM_THREADS=str(len(CORES))),
    "one core": dict(cores=CORES[:1]),
    "the last core": dict(cores=CORES[-1:]),
    "one thread of BLAS": dict(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1"),
    "kernels of OpenBLAS for SSE3": dict(OPENBLAS_CORETYPE="Prescott"),
    "kernels of OpenBLAS for AVX2": dict(OPENBLAS_CORETYPE="Haswell"),
    "another seed of hashes": dict(PYTHONHASHSEED="123"),
    "another locale": dict(LC_ALL="C", LANG="C"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return bits.write_rows(tmp_path_factory.mktemp("rows"))


def test_threads_sources_and_runs(folder, monkeypatch):
    started, expected, fits = bits.start_all_threads(monkeypatch), None, 0
    for n_threads, _ in itertools.product(bits.THREADS, range(RUNS)):
        started.clear()
        found = bits.digests(folder, n_threads)
        assert max(started) == n_threads
        expected = expected or found
        assert found == expected, f"{n_threads} threads"
        fits += sum(len(sources) for by_digest in found.values() for sources in by_digest.values())
    for name, by_digest in expected.items():
        (digest, sources), *others = by_digest.items()
        assert not others, f"{name}: {by_digest}"
        print(f"{name}: {digest[:16]}… of {', '.join(sources)}, with {bits.THREADS} threads, {RUNS} runs each")
    print(f"{fits} fits, {len(expected)} different models, as many SHA-256")
    assert len({digest for by_digest in expected.values() for digest in by_digest}) == len(expected)


def test_processes_with_other_environments(folder):
    expected = bits.digests(folder)
    for name, change in ELSEWHERE.items():
        assert bits.digests_elsewhere(folder, **change) == expected, name
    fits = sum(len(sources) for by_digest in expected.values() for sources in by_digest.values())
    print(f"{fits} fits each, of the same SHA-256, in {len(ELSEWHERE)} other processes: {', '.join(ELSEWHERE)}")


def test_kernels_that_are_compiled_anew(folder, tmp_path):
    assert bits.digests_elsewhere(folder, FASTMLP_CACHE_DIR=str(tmp_path)) == bits.digests(folder)
    print("the same SHA-256 from kernels that were compiled anew")
