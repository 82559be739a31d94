"""Another user of the machine plants a kernel: it is neither read nor run, wherever it lies."""

import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from fastmlp.jit import cache
from fastmlp.jit.cache import KernelCache
from fastmlp.jit.compile import entry_point


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def twice(numbers):
    """Out: its double."""
    for i in range(len(numbers)):
        numbers[i] *= 2


def call():
    """Call a kernel that is looked up in the cache; its result is right, whatever lies there."""
    compiled, numbers = entry_point(twice), np.arange(5.0)
    compiled(numbers)
    np.testing.assert_array_equal(numbers, 2 * np.arange(5))


@pytest.fixture
def machine(monkeypatch):
    """Return a folder that all users can reach, with a temporary folder for all in it; none but that holds kernels."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o755)
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        for name in ("FASTMLP_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        monkeypatch.setattr(KernelCache, "warned", False)
        yield folder


@pytest.fixture
def trap(machine):
    """Return what puts a file into a folder, valid under the key of `twice`; it makes `machine / "sprung"`."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "find", lambda *name_and_key: asked.append(name_and_key))
        patch.setattr(cache, "save", lambda *arguments: None)
        call()
    ((name, key),) = asked
    payload = pickle.dumps(Hostile(str(machine / "sprung")))

    def plant(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        (folder / name).write_bytes(hashlib.sha256(key + payload).digest() + payload)
        (folder / name).chmod(0o644)

    return plant


def places():
    """Return the folders where kernels are looked up, best first."""
    return [Path(*place) for place in cache.cache_folders()]


# Code of the other user, who knows where the victim's kernels lie, and of a folder that the victim has unpacked.
ATTACKS = {
    "his own file": "os.mkdir(private); shutil.copytree(unpacked + leaf, private + leaf)",
    "a link to the victim's file": "os.makedirs(private + leaf); "
    "[os.symlink(f'{unpacked}{leaf}/{name}', f'{private}{leaf}/{name}') for name in os.listdir(unpacked + leaf)]",
    "a link to the victim's folder": "os.symlink(unpacked, private)",
    "a link in his own folder": "os.mkdir(private); os.symlink(unpacked + leaf, private + leaf)",
}
BECOME_ANOTHER = """
import os, shutil, sys
unpacked, private, leaf = sys.argv[1:]
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.umask(0o022)
"""


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_what_another_user_planted_in_the_temporary_folder(machine, trap, attack, monkeypatch):
    with monkeypatch.context() as patch:
        if os.geteuid() != 0:  # who cannot run code as another user: the victim becomes one
            patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        (place,) = places()
        trap(machine / "unpacked" / place.name)
        arguments = [machine / "unpacked", place.parent, f"/{place.name}"]
        subprocess.run([sys.executable, "-c", BECOME_ANOTHER + attack, *map(str, arguments)], check=True)
        assert place.exists()
        with pytest.warns(RuntimeWarning, match=f"cannot be kept .*{machine}.* set FASTMLP_CACHE_DIR"):
            call()
        assert not (machine / "sprung").exists()
    # It is a trap: the same file in the user's own folder is run.
    monkeypatch.setenv("FASTMLP_CACHE_DIR", str(machine / "own"))
    trap(places()[0])
    call()
    assert (machine / "sprung").exists()


OWN = {
    "good": (lambda home: None, False),
    "empty": (lambda home: home.mkdir(), False),
    "a link": (lambda home: (home.with_name("elsewhere").mkdir(), home.symlink_to("elsewhere")), False),
    "a file": (lambda home: home.touch(), True),
    "writable for others": (lambda home: ((home / ".cache").mkdir(parents=True), (home / ".cache").chmod(0o770)), True),
    "ours writable for others": (
        lambda home: ((home / ".cache/fastmlp").mkdir(parents=True), (home / ".cache/fastmlp").chmod(0o770)), True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "is_read"), OWN.values(), ids=list(OWN))
def test_the_temporary_folder_is_read_only_where_the_users_own_cannot_be_used(
    machine, trap, monkeypatch, prepare, is_read
):
    monkeypatch.setenv("HOME", str(machine / "home"))
    prepare(machine / "home")
    own, temporary = places()
    trap(temporary)
    call()
    assert (machine / "sprung").exists() == is_read
    assert own.exists() != is_read
    if not is_read:
        assert [path.suffix for path in own.iterdir()] == [".kernel"]


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_can_write_to_is_refused_with_the_remedy(machine, trap, monkeypatch, level, mode):
    monkeypatch.setenv("FASTMLP_CACHE_DIR", str(machine / "own"))
    (place,) = places()
    trap(place)
    wrong = [place, *place.parents][2 - level]
    wrong.chmod(mode)
    with pytest.warns(RuntimeWarning, match=f"other users can write to {wrong}.*set FASTMLP_CACHE_DIR to a folder"):
        call()
    assert not (machine / "sprung").exists()
    assert wrong.stat().st_mode & 0o777 == mode
    wrong.chmod(0o755)
    call()
    assert (machine / "sprung").exists()
