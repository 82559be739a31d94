"""Start the threads of one call, all or none, and watch them: progress, Ctrl-C, failures.

No thread outlives its call. In a long call the calling thread does not compute, so that it can take Ctrl-C and
draw progress. A short call of one thread runs in the caller, which saves the start and keeps its caches.
"""

import os
import queue
import threading
import time
from collections.abc import Callable

import numpy as np

from ..kernels.barrier import FAILED, PROGRESS, STOP
from ..system import machine
from ..system.interrupts import outlast, postponed
from ..system.machine import CoreTime, Patience

SHORT_FLOPS = 1e8  # about a millisecond of one core, as much as starting threads takes: one thread is enough
CALLER_FLOPS = 2e9  # some 30 ms of one core, for which Ctrl-C and the progress bar can wait
ROW_FLOPS = 2000  # that take as long as copying a row
FLOPS_PER_THREAD = 1e6  # between two barriers; with less, the barriers cost more than a further thread gains
WATCH_SECONDS = 0.05
_running: dict[object, int] = {}  # threads of each call under way in this process; its operations are atomic
if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_running.clear)


def free_cores() -> int:
    """Return `available_cores` minus those that other calls of this process use now, but at least 1."""
    return max(1, machine.available_cores() - sum(list(_running.values())))


def threads_for(step: float, call: float, most: int) -> int:
    """Return how many threads are worth starting for a call of `call` flops, `step` of them between two barriers."""
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
    short : whether it may run in the caller, where Ctrl-C waits for it
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
    call = object()
    _running[call] = n_threads
    try:
        return run_counted(work, flags, n_threads, short, watch, patience)
    finally:
        _running.pop(call, None)  # one step, which no signal handler cuts


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
    threads = Threads(work, flags, n_threads)

    def look() -> None:
        threads.look_after_the_dead()
        if watch is not None:
            watch(int(flags[PROGRESS]))
        seconds = time.perf_counter() - begin
        if patience is not None and CoreTime.known_to_others and seconds >= patience.seconds:
            wanted = patience.share * n_threads * seconds
            if threads.core_seconds() < wanted:
                flags[STOP] = 1

    def stop() -> None:
        flags[STOP] = 1

    first = WATCH_SECONDS if patience is None else min(WATCH_SECONDS, patience.seconds)
    # Ctrl-C sets the flag, and reaches its handler when all threads have ended.
    with postponed(stop):
        outlast(lambda: threads.run(look, first), threads.leave)
    if threads.failures:
        raise threads.failures[0]
    return time.perf_counter() - begin, threads.core_seconds()


class Threads:
    """The threads of one call: each begins its work or is called off, and none that has begun outlives the call.

    The caller waits in C code only. If a signal handler's exception interrupted `threading.Event`, for instance, its
    lock would stay closed, and the other threads need it to end.

    Parameters
    ----------
    work, flags, n_threads : as for `run`
    """

    def __init__(self, work: Callable[[int], None], flags: np.ndarray, n_threads: int) -> None:
        self.work, self.flags, self.n_threads = work, flags, n_threads
        self.failures: list[BaseException] = []
        self.cores = [CoreTime() for _ in range(n_threads)]
        self.threads: list[threading.Thread] = []
        self.begun: dict[int, bool] = {}  # False: called off; setdefault decides once
        self.ended: set[int] = set()
        self.bell = queue.SimpleQueue[None]()  # rings when a thread has ended

    def core_seconds(self) -> float:
        """Return the seconds on cores of all threads, so far."""
        return sum(core.seconds for core in self.cores)

    def body(self, thread: int) -> None:
        """Run the work as one of the threads."""
        if not self.begun.setdefault(thread, True):
            return
        try:
            with self.cores[thread]:
                self.work(thread)
        except BaseException as failure:
            self.failures.append(failure)
            self.flags[FAILED] = 1
        finally:
            self.ended.add(thread)
            self.bell.put(None)

    def run(self, look: Callable[[], None], first: float) -> None:
        """Start all threads and wait for them; call look() after `first` seconds, then every WATCH_SECONDS."""
        for i in range(self.n_threads):
            self.threads.append(threading.Thread(target=self.body, args=(i,), name=f"fastmlp-{i}", daemon=True))
            self.threads[i].start()
        self.wait(look, first)

    def wait(self, look: Callable[[], None], pause: float) -> None:
        """Wait until all have ended; call look() after `pause` seconds, then every WATCH_SECONDS."""
        while len(self.ended) < self.n_threads:
            try:
                self.bell.get(timeout=pause)
            except queue.Empty:
                pause = WATCH_SECONDS
                look()

    def leave(self) -> None:
        """Call off who has not begun, let the others leave at a barrier, and wait for them: after an exception."""
        called_off = [i for i in range(self.n_threads) if not self.begun.setdefault(i, False)]
        # Where a thread does not come, its partners must not wait for it at a barrier.
        self.flags[FAILED if called_off else STOP] = 1
        self.ended.update(called_off)
        self.wait(self.look_after_the_dead, WATCH_SECONDS)

    def look_after_the_dead(self) -> None:
        """Report threads that ended outside of `body`, by a trace function or a fork: the others wait for them."""
        for i, thread in enumerate(self.threads):
            if i not in self.ended and not thread.is_alive():
                self.failures.append(RuntimeError(f"the thread {thread.name} ended before its work was done"))
                self.flags[FAILED] = 1
                self.ended.add(i)
