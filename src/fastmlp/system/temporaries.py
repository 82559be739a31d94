"""Temporary files beside the one that they are to replace: their names, and whether their writer is still alive.

Whoever writes a temporary holds a lock (flock) on it, which the system drops when the process ends, however it ends.
A temporary that nobody holds was left behind. Process numbers in names could not tell that across containers.
Without locks, as on Windows, one was left behind that has not been written to for a day.
"""

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time

from .files import AT_ONCE, HAS_LOCKS, NO_LINK, fcntl

SUFFIX = ".fastmlp-new"
LONGEST_NAME = 200  # bytes; file systems allow 255 with all that is added here
LEFT_SECONDS = 24 * 3600


def prefix_of(path: str) -> str:
    """What the names of all temporaries of a path begin with."""
    name = os.path.basename(path)
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}."


def new_name(path: str) -> str:
    """A name that no other temporary has, in the folder of `path`."""
    return os.path.join(os.path.dirname(path), f"{prefix_of(path)}{secrets.token_hex(8)}{SUFFIX}")


def lock(handle: int) -> bool:
    """Mark an open temporary as being written; False if `remove_left_behind` was faster, and it is gone."""
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks, where nothing is ever taken for left behind
    return os.fstat(handle).st_nlink > 0


def remove_left_behind(path: str) -> None:
    """Remove the temporaries of a path whose writers are gone; what cannot be removed stays."""
    pattern = re.compile(re.escape(prefix_of(path)) + "[0-9a-f]{16}" + re.escape(SUFFIX))
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if pattern.fullmatch(name):
                with contextlib.suppress(OSError):
                    remove_if_left(os.path.join(folder, name))


def remove_if_left(name: str) -> None:
    """Remove a temporary, unless it is being written; an OSError if it cannot be."""
    if not HAS_LOCKS:
        remove_if_old(name)
        return
    handle = os.open(name, os.O_RDWR | NO_LINK | AT_ONCE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name)  # while the lock is held: a writer that gets it later sees that its file is gone
    finally:
        os.close(handle)


def remove_if_old(name: str) -> None:
    """The same without locks. Windows refuses it while the writer has the file open, however long that takes."""
    found = os.lstat(name)
    if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > LEFT_SECONDS:
        os.unlink(name)
