"""Name the temporary files beside a file that is replaced, and remove those whose writer has ended.

The writer of a temporary file holds a lock (flock) on it, which the system releases when the process ends, however it
ends. A file that nobody has locked was left behind. Process numbers would not tell, as containers have their own.
Without locks, as on Windows, a file was left behind if it has not been written to for a day.
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
LONGEST_NAME = 200  # bytes; with all that is added here it stays below the 255 of most file systems
LEFT_SECONDS = 24 * 3600


def prefix_of(path: str) -> str:
    """Return what the names of all temporary files of a path begin with."""
    name = os.path.basename(path)
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}."


def new_name(path: str) -> str:
    """Return an unused name in the folder of `path`."""
    return os.path.join(os.path.dirname(path), f"{prefix_of(path)}{secrets.token_hex(8)}{SUFFIX}")


def lock(handle: int) -> bool:
    """Lock an open temporary file; return False if another process has meanwhile taken it for left behind."""
    if not HAS_LOCKS:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # on a file system without locks, where nothing is removed as left behind
    return os.fstat(handle).st_nlink > 0


def remove_left_behind(path: str) -> None:
    """Remove the temporary files of a path whose writers have ended, as far as the system allows it."""
    pattern = re.compile(re.escape(prefix_of(path)) + "[0-9a-f]{16}" + re.escape(SUFFIX))
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if pattern.fullmatch(name):
                with contextlib.suppress(OSError):
                    remove_if_left(os.path.join(folder, name))


def remove_if_left(name: str) -> None:
    """Remove a temporary file; raise OSError if it is being written, or cannot be removed."""
    if not HAS_LOCKS:
        remove_if_old(name)
        return
    handle = os.open(name, os.O_RDWR | NO_LINK | AT_ONCE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name)  # under the lock: a writer that gets it later sees in `lock` that its file is gone
    finally:
        os.close(handle)


def remove_if_old(name: str) -> None:
    """Remove a temporary file by its age; Windows refuses this as long as the writer has the file open."""
    found = os.lstat(name)
    if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > LEFT_SECONDS:
        os.unlink(name)
