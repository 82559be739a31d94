"""Long runs of the kernel cache, threads and forks: whole fits where tests/ takes small kernels and few repetitions."""

import random
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import test_processes
from process_cases import several
from test_cache_processes import FIT, end, package_to_edit, run, start

from fastmlp import Model

FIT_FLOAT64 = FIT.replace("Model([3, 4, 1])", 'Model([3, 4, 1], dtype="float64")')


def kernels(folder):
    """All files below a folder, each of which should be a kernel."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".kernel"}
    return files


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a cache that ten processes filled together, five in each dtype, and the result of each dtype."""
    path = tmp_path_factory.mktemp("cache")
    begin = time.perf_counter()
    processes = [start(code, path) for code in (FIT, FIT_FLOAT64) for _ in range(5)]
    ends = [end(process) for process in processes]
    results = [{result for result, _, _ in part} for part in (ends[:5], ends[5:])]
    assert [len(part) for part in results] == [1, 1]
    assert [warned for _, _, warned in ends] == [0] * 10
    print(f"ten processes on an empty cache: 2 results of 2 dtypes, no warning, {time.perf_counter() - begin:.0f} s")
    return path, results[0].pop(), results[1].pop()


def test_after_ten_processes_the_cache_is_whole(cache):
    path, single, double = cache
    assert run(FIT, path) == (single, True, 0)
    assert run(FIT_FLOAT64, path) == (double, True, 0)
    assert len(kernels(path)) == 2  # steps.train of each dtype


def test_fits_on_damaged_caches(cache, tmp_path):
    """Each round damages each file in its own way."""
    rounds, chance = 6, random.Random(0)
    for i in range(rounds):
        folder = tmp_path / str(i)
        shutil.copytree(cache[0], folder)
        for path in kernels(folder):
            content = bytearray(path.read_bytes())
            at = chance.randrange(len(content))
            how = chance.choice(["a bit", "end", "block", "zeros", "garbage"])
            if how == "a bit":
                content[at] ^= 1 << chance.randrange(8)
            elif how == "end":
                del content[at:]
            elif how == "block":
                content[at : at + 512] = chance.randbytes(len(content[at : at + 512]))
            elif how == "zeros":
                content[:] = bytes(len(content))
            else:
                content[:] = chance.randbytes(len(content))
            path.write_bytes(content)
        assert run(FIT, folder) == (cache[1], False, 0)
        assert run(FIT, folder) == (cache[1], True, 0)
    print(f"fits on {rounds} damaged caches: {rounds} times the result of an undamaged one, each mended")


def test_an_edited_kernel_and_bounds_checks_of_a_whole_fit(cache, tmp_path):
    """The learning rate, some calls below the entry point."""
    folder, (package, variables) = tmp_path / "cache", package_to_edit(tmp_path)
    shutil.copytree(cache[0], folder)
    source = package / "kernels" / "optimizers.py"
    text = source.read_text()
    assert run(FIT, folder, **variables) == (cache[1], True, 0)
    edited = text.replace("return optimizer.learning_rate\n", "return 0.5 * optimizer.learning_rate\n")
    assert edited != text
    source.write_text(edited)
    result, hit, _ = run(FIT, folder, **variables)
    assert (result != cache[1], hit) == (True, False)
    source.write_text(text)
    assert run(FIT, folder, **variables) == (cache[1], True, 0)
    for check, hit in (("1", False), ("1", True), (None, True)):
        assert run(FIT, folder, NUMBA_BOUNDSCHECK=check) == (cache[1], hit, 0)
    print("an edited kernel, NUMBA_BOUNDSCHECK on and off again: no stale code")


def test_eight_threads_a_hundred_fits_each():
    """Every bit as in a fit alone."""
    X, y = test_processes.rows()
    numbers, lock, wrong = iter(range(8)), threading.Lock(), []

    def fit(seed):
        model = Model([20, 16 + 8 * (seed % 2), 1], "tanh", dtype=("float32", "float64")[seed // 4], seed=seed)
        return model.fit(X, y, epochs=2, batch_size=1000).parameters.tobytes()

    alone = [fit(seed) for seed in range(8)]

    def again_and_again():
        with lock:
            seed = next(numbers)
        wrong.extend(seed for _ in range(100) if fit(seed) != alone[seed])

    begin = time.perf_counter()
    several(again_and_again, 8)
    assert wrong == []
    print(f"eight threads, 100 fits each: 800 equal to a fit alone, {time.perf_counter() - begin:.0f} s")


def test_eight_threads_predict_while_others_fit():
    """One model answers; others are fitted, which takes the same kernels and cores."""
    X, y = test_processes.rows()
    model = Model([20, 64, 1]).fit(X, y, epochs=1)
    expected, wrong, over, count = model.predict_proba(X), [], time.monotonic() + 20, []

    def predict():
        while time.monotonic() < over:
            count.append(1)
            if not np.array_equal(model.predict_proba(X), expected):
                wrong.append(1)

    def fit():
        while time.monotonic() < over:
            Model([20, 32, 1]).fit(X, y, epochs=1, batch_size=200)

    calls = iter([predict] * 8 + [fit] * 2)
    lock = threading.Lock()

    def one():
        with lock:
            call = next(calls)
        call()

    several(one, 10)
    assert wrong == []
    print(f"eight threads, one model: {len(count)} predictions beside fits, all the same bits")


@pytest.mark.parametrize(
    "case", ["fork_during_a_fit", "fork_during_a_compilation", "fork_within_a_call", "preloading_server"]
)
def test_forks_again_and_again(case):
    """At another moment each time."""
    begin, rounds = time.perf_counter(), 15
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, test_processes.SCRIPT, case], capture_output=True, text=True, timeout=200
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert len(set(done.stdout.split())) == 1
    print(f"{case}: {rounds} times, no hang, {time.perf_counter() - begin:.0f} s")
