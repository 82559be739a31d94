"""The barrier between the threads of one call, their start, and the flags through which the caller speaks to them.

A waiting thread spins for some 20 µs, then lets others run, then sleeps. The last thread to arrive reads
the stop flag once for all, so that all threads leave at the same barrier and no step is half done. What it says fits
into one number, PASSED, as each line that cores exchange delays them all: 2 for each barrier so far, and 1 to leave.
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
    """The shared flags of one call."""
    return np.zeros(SLOTS, np.int64)


@kernel
def report_bad_row(team, row):
    """A number of this row is not finite: stop all."""
    atomic_store(team, BAD_ROW, row + 1)
    atomic_store(team, STOP, 1)


@kernel
def report_bad_z(team, at):
    """An activation has raised at the z that lies there in the workspace: stop all."""
    atomic_store(team, BAD_Z, at + 1)
    atomic_store(team, STOP, 1)


@kernel
def stopped(team):
    """Has the caller asked to stop, or a thread failed?"""
    return atomic_load(team, STOP) != 0 or atomic_load(team, FAILED) != 0


@kernel
def spread_out(team, n_threads):
    """Before the first barrier: leave a core on which another thread of the team has begun.

    Linux starts a thread beside another one, while the caller's core, which was busy before, falls idle. There both
    would stay for milliseconds; but a thread that wakes up gets an idle core.
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
    """Wait for all threads; False: leave now."""
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
