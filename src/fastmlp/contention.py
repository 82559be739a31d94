"""How many threads a training call starts while other programs keep some of the cores busy.

Threads that meet at barriers every few microseconds are as fast as the one that waits for a core: with one core of
two taken, two threads are slower than one. A call whose threads did not all run is followed by calls with as many
as did; now and then all are tried again. The number of threads changes no bit of the result.
"""

SHORTEST_SECONDS = 0.005  # of a call that tells something: starting a thread takes some 0.1 ms
CROWDED = 0.75  # of the time on cores, or less: some threads waited for one, and the others for them
MOST_CALLS_UNTIL_RETRY = 16


class Contention:
    """What the last calls of one net have seen of the machine."""

    def __init__(self) -> None:
        self.running, self.calls_left, self.wait, self.doubt = 0, 0, 1, False

    def threads(self, most: int) -> int:
        """Threads to start, of `most` that the work is worth."""
        return min(most, self.running) if self.calls_left else most

    def saw(self, n_threads: int, seconds: float, cpu_seconds: float) -> None:
        """Take note of a call: what it took by the clock, and the time on cores of all its threads."""
        crowded = n_threads > 1 and seconds >= SHORTEST_SECONDS and cpu_seconds < CROWDED * n_threads * seconds
        if crowded and self.doubt:  # twice: once may be chance
            self.running, self.calls_left = n_threads - 1, self.wait
            self.wait = min(2 * self.wait, MOST_CALLS_UNTIL_RETRY)
        elif self.calls_left:
            self.calls_left -= 1
        else:
            self.doubt = crowded
            self.wait = self.wait if crowded else 1
