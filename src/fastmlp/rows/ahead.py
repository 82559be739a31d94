"""Read ahead: a thread prepares the next item while the caller works on the present one."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from ..system.interrupts import check, outlast

END = object()
WATCH_SECONDS = 0.05  # from one look for Ctrl-C to the next
PATIENCE = 0.5  # seconds to wait for the thread at the end: a user's iterator may block, and Ctrl-C must not


def read_ahead(make: Callable[[Callable[[], bool]], Iterator[Any]], most: int) -> Generator[Any, None, None]:
    """Yield the items of make(stopped), made by a thread; at most `most` exist at a time, the one in use included.

    `stopped()` returns whether the caller has left. Exceptions of `make` are raised here. The thread ends with this
    iterator or, where it is blocked, soon after; close the iterator, or read it to its end.
    """
    # A SimpleQueue is C code, which Ctrl-C cannot interrupt halfway: the thread always learns that it is to end.
    room, made = queue.SimpleQueue[Any](), queue.SimpleQueue[tuple[Any, BaseException | None]]()
    ended: list[bool] = []
    for _ in range(most):
        room.put(None)

    def work() -> None:
        try:
            items = make(lambda: bool(ended))
            while room.get() is not END and not ended:
                item = next(items, END)
                made.put((item, None))
                if item is END:
                    return
        except BaseException as failure:
            made.put((END, failure))

    def leave() -> None:
        """Wait for the thread, until PATIENCE has passed since the first call."""
        left.append(time.perf_counter())
        if thread.is_alive():
            thread.join(max(0.0, left[0] + PATIENCE - time.perf_counter()))

    left: list[float] = []
    thread = threading.Thread(target=work, name="fastmlp-read-ahead", daemon=True)
    try:
        thread.start()
        while True:
            try:
                item, failure = made.get(timeout=WATCH_SECONDS)
            except queue.Empty:
                check()
                if thread.is_alive() or not made.empty():
                    continue
                # A trace function or a fork can do this.
                raise RuntimeError("the thread that reads ahead ended before its work was done") from None
            if failure is not None:
                raise failure
            if item is END:
                return
            yield item
            del item
            room.put(None)
    finally:
        try:
            ended.append(True)
        finally:
            try:
                room.put(END)
            finally:
                outlast(leave)
