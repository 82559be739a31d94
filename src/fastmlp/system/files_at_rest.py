"""Check that files stay as they are while rows are read from them, by name or through a memory map.

Reading behind the end of a map whose file was cut would kill the process (SIGBUS).
"""

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import RowError

MODIFIED = "the file was modified while it was read; do not write to it during training"


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
            raise RowError(f"{self.path}: {MODIFIED}")


def status(path: Path) -> tuple[int, int, int]:
    """Return the size, the time of change and the inode of a file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    return found.st_size, found.st_mtime_ns, found.st_ino


class MappedFile:
    """A file of which an array shows a part, and what it was like when it was first seen.

    Raises
    ------
    RowError : the file is shorter than what is mapped of it
    """

    def __init__(self, array: np.memmap, mapped: mmap.mmap) -> None:
        self.path, self.mapped = array.filename, mapped
        self.end = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY + len(mapped)
        # Through a map that can be written the owner may change the file himself, at any time.
        self.known = None if array.flags.writeable else self.status()
        self.check()

    def status(self) -> tuple[int, int, int] | None:
        """(Inode, size, time of change) of what has the file's name now; None: nothing has, or there is no name."""
        try:
            found = os.stat(self.path)  # type: ignore[arg-type]
        except (OSError, TypeError):
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def check(self) -> None:
        """Raise RowError if the file was cut or written to; one that was removed or replaced is still whole."""
        if self.mapped.size() < self.end:
            raise RowError(
                f"{self.path}: the file has {self.mapped.size()} bytes, but {self.end} are mapped; it has changed "
                "since it was opened, or was never complete"
            )
        now = None if self.known is None else self.status()
        if self.known is not None and now is not None and now[0] == self.known[0] and now != self.known:
            raise RowError(f"{self.path}: {MODIFIED}")


def mapped_files(*arrays: Any) -> list[MappedFile]:
    """The files behind those of the arrays, or of the memory that they show, that are np.memmap."""
    found: dict[int, MappedFile] = {}
    for array in arrays:
        while isinstance(array, np.ndarray):
            base = array.base
            if isinstance(array, np.memmap) and isinstance(base, mmap.mmap) and id(base) not in found:
                found[id(base)] = MappedFile(array, base)
            array = base
    return list(found.values())
