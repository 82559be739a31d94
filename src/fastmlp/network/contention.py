"""Start fewer threads while other programs keep some of the cores busy.

Threads that meet at barriers every few microseconds are as fast as the one that waits for a core: with one of two cores
taken, two threads are slower than one. If the threads of consecutive calls did not all run, one fewer is started; now
and then all are tried again. A crowded call ends early: with four busy programs on two cores, a step of two threads
can take 10 ms instead of 50 µs. The number of threads changes no bit of the result.
"""

from time import perf_counter

from ..system.machine import Patience

CROWDED = 0.75  # threads that spent less of their time on cores were crowded
BESIDE_READER = 0.2  # the same beside this program's own reading thread, which alone leaves them more
PATIENCE = 0.01  # seconds of crowded calls in a row; OpenBLAS's threads spin ten times as long after a product
TRIAL = 0.004  # seconds that show whether a number of threads that was crowded still is
IDLE = 0.1  # seconds without a call, after which earlier calls say nothing
MOST_CALLS_UNTIL_RETRY = 16
WORTH = 4  # seconds of calls by fewer threads, per second of the crowded call before them


class Contention:
    """How busy the machine was during the last calls of one net."""

    def __init__(self) -> None:
        self.running, self.calls_left, self.wait = 0, 0, 1
        self.crowded_seconds, self.last_end = 0.0, -IDLE
        self.seconds_left = 0.0  # until a trial is worth its time

    def threads(self, most: int) -> int:
        """Return how many threads to start, of `most` that the work is worth."""
        if perf_counter() - self.last_end > IDLE:
            self.calls_left, self.wait, self.crowded_seconds = 0, 1, 0.0
        return min(most, self.running) if self.calls_left else most

    def tries_again(self, n_threads: int) -> bool:
        """Return whether this number of threads was crowded, the last time it was started."""
        return self.running == n_threads - 1 and self.wait > 1

    def patience(self, n_threads: int, limit: float = CROWDED) -> Patience | None:
        """Return when the next call, by n_threads threads, is to end early; None: not at all."""
        if n_threads == 1:
            return None
        return Patience(TRIAL if self.tries_again(n_threads) else PATIENCE, limit)

    def saw(self, n_threads: int, seconds: float, cpu_seconds: float, limit: float = CROWDED) -> None:
        """Take note of a call: its seconds by the clock, and those on cores of all its threads."""
        self.last_end = perf_counter()
        crowded = n_threads > 1 and cpu_seconds < limit * n_threads * seconds
        self.crowded_seconds = self.crowded_seconds + seconds if crowded else 0.0
        if self.crowded_seconds > PATIENCE or (crowded and self.tries_again(n_threads)):
            self.running, self.calls_left = n_threads - 1, self.wait
            self.wait, self.seconds_left = min(2 * self.wait, MOST_CALLS_UNTIL_RETRY), WORTH * seconds
        elif self.calls_left:
            self.seconds_left -= seconds
            self.calls_left = max(self.calls_left - 1, 1 if self.seconds_left > 0 else 0)
        elif not crowded:
            self.wait = 1
