"""Starts all threads of one call or none, and watches over them: progress, Ctrl-C, failures.

No thread outlives its call. The calling thread of a long call does not compute, so that it can take
Ctrl-C and draw progress; short work runs in the caller alone, where starting threads would cost more.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import config

from .kernels.barrier import FAILED, PROGRESS, STOP

SHORT_FLOPS = 4e7  # about a millisecond of one core: run it in the caller
FLOPS_PER_THREAD = 1e6  # between two barriers; with less, the barriers cost more than a further thread gains
WATCH_SECONDS = 0.05


def available_cores() -> int:
    """Cores that this process may use: affinity, the cgroup's quota and NUMBA_NUM_THREADS all bound it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if "NUMBA_NUM_THREADS" in os.environ:
        cores = min(cores, config.NUMBA_NUM_THREADS)
    return max(1, min(cores, cgroup_quota(cores)))


def cgroup_quota(otherwise: int) -> int:
    """Cores that the cgroup (v2 or v1) grants, rounded up."""
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


def threads_for(flops: float, most: int) -> int:
    """Threads worth starting for `flops` between two barriers."""
    return int(max(1, min(most, flops // FLOPS_PER_THREAD)))


def run(
    work: Callable[[int], None], flags: np.ndarray, n_threads: int, short: bool, watch: Callable[[int], None] | None
) -> None:
    """Run work(0), …, work(n_threads - 1) at the same time.

    Parameters
    ----------
    work : runs a kernel that releases the GIL and obeys the flags
    flags : kernels.barrier.new_team()
    short : may it run in the caller, where Ctrl-C waits for it?
    watch : called some 20 times a second with the kernel's progress

    Raises
    ------
    KeyboardInterrupt : after all threads have left at a common barrier
    BaseException : the first failure of a thread
    """
    if short and n_threads == 1:
        work(0)
        return
    failures: list[BaseException] = []

    def body(thread: int) -> None:
        try:
            work(thread)
        except BaseException as failure:
            failures.append(failure)
            flags[FAILED] = 1

    threads = [threading.Thread(target=body, args=(i,), name=f"fastmlp-{i}", daemon=True) for i in range(n_threads)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(WATCH_SECONDS)
                if watch is not None:
                    watch(int(flags[PROGRESS]))
    except BaseException:
        flags[STOP] = 1
        if any(thread.ident is None for thread in threads):
            flags[FAILED] = 1  # the partners of a thread that never started must not wait for it
        raise
    finally:
        join_all(threads)
    if failures:
        raise failures[0]


def join_all(threads: list[threading.Thread]) -> None:
    """Wait for every started thread; a further Ctrl-C changes nothing, as all have been told to stop."""
    for thread in threads:
        while thread.ident is not None and thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt:
                continue
