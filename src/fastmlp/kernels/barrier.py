"""The barrier between the threads of one call, their start, and the flags through which the caller speaks to them.

A waiting thread spins for some 20 µs, then yields, then sleeps. The last thread to arrive reads the stop flag for all
threads, so that all leave at the same barrier and no step is half done. It tells them by one number, PASSED (2 for each
barrier so far, plus 1 to leave), because each cache line that cores exchange delays them all.
"""

import numpy as np

from ..jit.atomics import atomic_add, atomic_load, atomic_or, atomic_store, give_way, short_sleep, spin_pause, this_core
from ..jit.compile import kernel

# Slots of the team's array, a cache line apart.
ARRIVED, PASSED, STOP, FAILED, NEXT, PROGRESS, BAD_ROW, BAD_Z, CORES = range(0, 72, 8)
CORE_SLOTS = 16  # with a bit for each core
SLOTS = CORES + CORE_SLOTS
SPINS, YIELDS = 400, 1000


def new_team():
    """Return the shared flags of one call."""
    return np.zeros(SLOTS, np.int64)


@kernel
def report_bad_row(team, row):
    """Stop all threads, because a number or the target of this row is bad."""
    atomic_store(team, BAD_ROW, row + 1)
    atomic_store(team, STOP, 1)


@kernel
def report_bad_z(team, at):
    """Stop all threads, because an activation has raised at the z that lies there in the workspace."""
    atomic_store(team, BAD_Z, at + 1)
    atomic_store(team, STOP, 1)


@kernel
def stopped(team):
    """Return whether the caller has asked to stop, or a thread has failed."""
    return atomic_load(team, STOP) != 0 or atomic_load(team, FAILED) != 0


@kernel
def spread_out(team, n_threads):
    """Leave a core on which another thread of the team has begun; to be called before the first barrier.

    Linux may start two threads on one core, where they stay for milliseconds while the caller's core is idle. A thread
    that wakes up gets an idle core, so the second one sleeps for a moment.
    """
    if n_threads == 1:
        return
    core = this_core()
    if core < 0:
        return
    bit = np.int64(1) << (core & 63)
    if atomic_or(team, CORES + (core >> 6) % CORE_SLOTS, bit) & bit != 0:
        short_sleep()


@kernel
def barrier(team, n_threads):
    """Wait for all threads. Return False to stop."""
    if n_threads == 1:
        return not stopped(team)
    before = atomic_load(team, PASSED)
    if atomic_add(team, ARRIVED, 1) == n_threads - 1:
        atomic_store(team, ARRIVED, 0)
        atomic_store(team, PASSED, before + 2 + (1 if stopped(team) else 0))
    waited = 0
    while atomic_load(team, PASSED) == before:
        if atomic_load(team, FAILED) != 0:
            return False
        waited += 1
        if waited < SPINS:
            spin_pause()
        elif waited < SPINS + YIELDS:
            give_way()
        else:
            short_sleep()
    return atomic_load(team, PASSED) & 1 == 0
