"""The progress bar of a fit, which is tqdm's, but shares nothing between processes.

tqdm's own lock is a semaphore of all forked processes, which a process that is killed never releases, and a lock of
threads, which a process that is forked at the wrong time finds taken. Even a hidden bar takes both, fixes the start
method of multiprocessing, and starts a thread.
"""

import os
import sys
import threading
from typing import Any

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """tqdm's bar with a lock of this process only."""

    monitor_interval = 0  # start no thread that redraws the bar; the fit does that


class Hidden:
    """A bar that is not shown, made in 2 µs; tqdm takes 70 µs for one, a few percent of a small fit."""

    n, disable = 0, True

    def __enter__(self) -> "Hidden":
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def ignore(self, *what: object, **how: object) -> None:
        """Do nothing."""

    close = update = set_description = set_postfix_str = ignore


def progress_bar(shown: bool, **how: Any) -> Bar | Hidden:
    """Return a bar that counts rows, hidden if there is no standard error; `how` has tqdm's arguments."""
    return Bar(unit="rows", unit_scale=True, **how) if shown and sys.stderr is not None else Hidden()


def new_lock() -> None:
    """Give the bars a lock that nobody holds, also in a forked process."""
    Bar.set_lock(threading.RLock())


new_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=new_lock)
