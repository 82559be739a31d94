"""How much memory is left, as psutil tells, and bounded by the cgroup."""

from types import SimpleNamespace

import psutil
import pytest

from fastmlp.system import machine

V1 = {"memory/memory.limit_in_bytes": 3000, "memory/memory.usage_in_bytes": 2000,
      "memory/memory.stat": "total_inactive_file 500"}  # fmt: skip
V2 = {"memory.max": 3000, "memory.current": 2000, "memory.stat": "anon 7\ninactive_file 400"}


@pytest.fixture
def set_machine(tmp_path, monkeypatch):
    """Make a cgroup of files, and what psutil tells: bytes, or None where it fails."""
    monkeypatch.setattr(machine, "CGROUP", tmp_path)

    def make(cgroup, psutil_tells):
        for name, content in cgroup.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(str(content))

        def virtual_memory():
            if psutil_tells is None:
                raise FileNotFoundError("/proc/meminfo")
            return SimpleNamespace(available=psutil_tells)

        monkeypatch.setattr(psutil, "virtual_memory", virtual_memory)

    return make


@pytest.mark.parametrize(
    ("cgroup", "psutil_tells", "left"),
    [
        ({}, 5000, 5000),
        (V2, 5000, 1400),
        (V2, 77, 77),
        (V1, 5000, 1500),
        ({**V2, "memory.max": "max"}, 5000, 5000),
        ({**V2, "memory.current": 9000}, 5000, 0),
        ({}, None, 2**62),
        (V1, None, 1500),
    ],
)
def test_what_is_left(set_machine, cgroup, psutil_tells, left):
    set_machine(cgroup, psutil_tells)
    assert machine.available_memory() == left


def test_what_does_not_fit_is_foreseen(set_machine):
    set_machine({}, 2**29)
    machine.check_memory(lambda: "X", 2**29)
    with pytest.raises(MemoryError, match=r"X: this takes 1\.0 GiB, but only 0\.5 GiB are left"):
        machine.check_memory(lambda: "X", 2**30)


def test_psutil_tells_of_this_machine():
    assert 2**20 < machine.available_memory() <= psutil.virtual_memory().total
