"""Arrays in files, whose rows are read when they are asked for.

Reading, unlike mapping, keeps no pages in the process, and raises an error, not SIGBUS, where a file was cut short.
"""

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...exceptions import RowError
from ...system.files_at_rest import AtRest


class FileArray:
    """A C- or Fortran-ordered array at an offset in a file; a slice of rows is read into memory.

    Raises
    ------
    OSError : the file cannot be read
    ValueError : it is shorter than the array, or was modified since it was opened
    """

    def __init__(
        self, path: str | os.PathLike, dtype: np.dtype, shape: tuple[int, ...], offset: int, fortran: bool
    ) -> None:
        self.path, self.dtype, self.shape = Path(path), np.dtype(dtype), tuple(shape)
        self.offset, self.fortran = offset, fortran and len(shape) == 2
        self.at_rest = AtRest(self.path)
        needed = offset + int(np.prod(shape, dtype=object)) * self.dtype.itemsize
        if self.at_rest.size < needed:
            raise ValueError(
                f"{self.path}: {self.at_rest.size} bytes, but an array of shape {self.shape} and type {self.dtype} "
                f"ends at byte {needed}; the file is not complete"
            )

    @classmethod
    def of_npy(cls, path: str | os.PathLike) -> "FileArray":
        """Return the array of a .npy file."""
        with open(path, "rb") as file:
            try:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, fortran, dtype = read(file)
            except ValueError as error:
                raise OSError(f"{os.fspath(path)}: not a readable .npy file ({error})") from None
            if dtype.hasobject or dtype.names:
                raise ValueError(f"{os.fspath(path)}: holds {dtype}; it must hold real numbers")
            return cls(path, dtype, shape, file.tell(), fortran)

    @classmethod
    def of_memmap(cls, a: np.memmap) -> "FileArray | None":
        """Return the array that a memmap maps, or None where its memory is not one contiguous part of the file."""
        fortran = not a.flags.c_contiguous and a.flags.f_contiguous
        if a.filename is None or a.mode == "c" or a.size == 0 or not (a.flags.c_contiguous or fortran):
            return None
        mapped: Any = a
        while not isinstance(mapped, mmap.mmap) and mapped is not None:
            mapped = getattr(mapped, "base", None)
        if mapped is None:
            return None
        start = np.frombuffer(mapped, np.uint8).ctypes.data
        map_offset = a.offset - a.offset % mmap.ALLOCATIONGRANULARITY
        if a.flags.writeable:
            a.flush()
        return cls(a.filename, a.dtype, a.shape, map_offset + a.ctypes.data - start, fortran)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, last, _ = rows.indices(len(self))
        n, itemsize = max(0, last - first), self.dtype.itemsize
        self.at_rest.check()
        with open(self.path, "rb", buffering=0) as file:
            if self.fortran:
                out = np.empty((n, self.shape[1]), self.dtype, order="F")
                for k in range(self.shape[1]):
                    self.read(file, self.offset + (k * len(self) + first) * itemsize, out[:, k])
            else:
                out = np.empty((n, *self.shape[1:]), self.dtype)
                self.read(file, self.offset + first * int(np.prod(self.shape[1:])) * itemsize, out.reshape(-1))
        return out

    def read(self, file: Any, place: int, out: np.ndarray) -> None:
        """Read bytes from a place of the file on: out, contiguous."""
        file.seek(place)
        view = memoryview(out.view(np.uint8))  # type: ignore[arg-type]
        while len(view):
            count = file.readinto(view)
            if not count:
                raise RowError(f"{self.path}: ends at byte {file.tell()}; it was cut short while it was read")
            view = view[count:]
