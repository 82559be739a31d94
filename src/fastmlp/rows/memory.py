"""How much memory this process may still take."""

import contextlib
from collections.abc import Callable
from pathlib import Path

MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
LITTLE = 2**28  # bytes that are asked for without a look at what is left


def available_memory() -> int:
    """Bytes: what the machine has left, bounded by what the cgroup (v2 or v1) grants."""
    found = [left_on_machine()]
    for limit, used in (
        (CGROUP / "memory.max", CGROUP / "memory.current"),
        (CGROUP / "memory/memory.limit_in_bytes", CGROUP / "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            idle = cache_that_goes(used.parent / "memory.stat")
            found.append(int(limit.read_text()) - int(used.read_text()) + idle)
    return max(0, min(found))


def left_on_machine() -> int:
    """Bytes that Linux tells, and psutil on other systems; without bound where neither can."""
    with contextlib.suppress(OSError, ValueError):
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    import psutil  # here, as it is not needed on Linux, and its import takes a while

    with contextlib.suppress(OSError):
        return int(psutil.virtual_memory().available)
    return 2**62


def check_memory(argument: Callable[[], str], size: int) -> None:
    """Raise MemoryError, which names the argument, if so many bytes are not there.

    Linux grants more than there is, and kills the process when the memory is used.
    """
    if size > LITTLE and size > (left := available_memory()):
        raise MemoryError(f"{argument()}: this takes {size / 2**30:.1f} GiB, but only {left / 2**30:.1f} GiB are left")


def cache_that_goes(stat: Path) -> int:
    """Bytes of files that the cgroup counts as used, and that make room when memory is asked for."""
    lines = dict(line.split()[:2] for line in stat.read_text().splitlines())
    return int(lines.get("total_inactive_file", lines.get("inactive_file", 0)))
