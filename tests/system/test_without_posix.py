"""What Windows and macOS lack is taken away: the rest does the same, bit for bit."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastmlp.system import atomic_write as module_of_it
from fastmlp.system import temporaries
from fastmlp.system.atomic_write import replaced

PROGRAM = Path(__file__).parents[1] / "without_posix.py"


def run(folder, how):
    """(Digests, was the kernel cached?, files) of the program."""
    done = subprocess.run(
        [sys.executable, "-W", "error", PROGRAM, folder, how], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    *digests, hit, names = done.stdout.rstrip("\n").split(" ", 3)
    return digests, hit, names


def test_a_process_without_what_windows_lacks(tmp_path):
    expected = run(tmp_path / "with", "with")
    first = run(tmp_path / "without", "without")
    assert first == expected
    assert expected[1:] == ("False", "c d.csv kernels m p.csv t")
    assert run(tmp_path / "without", "without") == (expected[0], "True", expected[2])


@pytest.fixture
def without_locks(monkeypatch):
    for module in (temporaries, module_of_it):
        monkeypatch.setattr(module, "HAS_LOCKS", False)
    monkeypatch.setattr(temporaries, "fcntl", None)
    monkeypatch.delattr(os, "fchmod")


def test_without_locks_age_tells_what_was_left_behind(without_locks, tmp_path):
    old, young, link, folder = (tmp_path / f".m.{k * 16}.fastmlp-new" for k in "0123")
    for path in (old, young, tmp_path / "other"):
        path.write_bytes(b"part")
    link.symlink_to(tmp_path / "other")
    folder.mkdir()
    days = time.time() - 2 * 24 * 3600
    for path in (old, link, folder):
        os.utime(path, (days, days), follow_symlinks=False)
    with replaced(tmp_path / "m") as file:
        file.write(b"outer")
        with replaced(tmp_path / "m") as inner:
            inner.write(b"inner")
        assert (tmp_path / "m").read_bytes() == b"inner"
    assert (tmp_path / "m").read_bytes() == b"outer"
    assert set(tmp_path.iterdir()) == {young, link, folder, tmp_path / "other", tmp_path / "m"}


def test_without_locks_the_file_is_on_disk_and_closed_before_its_name_changes(without_locks, monkeypatch, tmp_path):
    calls, real = [], {name: getattr(os, name) for name in ("fsync", "close", "replace")}
    for name in real:
        monkeypatch.setattr(os, name, lambda *given, name=name: calls.append(name) or real[name](*given))
    with replaced(tmp_path / "m") as file:
        file.write(b"new")
    assert calls == ["fsync", "close", "replace", "fsync", "close"]
    with pytest.raises(OSError, match="descriptor"):
        file.write(b"late")


def test_without_fchmod_mode_bits_stay(without_locks, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    path.chmod(0o666)
    with replaced(path) as file:
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
