"""Check that files stay as they are while rows are read from them, by name or through a memory map.

Reading behind the end of a mapped file that was cut would end the process (SIGBUS).
"""

import mmap
import os
from typing import Any

import numpy as np

from ..exceptions import RowError


class AtRest:
    """A file's inode, size and time of change when it was opened."""

    def __init__(self, path: Any) -> None:
        self.path = path
        self.known = self.status()

    @property
    def size(self) -> int:
        """In bytes."""
        return self.known[1]

    def status(self) -> tuple[int, int, int]:
        """Return inode, size and time of change of what has the file's name now."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file") from None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def check(self) -> None:
        """Raise RowError if the file is not as it was."""
        if self.status() != self.known:
            raise RowError(f"{self.path}: the file was modified while it was read; do not write to it during training")


class MappedFile(AtRest):
    """A file that an array shows in part; its map stays whole if the file is removed or replaced, not if it is cut.

    Raises
    ------
    RowError : the file is shorter than what is mapped of it
    """

    def __init__(self, array: np.memmap, mapped: mmap.mmap) -> None:
        self.mapped = mapped
        self.end = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY + len(mapped)
        super().__init__(array.filename)
        # The owner of a map of mode "r+" or "w+" may change the file through it, at any time.
        self.may_change = bool(array.flags.writeable)
        self.check()

    def status(self) -> tuple[int, int, int]:
        """Return zeros where there is no such name any more, or never was one."""
        try:
            return super().status()
        except (OSError, TypeError):
            return 0, 0, 0

    def check(self) -> None:
        """Raise RowError if the file was cut or written to."""
        if self.mapped.size() < self.end:
            raise RowError(
                f"{self.path}: the file has {self.mapped.size()} bytes, but {self.end} are mapped; it has changed "
                "since it was opened, or was never complete"
            )
        if not self.may_change and self.status()[0] == self.known[0]:
            super().check()


def mapped_files(*arrays: Any) -> list[MappedFile]:
    """Return the files behind those of the arrays, or of the memory that they show, that are np.memmap."""
    found: dict[int, MappedFile] = {}
    for array in arrays:
        while isinstance(array, np.ndarray):
            base = array.base
            if isinstance(array, np.memmap) and isinstance(base, mmap.mmap) and id(base) not in found:
                found[id(base)] = MappedFile(array, base)
            array = base
    return list(found.values())
