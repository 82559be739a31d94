"""The cores and the memory that this process may use, and the time that its threads spent on cores."""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from numba import config

CGROUP = Path("/sys/fs/cgroup")
LITTLE = 2**28  # bytes that are allocated without a check


def available_memory() -> int:
    """Return the bytes that the machine has left, at most those that the cgroup (v2 or v1) has left."""
    import psutil  # here, as most fits are too small to need it

    found = [2**62]
    with contextlib.suppress(OSError):
        found.append(int(psutil.virtual_memory().available))
    for limit, used in (
        (CGROUP / "memory.max", CGROUP / "memory.current"),
        (CGROUP / "memory/memory.limit_in_bytes", CGROUP / "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            cached = reclaimable(used.parent / "memory.stat")
            found.append(int(limit.read_text()) - int(used.read_text()) + cached)
    return max(0, min(found))


def check_memory(argument: Callable[[], str], size: int) -> None:
    """Raise MemoryError, which names the argument, if less than `size` bytes are left.

    Linux grants more memory than there is, and kills the process when it is used.
    """
    if size > LITTLE and size > (left := available_memory()):
        raise MemoryError(f"{argument()}: this takes {size / 2**30:.1f} GiB, but only {left / 2**30:.1f} GiB are left")


def reclaimable(stat: Path) -> int:
    """Return the bytes of cached files that the cgroup counts as used, and frees when memory is asked for."""
    lines = dict(line.split()[:2] for line in stat.read_text().splitlines())
    return int(lines.get("total_inactive_file", lines.get("inactive_file", 0)))


def available_cores() -> int:
    """Return how many cores this process may use: affinity, the cgroup's quota and NUMBA_NUM_THREADS bound them.

    Every call of a few rows asks: this takes 5 µs, joblib.cpu_count 230 µs.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if "NUMBA_NUM_THREADS" in os.environ:
        cores = min(cores, config.NUMBA_NUM_THREADS)
    return max(1, min(cores, cgroup_quota(cores)))


@functools.cache
def cgroup_quota(otherwise: int) -> int:
    """Return the cores that the cgroup (v2 or v1) grants, rounded up; `otherwise` if it sets no limit."""
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
    """How long a call may go on whose threads wait for cores; then it stops after a whole step, as by Ctrl-C.

    Attributes
    ----------
    seconds : since the call's start
    share : part of the time since then that all threads together must have been on cores
    """

    seconds: float
    share: float


class CoreTime:
    """Seconds that a thread spends on a core in a block; known to other threads at the end, or at any time on Linux."""

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
        self.clock = None  # last, as other threads then read the total

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        clock = self.clock
        if clock is None:
            return self.total
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            return time.clock_gettime(clock) - self.begin
        return self.total
