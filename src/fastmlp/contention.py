"""How many threads a training call starts while other programs keep some of the cores busy.

Threads that meet at barriers every few microseconds are as fast as the one that waits for a core: with one core of
two taken, two threads are slower than one. Where the threads of consecutive calls did not all run, one fewer is
started; now and then all are tried again. The number of threads changes no bit of the result.
"""

from time import perf_counter

CROWDED = 0.75  # of the time on cores, or less: some threads waited for one, and the others for them
PATIENCE = 0.1  # seconds of crowded calls on end; less may be another program's last breath
IDLE = 0.1  # seconds between two calls, after which nothing is known any more
MOST_CALLS_UNTIL_RETRY = 16


class Contention:
    """What the last calls of one net have seen of the machine."""

    def __init__(self) -> None:
        self.running, self.calls_left, self.wait = 0, 0, 1
        self.crowded_seconds, self.last_end = 0.0, -IDLE

    def threads(self, most: int) -> int:
        """Threads to start, of `most` that the work is worth."""
        if perf_counter() - self.last_end > IDLE:
            self.calls_left, self.wait, self.crowded_seconds = 0, 1, 0.0
        return min(most, self.running) if self.calls_left else most

    def saw(self, n_threads: int, seconds: float, cpu_seconds: float) -> None:
        """Take note of a call: what it took by the clock, and the time on cores of all its threads."""
        self.last_end = perf_counter()
        crowded = n_threads > 1 and cpu_seconds < CROWDED * n_threads * seconds
        self.crowded_seconds = self.crowded_seconds + seconds if crowded else 0.0
        known = crowded and self.running == n_threads - 1 and self.wait > 1  # tried again, and it is as before
        if self.crowded_seconds > PATIENCE or known:
            self.running, self.calls_left = n_threads - 1, self.wait
            self.wait = min(2 * self.wait, MOST_CALLS_UNTIL_RETRY)
        elif self.calls_left:
            self.calls_left -= 1
        elif not crowded:
            self.wait = 1
