"""What this process may use of the machine: cores, memory, and the time that its threads have been on cores."""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from numba import config

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


def available_cores() -> int:
    """Cores that this process may use: affinity, the cgroup's quota and NUMBA_NUM_THREADS all bound it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if "NUMBA_NUM_THREADS" in os.environ:
        cores = min(cores, config.NUMBA_NUM_THREADS)
    return max(1, min(cores, cgroup_quota(cores)))


@functools.cache
def cgroup_quota(otherwise: int) -> int:
    """Cores that the cgroup (v2 or v1) grants, rounded up; read once, as short fits ask often."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return otherwise if quota == "max" else -(-int(quota) // int(period))
    except (OSError, ValueError):
        pass
    try:
        v1 = Path("/sys/fs/cgroup/cpu")
        quota, period = ((v1 / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return otherwise if int(quota) <= 0 else -(-int(quota) // int(period))
    except (OSError, ValueError):
        return otherwise


class Patience(NamedTuple):
    """How long a call may go on whose threads wait for cores: then it stops as by Ctrl-C, after a whole step.

    Attributes
    ----------
    seconds : from the call's start
    share : of the time since then that all threads together must have been on cores
    """

    seconds: float
    share: float


class CoreTime:
    """Seconds that a thread has been on a core in its block: after it or, where the system tells, in the middle."""

    known_to_others = hasattr(time, "pthread_getcpuclockid")

    def __init__(self) -> None:
        self.clock: int | None = None
        self.begin = self.total = 0.0

    def __enter__(self) -> None:
        self.begin = time.thread_time()
        if self.known_to_others:
            self.clock = time.pthread_getcpuclockid(threading.get_ident())

    def __exit__(self, *failure: object) -> None:
        self.total = time.thread_time() - self.begin
        self.clock = None  # last: the total must stand when others see this

    @property
    def seconds(self) -> float:
        """So far."""
        clock = self.clock
        if clock is None:
            return self.total
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            return time.clock_gettime(clock) - self.begin
        return self.total
