"""The progress bar of a fit: tqdm's, without what tqdm shares between processes.

tqdm's own lock is a semaphore of all forked processes, which a process that is killed leaves taken, and a thread's
lock, which a process that is forked at the wrong time finds taken; even a bar that is not shown takes both, fixes the
start method of multiprocessing, and starts a thread.
"""

import os
import threading

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """tqdm's bar; its lock is that of this process and of no other."""

    monitor_interval = 0  # no thread to redraw it: a fit that runs does


def new_lock() -> None:
    """A lock that nobody holds."""
    Bar.set_lock(threading.RLock())


new_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=new_lock)
