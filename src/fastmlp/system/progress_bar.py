"""The progress bar of a fit: tqdm's, without what tqdm shares between processes; or none.

tqdm's own lock is a semaphore of all forked processes, which a process that is killed leaves taken, and a thread's
lock, which a process that is forked at the wrong time finds taken; even a bar that is not shown takes both, fixes the
start method of multiprocessing, and starts a thread.
"""

import os
import sys
import threading
from typing import Any

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """tqdm's bar; its lock is that of this process and of no other."""

    monitor_interval = 0  # no thread to redraw it: a fit that runs does


class Hidden:
    """In place of a bar that is not shown: making one of tqdm's takes a tenth of a small fit."""

    n, disable = 0, True

    def __enter__(self) -> "Hidden":
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def ignore(self, *what: object, **how: object) -> None:
        """Do nothing."""

    close = update = set_description = set_postfix_str = ignore


def progress_bar(shown: bool, **how: Any) -> Bar | Hidden:
    """A bar that counts rows, where there is a standard error to show it on; arguments as tqdm's."""
    return Bar(unit="rows", unit_scale=True, **how) if shown and sys.stderr is not None else Hidden()


def new_lock() -> None:
    """A lock that nobody holds."""
    Bar.set_lock(threading.RLock())


new_lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=new_lock)
