"""Starts all threads of one call or none, and watches over them: progress, Ctrl-C, failures.

No thread outlives its call. The calling thread of a long call does not compute, so that it can take
Ctrl-C and draw progress; a short call of one thread runs in the caller, which spares a start and keeps its caches.
"""

import contextlib
import functools
import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import config

from .core_time import CoreTime, Patience
from .kernels.barrier import FAILED, PROGRESS, STOP
from .kernels.interrupts import postponed

SHORT_FLOPS = 1e8  # about a millisecond of one core, and no more than starting threads takes: one is enough
CALLER_FLOPS = 2e9  # some 30 ms of one core, for which Ctrl-C and the progress bar can wait: run it in the caller
ROW_FLOPS = 2000  # so many take as long as copying a row
FLOPS_PER_THREAD = 1e6  # between two barriers; with less, the barriers cost more than a further thread gains
WATCH_SECONDS = 0.05
_running: list[int] = []  # threads of each call under way in this process; list operations are atomic
if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_running.clear)


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


def free_cores() -> int:
    """`available_cores` without those that other calls of this process use now, but at least 1."""
    return max(1, available_cores() - sum(_running))


def threads_for(step: float, call: float, most: int) -> int:
    """Threads worth starting for a call of so many flops, `step` of them between two barriers."""
    if call < SHORT_FLOPS:
        return 1
    return int(max(1, min(most, step // FLOPS_PER_THREAD)))


def run(
    work: Callable[[int], None], flags: np.ndarray, n_threads: int, short: bool, watch: Callable[[int], None] | None,
    patience: Patience | None = None,
) -> tuple[float, float]:  # fmt: skip
    """Run work(0), …, work(n_threads - 1) at the same time.

    Parameters
    ----------
    work : runs a kernel that releases the GIL and obeys the flags
    flags : kernels.barrier.new_team()
    short : may it run in the caller, where Ctrl-C waits for it?
    watch : called some 20 times a second with the kernel's progress
    patience : None: without end

    Returns
    -------
    seconds by the clock, and of all threads on cores

    Raises
    ------
    KeyboardInterrupt : after all threads have left at a common barrier
    BaseException : the first failure of a thread, or of `watch`
    """
    _running.append(n_threads)
    try:
        return run_counted(work, flags, n_threads, short, watch, patience)
    finally:
        with contextlib.suppress(ValueError):  # in a process that a signal handler forked in the middle
            _running.remove(n_threads)


def run_counted(
    work: Callable[[int], None], flags: np.ndarray, n_threads: int, short: bool, watch: Callable[[int], None] | None,
    patience: Patience | None,
) -> tuple[float, float]:  # fmt: skip
    """`run`, once its threads are counted."""
    begin = time.perf_counter()
    if short and n_threads == 1:
        work(0)
        if watch is not None:
            watch(int(flags[PROGRESS]))
        return (time.perf_counter() - begin,) * 2
    failures: list[BaseException] = []
    cores = [CoreTime() for _ in range(n_threads)]
    ended = [threading.Event() for _ in range(n_threads)]

    def body(thread: int) -> None:
        try:
            with cores[thread]:
                work(thread)
        except BaseException as failure:
            failures.append(failure)
            flags[FAILED] = 1
        finally:
            ended[thread].set()

    threads: list[threading.Thread] = []

    def look_after_the_dead() -> None:
        """A thread that ended outside of `body`, by a trace function or a fork: its partners wait for it."""
        for thread, event in zip(threads, ended):
            if not thread.is_alive() and not event.is_set():
                failures.append(RuntimeError(f"the thread {thread.name} ended before its work was done"))
                flags[FAILED] = 1
                event.set()

    def look() -> None:
        look_after_the_dead()
        if watch is not None:
            watch(int(flags[PROGRESS]))
        seconds = time.perf_counter() - begin
        if patience is not None and CoreTime.known_to_others and seconds >= patience.seconds:
            flags[STOP] |= sum(core.seconds for core in cores) < patience.share * n_threads * seconds

    first = WATCH_SECONDS if patience is None else min(WATCH_SECONDS, patience.seconds)
    pauses = itertools.chain([first], itertools.repeat(WATCH_SECONDS))
    with interrupts_stop(flags):
        try:
            for i in range(n_threads):
                thread = threading.Thread(target=body, args=(i,), name=f"fastmlp-{i}", daemon=True)
                thread.start()
                threads.append(thread)
            for event in ended:
                while not event.wait(next(pauses)):
                    look()
        except BaseException:
            # Where a thread did not start, its partners must not wait for it at a barrier.
            flags[STOP if len(threads) == n_threads else FAILED] = 1
            raise
        finally:
            for event in ended[: len(threads)]:
                while not event.wait(WATCH_SECONDS):
                    look_after_the_dead()
    if failures:
        raise failures[0]
    return time.perf_counter() - begin, sum(core.seconds for core in cores)


def interrupts_stop(flags: np.ndarray) -> contextlib.AbstractContextManager[None]:
    """Let Ctrl-C set the stop flag, and reach its handler only after the block: no exception in the middle of it.

    A KeyboardInterrupt inside of Thread.join or Thread.start would leave it open whether the thread still runs.
    """

    def stop() -> None:
        flags[STOP] = 1

    return postponed(stop)
