"""How much memory is left: told by Linux, elsewhere by psutil, and bounded by the cgroup."""

from types import SimpleNamespace

import psutil
import pytest

from fastmlp.system import machine

MEMINFO = "MemTotal: 9000 kB\nMemFree: 1000 kB\nMemAvailable: 5000 kB\n"
V1 = {"memory/memory.limit_in_bytes": 3000, "memory/memory.usage_in_bytes": 2000,
      "memory/memory.stat": "total_inactive_file 500"}  # fmt: skip
V2 = {"memory.max": 3000, "memory.current": 2000, "memory.stat": "anon 7\ninactive_file 400"}


@pytest.fixture
def set_machine(tmp_path, monkeypatch):
    """Make a machine of files, and of what psutil tells: bytes, or None where it fails."""
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)

    def make(meminfo, cgroup, psutil_tells):
        for name, content in {"meminfo": meminfo, **cgroup}.items():
            if content is not None:
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_text(str(content))

        def virtual_memory():
            if psutil_tells is None:
                raise FileNotFoundError("/proc/meminfo")
            return SimpleNamespace(available=psutil_tells)

        monkeypatch.setattr(psutil, "virtual_memory", virtual_memory)

    return make


@pytest.mark.parametrize(
    ("meminfo", "cgroup", "psutil_tells", "left"),
    [
        (MEMINFO, {}, 77, 5000 * 1024),
        (MEMINFO, V2, 77, 1400),
        (MEMINFO, V1, 77, 1500),
        (MEMINFO, {**V2, "memory.max": "max"}, 77, 5000 * 1024),
        (MEMINFO, {**V2, "memory.current": 9000}, 77, 0),
        (None, {}, 7_000_000, 7_000_000),
        (None, V2, 7_000_000, 1400),
        (None, {}, None, 2**62),
        (None, V1, None, 1500),
        ("MemTotal: 9000 kB\n", {}, 77, 77),
    ],
)
def test_what_is_left(set_machine, meminfo, cgroup, psutil_tells, left):
    set_machine(meminfo, cgroup, psutil_tells)
    assert machine.available_memory() == left


def test_what_does_not_fit_is_foreseen_without_proc(set_machine):
    set_machine(None, {}, 2**29)
    machine.check_memory(lambda: "X", 2**29)
    with pytest.raises(MemoryError, match=r"X: this takes 1\.0 GiB, but only 0\.5 GiB are left"):
        machine.check_memory(lambda: "X", 2**30)


def test_psutil_tells_what_this_machine_tells(monkeypatch, tmp_path):
    known = machine.left_on_machine()
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "none")
    assert 0.5 * known < machine.left_on_machine() < 2 * known
