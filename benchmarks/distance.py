"""How far two cores are apart: what a number that one writes takes to reach the other.

Virtual machines are moved: their cores may share a cache in one minute and not in the next. Steps over small batches,
in which cores exchange some hundred lines, feel it.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from fastmlp.jit.atomics import atomic_load, atomic_store

WAYS = 20_000  # there and back, each
TRIES = 5  # the system may start both threads on the same core


@numba.njit("void(int64[:], int64, int64)", nogil=True)
def answer(number, side, ways):
    """Wait for each number of one's own side, and write the next, which is the other's."""
    for turn in range(side, 2 * ways, 2):
        while atomic_load(number, 0) != turn:
            pass
        atomic_store(number, 0, turn + 1)


def distance():
    """Build run(), which returns the nanoseconds of one way between two threads."""
    team = ThreadPoolExecutor(2)

    def seconds():
        number = np.zeros(1, np.int64)
        begin = time.perf_counter()
        list(team.map(lambda side: answer(number, side, WAYS), range(2)))
        return time.perf_counter() - begin

    return lambda: min(seconds() for _ in range(TRIES)) / (2 * WAYS) * 1e9
