"""A model on disk: one safetensors file with a canonical header and a digest over all of it. No pickle.

docs/model-file.md describes the format.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..exceptions import ModelFormatError
from ..system.atomic_write import replaced
from ..system.files import AT_ONCE
from . import header

FORMAT_VERSION = 3
LENGTH_BYTES = 8  # of the header's length
PIECE = 2**20


def write(path: str | os.PathLike, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Replace `path` by a new file, in one step.

    Parameters
    ----------
    description : of values that JSON has, without "version"
    tensors : names of a-z, 0-9, _ and dots; arrays of float64, float32, int64 or uint8

    Raises
    ------
    OSError : the file cannot be written; an old one is as it was
    ValueError, TypeError : no file can hold this
    """
    arrays = {name: writable(name, tensor) for name, tensor in tensors.items()}
    head, names = header.build({**description, "version": FORMAT_VERSION}, arrays)
    try:
        header.parse(head, sum(array.nbytes for array in arrays.values()), FORMAT_VERSION)
    except ModelFormatError as error:
        raise ValueError(f"{os.fspath(path)}: no model file can hold this: {error}") from None
    digest = hashlib.sha256()
    with replaced(path) as file:
        for piece in pieces(head, [arrays[name] for name in names]):
            digest.update(piece)
            file.write(piece)
        file.seek(LENGTH_BYTES + header.digest_place(head).start)
        file.write(digest.hexdigest().encode())


def writable(name: str, tensor: Any) -> np.ndarray:
    """A tensor as it lies in a file."""
    array = np.asarray(tensor)
    if array.dtype not in header.DTYPES.values():
        raise TypeError(f"tensor {name!r} is of dtype {array.dtype}; a model file holds float64, float32, int64, uint8")
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def pieces(head: bytes, arrays: list[np.ndarray]) -> Iterator[bytes]:
    """A file's bytes, in copies: what is digested is what is written, even if a thread trains the model meanwhile."""
    yield len(head).to_bytes(LENGTH_BYTES, "little")
    yield head
    for array in arrays:
        view = array.reshape(-1).data.cast("B") if array.size else b""
        for first in range(0, len(view), PIECE):
            yield bytes(view[first : first + PIECE])


def read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Description, with its "version", and tensors of a model file.

    Raises
    ------
    OSError : the file cannot be read
    ModelFormatError : it is not a model file, of a version that is known here, or it is damaged
    """
    with open(path, "rb", buffering=0, opener=open_at_once) as file:
        try:
            return read_from(file, os.fstat(file.fileno()))
        except header.NewerError as error:
            raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
        except ModelFormatError as error:
            raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model, or damaged: {error}") from None


def open_at_once(path: str, flags: int) -> int:
    """Without waiting for a writer, if it is a pipe."""
    return os.open(path, flags | AT_ONCE)


def read_from(file: Any, status: os.stat_result) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The same, from an open file; nothing is allocated before it is known to be there."""
    if not stat.S_ISREG(status.st_mode):
        raise ModelFormatError("it is not a regular file")
    if status.st_size < LENGTH_BYTES:
        raise ModelFormatError(f"it has only {status.st_size} bytes")
    prefix = filled(file, bytearray(LENGTH_BYTES))
    length, rest = int.from_bytes(prefix, "little"), status.st_size - LENGTH_BYTES
    if length > rest:
        raise ModelFormatError(f"its header would have {length:,} bytes, but {rest:,} are left")
    raw = filled(file, bytearray(length))
    head = header.parse(raw, rest - length, FORMAT_VERSION)
    if head.digest is not None:
        raw[header.digest_place(raw)] = header.NO_DIGEST.encode()
    digest = hashlib.sha256(prefix + raw)
    tensors = {}
    for entry in head.entries:
        array = filled(file, np.empty(entry.size // entry.dtype.itemsize, entry.dtype))
        digest.update(array.data)
        tensors[entry.name] = array.reshape(entry.shape)
    if head.digest is not None and digest.hexdigest() != head.digest:
        raise ModelFormatError("its digest does not fit its bytes; they were changed after it was written")
    return head.description, tensors


def filled(file: Any, buffer: Any) -> Any:
    """The buffer, with all of it read from the file."""
    view = memoryview(buffer)
    view = view.cast("B") if view.nbytes else view
    while view.nbytes:
        n = file.readinto(view)
        if not n:
            raise ModelFormatError("it ended while it was read")
        view = view[n:]
    return buffer
