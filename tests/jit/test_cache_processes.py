"""The kernel cache between processes: whatever happens to its folder or to the sources, the result is the same.

By the smallest entry point, which compiles in no time.
"""

import ctypes
import os
import random
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastmlp

ORDER = """
from fastmlp.rows.order import Order
rows = Order(1000).shuffled(1, 2).rows(0, 1000)
from fastmlp.kernels.shuffle import permuted_rows
print(hash(rows.tobytes()), sum(permuted_rows.stats.cache_hits.values()))
"""
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


def obey_permissions():
    """Of the child: root, too, may only do what the permissions say."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
        raise OSError("prctl")


def small_files():
    """Of the child: a file ends at 1000 bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def start(code, folder, before=obey_permissions, **variables):
    """Begin code in a new process. A variable that is None is not set there."""
    given = {**os.environ, "PYTHONHASHSEED": "0", "FASTMLP_CACHE_DIR": str(folder), **variables}
    given = {name: str(value) for name, value in given.items() if value is not None}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=given, preexec_fn=before, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process):
    """Return (result, whether it was found in the cache, warnings) of the process."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    result, hits = out.split()
    assert error.count("Warning") == ("cannot be kept" in error)
    assert ("cannot be kept" in error) == bool(error), error
    return result, hits == "1", error.count("Warning")


def run(*arguments, **variables):
    """`start` and `end`."""
    return end(start(*arguments, **variables))


def package_to_edit(folder):
    """Return a copy of the package, and the variables by which processes use it."""
    package = folder / "packages" / "fastmlp"
    shutil.copytree(Path(fastmlp.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package, {"PYTHONPATH": package.parent, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    """Make a cache that holds what ORDER needs, and return ORDER's result with it."""
    path = tmp_path_factory.mktemp("order")
    result, hit, _ = run(ORDER, path)
    assert not hit
    assert run(ORDER, path) == (result, True, 0)
    return path, result


def test_home_that_cannot_be_written_to(order, tmp_path):
    """A temporary folder helps."""
    home = tmp_path / "home"
    home.mkdir(0o500)
    for variables in ({"HOME": home}, {"HOME": home / "nothing"}, {"HOME": None}):
        temporary = tmp_path / str(len(list(tmp_path.iterdir())))
        temporary.mkdir()
        variables = {**variables, "FASTMLP_CACHE_DIR": None, "XDG_CACHE_HOME": None, "TMPDIR": temporary}
        assert run(ORDER, "", **variables) == (order[1], False, 0)
        assert run(ORDER, "", **variables) == (order[1], True, 0)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("place", ["read-only", "a file", "/proc", "full"])
def test_a_folder_that_takes_nothing(order, tmp_path, place):
    before, path = obey_permissions, tmp_path / place.strip("/")
    if place == "read-only":
        path.mkdir(0o500)
    elif place == "a file":
        path.touch()
    elif place == "/proc":
        path = "/proc/none"
    else:
        before = small_files
    assert run(ORDER, path, before) == (order[1], False, 1)
    if place == "full":
        assert [file for file in path.rglob("*") if file.is_file()] == []
        assert run(ORDER, path) == (order[1], False, 0)
        assert run(ORDER, path) == (order[1], True, 0)


KILLED = "import os; os.replace = lambda *names, **folders: os.kill(os.getpid(), 9)" + ORDER


def test_a_process_that_is_killed_as_it_writes(order, tmp_path):
    """No other process takes what it left for a kernel."""
    killed = start(KILLED, tmp_path)
    killed.communicate(timeout=100)
    assert killed.returncode == -9
    assert [file.suffix for file in tmp_path.rglob("*") if file.is_file()] == [".part"]
    assert run(ORDER, tmp_path) == (order[1], False, 0)
    assert run(ORDER, tmp_path) == (order[1], True, 0)


def test_a_read_only_cache_is_used(order, tmp_path):
    """As one that another user has filled."""
    shutil.copytree(order[0], tmp_path, dirs_exist_ok=True)
    folders = [path for path in tmp_path.rglob("*") if path.is_dir()]
    for path in (tmp_path, *folders):
        path.chmod(0o500)
    try:
        assert run(ORDER, tmp_path) == (order[1], True, 0)
    finally:
        for path in (tmp_path, *folders):
            path.chmod(0o700)


def test_an_edited_kernel_and_a_package_that_is_not_mine_to_write(order, tmp_path):
    """An edit of what the entry point calls, which Numba's own cache would not notice."""
    cache, (package, variables) = tmp_path / "cache", package_to_edit(tmp_path)
    shutil.copytree(order[0], cache)
    source = package / "kernels" / "shuffle.py"
    text = source.read_text()
    assert text.count("i >> record.shift") == 1
    assert run(ORDER, cache, **variables) == (order[1], True, 0)
    source.write_text(text.replace("i >> record.shift", "i >> (record.shift + 1)"))
    edited, hit, _ = run(ORDER, cache, **variables)
    assert edited != order[1]
    assert not hit
    source.write_text(text)
    for path in (package, *package.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert run(ORDER, cache, **variables) == (order[1], True, 0)
    finally:
        for path in (package, *package.rglob("*")):
            path.chmod(0o700)


def test_bounds_check_switched(order, tmp_path):
    """Each setting has its own kernels."""
    shutil.copytree(order[0], tmp_path, dirs_exist_ok=True)
    for check, hit in (("1", False), (None, True), ("1", True), ("0", False), (None, True)):
        assert run(ORDER, tmp_path, NUMBA_BOUNDSCHECK=check) == (order[1], hit, 0)


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Return a cache that three processes filled together, and the one result of all."""
    path = tmp_path_factory.mktemp("together")
    ends = [end(process) for process in [start(ORDER, path) for _ in range(3)]]
    assert len({result for result, _, _ in ends}) == 1
    assert [warned for _, _, warned in ends] == [0, 0, 0]
    return path, ends[0][0]


def test_processes_that_start_together_on_an_empty_cache(together):
    path, result = together
    assert run(ORDER, path) == (result, True, 0)
    assert {file.suffix for file in path.rglob("*") if file.is_file()} == {".kernel"}


def test_a_cache_of_flipped_bits(together, tmp_path):
    shutil.copytree(together[0], tmp_path, dirs_exist_ok=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name.split("-")[0] for path in files] == ["permuted_rows"]
    chance = random.Random(0)
    for path in files:
        content = bytearray(path.read_bytes())
        for _ in range(20):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
    assert run(ORDER, tmp_path) == (together[1], False, 0)
    assert run(ORDER, tmp_path) == (together[1], True, 0)
