"""The kernel cache within a process: a file that does not fit is not taken, and replaced."""

import hashlib
import inspect
import os
import random
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from numba.core import config

import fastmlp
from fastmlp.jit import cache
from fastmlp.jit.cache import KernelCache
from fastmlp.jit.compile import entry_point
from fastmlp.kernels import steps
from fastmlp.system.private_folder import PrivateFolder, private_name

DIGEST_SIZE = 32


def twice(numbers):
    """Out: its double."""
    for i in range(len(numbers)):
        numbers[i] *= 2


def thrice(numbers):
    """Out: three times itself."""
    for i in range(len(numbers)):
        numbers[i] *= 3


def found(function=twice, factor=2):
    """Is the kernel in the cache? Its result is right in any case, and if it was not there, now it should be."""
    compiled, numbers = entry_point(function), np.arange(5.0)
    compiled(numbers)
    np.testing.assert_array_equal(numbers, factor * np.arange(5))
    return sum(compiled.stats.cache_hits.values()) == 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make an empty cache."""
    monkeypatch.setenv("FASTMLP_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(KernelCache, "warned", False)
    return tmp_path


@pytest.fixture
def kept(folder):
    """Return the file of the kernel `twice`."""
    assert not found()
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    assert found()
    return path


def spied_key(monkeypatch):
    """Return the key under which `twice` is looked up."""
    keys, find = [], cache.find
    with monkeypatch.context() as context:
        context.setattr(cache, "find", lambda name, key: keys.append(key) or find(name, key))
        assert found()
    return keys[0]


def read(path, key):
    """Return what the cache takes from a file."""
    with PrivateFolder(path.parent) as folder:
        return cache.read(folder, path.name, key)


def test_each_flipped_bit_and_each_length_is_noticed(kept, monkeypatch):
    key, content = spied_key(monkeypatch), kept.read_bytes()
    assert read(kept, key) == content[DIGEST_SIZE:]
    chance = random.Random(0)
    for at in [*range(DIGEST_SIZE + 20), *(chance.randrange(len(content)) for _ in range(2000)), len(content) - 1]:
        damaged = bytearray(content)
        damaged[at] ^= 1 << chance.randrange(8)
        kept.write_bytes(damaged)
        assert read(kept, key) is None, at
    for length in [0, 1, DIGEST_SIZE - 1, DIGEST_SIZE, *(chance.randrange(len(content)) for _ in range(200))]:
        kept.write_bytes(content[:length])
        assert read(kept, key) is None, length
    kept.write_bytes(content + b"\0")
    assert read(kept, key) is None


def well_signed_garbage(path, monkeypatch):
    """Return a file that is valid by its digest, and holds nothing that can be unpickled."""
    key = spied_key(monkeypatch)
    path.write_bytes(hashlib.sha256(key + b"garbage").digest() + b"garbage")


DAMAGE = {
    "one bit": lambda path, _: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "half": lambda path, _: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path, _: path.write_bytes(b""),
    "other content": well_signed_garbage,
    "removed": lambda path, _: path.unlink(),
    "folder removed": lambda path, _: shutil.rmtree(path.parent),
    "a named pipe": lambda path, _: (path.unlink(), os.mkfifo(path)),
    "a link to itself": lambda path, _: (path.unlink(), path.symlink_to(path)),
    "others can write to it": lambda path, _: path.chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_file_is_replaced(kept, damage, monkeypatch):
    damage(kept, monkeypatch)
    assert not found()
    assert found()
    assert kept.stat().st_mode & 0o022 == 0
    assert list(kept.parent.iterdir()) == [kept]


def test_a_file_of_another_kernel_is_not_taken(kept):
    other = kept.read_bytes()
    kept.unlink()
    assert not found(thrice, 3)
    (path,) = kept.parent.iterdir()
    path.write_bytes(other)
    assert not found(thrice, 3)
    assert found(thrice, 3)


def test_a_full_disk_leaves_nothing_behind_and_warns_once(folder, monkeypatch):
    def full(*names, **folders):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(os, "replace", full)
        with pytest.warns(RuntimeWarning, match="No space left on device.* set FASTMLP_CACHE_DIR"):
            assert not found()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not found(thrice, 3)
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []
    assert not found()
    assert found()


def test_what_killed_processes_left_is_removed(kept):
    """But not what another process may be writing now."""
    now, long_ago = (kept.with_name(f"{kept.name}.{name}.part") for name in ("now", "long_ago"))
    for path in (now, long_ago):
        path.touch()
    os.utime(long_ago, (0, 0))
    assert not found(thrice, 3)
    assert now.exists()
    assert not long_ago.exists()


def test_a_folder_in_place_of_the_file(kept):
    kept.unlink()
    kept.mkdir()
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        assert not found()
    assert list(kept.parent.iterdir()) == [kept]


@pytest.fixture
def restored_settings():
    """Numba reads its settings again afterwards."""
    yield
    config.reload_config()


@pytest.mark.usefixtures("restored_settings")
def test_settings_that_change_after_the_import_stop_the_cache(kept, monkeypatch):
    """The kernels that an entry point calls may be compiled already, with the former settings."""
    with monkeypatch.context() as context:
        context.setenv("NUMBA_BOUNDSCHECK", "1" if not config.BOUNDSCHECK else "0")
        assert not found()
        assert not found(thrice, 3)
        assert not found(thrice, 3)
    config.reload_config()
    assert found()


def test_sources_that_change_after_the_import_stop_the_cache(kept, monkeypatch):
    sources = cache.sources()
    with monkeypatch.context() as context:
        for others in [{**sources, "matmul.py": b"pass"}, {}]:
            context.setattr(cache, "sources", lambda others=others: others)
            assert not found()
    assert found()


def test_files_that_are_no_sources_do_not_matter(tmp_path, monkeypatch):
    """As the dangling link by which an editor says that it has the file open."""
    jit = tmp_path / "jit"
    jit.mkdir()
    (jit / "vectors.py").write_text("pass")
    (jit / ".#vectors.py").symlink_to("user@host.1")
    monkeypatch.setattr(cache, "__file__", str(jit / "cache.py"))
    assert cache.sources() == {"jit/vectors.py": b"pass"}
    (jit / "compile.py").symlink_to("nowhere")
    assert cache.sources() == {}


def test_sources_are_those_of_all_functions_that_are_compiled_and_kept():
    """Each file counts that an entry point's code, or what it imports for it, comes from."""
    package = Path(fastmlp.__file__).parent
    reached, left = set(), [steps]
    while left:
        module = left.pop()
        if module.__name__ in reached:
            continue
        reached.add(module.__name__)
        for value in vars(module).values():
            name = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
            if isinstance(name, str) and name.startswith("fastmlp."):
                left.append(sys.modules[name])
    machine_code = {name for name in reached if not name.startswith(("fastmlp.system.", "fastmlp.exceptions"))}
    paths = {str(Path(sys.modules[name].__file__).relative_to(package)) for name in machine_code}
    assert {"kernels/steps.py", "kernels/matmul.py", "jit/micro_kernel.py", "jit/compile.py"} <= paths
    assert paths <= cache.sources().keys()


def test_without_sources_nothing_is_kept(kept, monkeypatch):
    """In a zip file there is nothing that would tell one version's kernels from another's."""
    monkeypatch.setattr(cache, "sources", dict)
    monkeypatch.setattr(cache, "AT_IMPORT", cache.made_from())
    assert not found()
    assert not found()


@pytest.mark.parametrize(
    ("variables", "roots"),
    [
        ({"FASTMLP_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, ["/a"]),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, ["/b", "private"]),
        ({"HOME": "/c"}, ["/c/.cache", "private"]),
        ({"FASTMLP_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, ["/c/.cache", "private"]),
        ({"LOCALAPPDATA": "/b", "HOME": "/c"}, ["/b", "private"]),
        ({"LOCALAPPDATA": "relative", "HOME": "/c"}, ["/c/.cache", "private"]),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, ["/c/.cache", "private"]),
        ({"XDG_CACHE_HOME": "relative", "HOME": "relative"}, ["private"]),
        ({"HOME": ""}, ["private"]),
        ({}, ["private"]),
    ],
)
def test_where_kernels_are_kept(monkeypatch, variables, roots):
    for name in ("FASTMLP_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folders = list(cache.cache_folders())
    private = (tempfile.gettempdir(), private_name("fastmlp"))
    assert [folder[:2] for folder in folders] == [private if root == "private" else (root, "fastmlp") for root in roots]
    assert len({folder[2:] for folder in folders}) == 1
