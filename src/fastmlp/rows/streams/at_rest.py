"""Files that must not change while rows are read from them."""

import os
from pathlib import Path

from ...exceptions import RowError


class AtRest:
    """A file's size, time of change and identity when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path, self.known = path, status(path)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.known[0]

    def check(self) -> None:
        """Raise RowError if the file is not as it was."""
        if status(self.path) != self.known:
            raise RowError(f"{self.path}: the file has changed since it was opened; train on a file at rest")


def status(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    return found.st_size, found.st_mtime_ns, found.st_ino
