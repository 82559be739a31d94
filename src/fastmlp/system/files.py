"""What only POSIX has for files, and a replacement where it is missing, as on Windows."""

import os
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:
    fcntl: Any = None
else:
    fcntl = _fcntl

# Windows has no such locks, and neither replaces nor removes a file that is open: close it first.
HAS_LOCKS = fcntl is not None

# Flags of `os.open`; 0 where the system does not have them.
AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # opens a pipe without waiting for its writer
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
FOLDER = getattr(os, "O_DIRECTORY", 0)
BINARY = getattr(os, "O_BINARY", 0)  # without it, Windows writes \r\n for each \n


def set_mode(handle: int, name: str, mode: int) -> None:
    """Set the mode bits of an open file, by its handle if possible, as the name may mean another file by now."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)
    else:
        os.chmod(name, mode)
