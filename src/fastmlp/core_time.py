"""Time that threads spend on cores: what a thread has had so far, and how much of it a call waits for."""

import contextlib
import threading
import time
from typing import NamedTuple


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
