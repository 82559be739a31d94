"""How much memory this process may still take."""

from collections.abc import Callable
from pathlib import Path

LITTLE = 2**28  # bytes that are asked for without a look at what is left


def available_memory() -> int:
    """Bytes: what the machine has left, bounded by what the cgroup (v2 or v1) grants."""
    found = [2**62]
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError):
        pass
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            idle = cache_that_goes(Path(used).parent / "memory.stat")
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()) + idle)
        except (OSError, ValueError):
            continue
    return max(0, min(found))


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
