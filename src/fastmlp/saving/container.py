"""A model on disk: one safetensors file with a digest over all of it, and no pickle.

docs/how_it_works/model-file.md describes the format.
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

FORMAT_VERSION = 6
LENGTH_BYTES = 8  # of the header's length
PIECE = 2**20


def write(path: str | os.PathLike, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Replace `path` by a new file, in one step.

    Parameters
    ----------
    path : of the file
    description : values that JSON has, without "version"
    tensors : by names of a-z, 0-9, _ and dots; arrays of float64, float32, int64 or uint8

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
        file.seek(LENGTH_BYTES)
        file.write(header.with_digest(head, header.NO_DIGEST, digest.hexdigest()))


def writable(name: str, tensor: Any) -> np.ndarray:
    """Return a tensor as a file holds it: little-endian and in C order."""
    array = np.asarray(tensor)
    if array.dtype not in header.DTYPES.values():
        raise TypeError(f"tensor {name!r} is of dtype {array.dtype}; a model file holds float64, float32, int64, uint8")
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def pieces(head: bytes, arrays: list[np.ndarray]) -> Iterator[bytes]:
    """Yield the file's bytes as copies, so that the digest fits even if a thread trains the model meanwhile."""
    yield len(head).to_bytes(LENGTH_BYTES, "little")
    yield head
    for array in arrays:
        data = array.reshape(-1).view(np.uint8)
        for first in range(0, len(data), PIECE):
            yield data[first : first + PIECE].tobytes()


def read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the description, with its "version", and the tensors of a model file.

    Raises
    ------
    OSError : the file cannot be read
    ModelFormatError : it is no model file of a version that is known here, or it is damaged
    """
    with open(path, "rb", opener=open_at_once) as file:
        try:
            return read_from(file, os.fstat(file.fileno()))
        except header.NewerError as error:
            raise ModelFormatError(f"{os.fspath(path)}: {error}") from None
        except ModelFormatError as error:
            raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model, or damaged: {error}") from None


def open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a writer, should it be a pipe."""
    return os.open(path, flags | AT_ONCE)


def read_from(file: Any, status: os.stat_result) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read an open file; no array is allocated before its size was compared with the file's."""
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
    digest = hashlib.sha256(prefix)
    digest.update(raw if head.digest is None else header.with_digest(raw, head.digest, header.NO_DIGEST))
    tensors = {}
    for name, (dtype, shape) in head.tensors.items():
        tensors[name] = filled(file, np.empty(shape, dtype))
        digest.update(tensors[name].data)
    if head.digest is not None and digest.hexdigest() != head.digest:
        raise ModelFormatError("its digest does not fit its bytes; they were changed after it was written")
    return head.description, tensors


def filled(file: Any, buffer: Any) -> Any:
    """Return the buffer, filled from the file."""
    if file.readinto(buffer) < memoryview(buffer).nbytes:
        raise ModelFormatError("it ended while it was read")
    return buffer
