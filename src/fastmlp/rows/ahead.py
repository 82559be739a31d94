"""Reading ahead: a thread that prepares the next items while the caller works on the present one."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from ..kernels.interrupts import check

END = object()
WATCH_SECONDS = 0.05  # from one look for Ctrl-C to the next
PATIENCE = 0.5  # seconds; a user's iterator may be waiting for something, and Ctrl-C must not


def read_ahead(make: Callable[[Callable[[], bool]], Iterator[Any]], most: int) -> Generator[Any, None, None]:
    """The items of make(stopped), made by a thread; at most `most` exist at a time, the one in use included.

    `stopped()` tells the maker that nobody waits any more. What it raises is raised here. The thread ends with
    this iterator, or, where it is blocked, soon after; close the iterator, or read it to its end.
    """
    room, made, stop = (
        threading.Semaphore(most),
        queue.SimpleQueue[tuple[Any, BaseException | None]](),
        threading.Event(),
    )

    def work() -> None:
        try:
            items = make(stop.is_set)
            while room.acquire() and not stop.is_set():
                item = next(items, END)
                made.put((item, None))
                if item is END:
                    return
        except BaseException as failure:
            made.put((END, failure))

    thread = threading.Thread(target=work, name="fastmlp-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, failure = made.get(timeout=WATCH_SECONDS)
            except queue.Empty:
                check()
                continue
            if failure is not None:
                raise failure
            if item is END:
                return
            yield item
            del item
            room.release()
    finally:
        stop.set()
        room.release()
        thread.join(PATIENCE)
