"""What POSIX alone has for files, and what takes its place where that is missing, as on Windows."""

import os
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:
    fcntl: Any = None
else:
    fcntl = _fcntl

# Windows, without locks, also neither replaces nor removes a file that is open: close it first.
HAS_LOCKS = fcntl is not None

# Flags of `os.open`; 0 where the system has no such thing. Python itself keeps handles from child processes.
AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # opens a pipe without waiting for its writer
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
FOLDER = getattr(os, "O_DIRECTORY", 0)
BINARY = getattr(os, "O_BINARY", 0)  # Windows alone would write \r\n for each \n


def set_mode(handle: int, name: str, mode: int) -> None:
    """Give an open file its mode bits: by its handle where that is possible, as the name could be another's."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)
    else:
        os.chmod(name, mode)
