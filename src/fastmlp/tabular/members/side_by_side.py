"""Run the trainings of several members at the same time, each in a thread, while the caller watches."""

import concurrent.futures
import threading
from collections.abc import Callable, Sequence

from ...system.interrupts import postponed

WATCH_SECONDS = 0.05


def side_by_side(
    works: Sequence[Callable[[], None]], n_threads: int, stop: threading.Event, look: Callable[[], None]
) -> None:
    """Run all works, at most n_threads at a time, in their order.

    Parameters
    ----------
    stop : set by Ctrl-C, or where a work fails; works look at it and end
    look : called some 20 times a second, and in the end

    Raises
    ------
    BaseException : the first failure of a work; KeyboardInterrupt; both after all works have ended
    """
    with postponed(stop.set), concurrent.futures.ThreadPoolExecutor(n_threads, "fastmlp-member") as threads:
        running = {threads.submit(run, work, stop) for work in works}
        try:
            while running:
                done, running = concurrent.futures.wait(running, WATCH_SECONDS, concurrent.futures.FIRST_COMPLETED)
                for each in done:
                    each.result()
                look()
        finally:
            if running:
                stop.set()


def run(work: Callable[[], None], stop: threading.Event) -> None:
    """Run a work unless all are to end; tell the others where it fails."""
    try:
        if not stop.is_set():
            work()
    except BaseException:
        stop.set()
        raise
