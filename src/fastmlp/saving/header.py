"""The header of a model file: that of a safetensors file in one canonical spelling, checked before anything is read.

A header is JSON: `__metadata__`, with the description and the digest as strings, and for each tensor its dtype, shape
and place. There is one way to write it; any other is refused.
"""

import json
import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..exceptions import ModelFormatError

KEY, DIGEST = "fastmlp", "sha256"
NO_DIGEST = "0" * 64
FIRST_WITH_DIGEST = 3
DTYPES: dict[str, np.dtype] = {
    "F64": np.dtype("<f8"), "I64": np.dtype("<i8"), "F32": np.dtype("<f4"), "U8": np.dtype("u1"),
}  # fmt: skip
NAME = re.compile(r"[a-z_][a-z_0-9]*(\.[a-z_0-9]+)*")
ALIGNMENT = 8
SPARE_BYTES = 60 * 2**20
CONTAINER_BYTES, VALUE_BYTES, TEXT_COPIES = 256, 80, 5  # that parsing takes at most


class NewerError(ModelFormatError):
    """The file may be sound, but this is not the version to read it."""


@dataclass(frozen=True)
class Entry:
    """One tensor: its name, dtype and shape, and how many bytes of the data it is."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class Header:
    """What a header says.

    Attributes
    ----------
    description : with its "version"
    entries : in the order of the data, without gaps
    digest : of the file with zeros in place of these digits; None before version 3
    """

    description: dict[str, Any]
    entries: tuple[Entry, ...]
    digest: str | None


def canonical(value: Any, sort_keys: bool = True) -> str:
    """The one spelling of a value."""
    return json.dumps(value, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def padded(text: str) -> bytes:
    """As UTF-8, with the fewest spaces that align what follows."""
    raw = text.encode()
    return raw + b" " * (-len(raw) % ALIGNMENT)


def is_padded(text: str, bare: str, size: int) -> bool:
    """Is a text, of so many bytes, what `padded` makes of `bare`? Without a copy of it."""
    rest = text[len(bare) :]
    return text.startswith(bare) and rest == " " * len(rest) and len(rest) < ALIGNMENT and size % ALIGNMENT == 0


def build(description: dict[str, Any], tensors: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
    """A header without its digest, and the names of the tensors in the order of the data."""
    codes = {dtype: code for code, dtype in DTYPES.items()}
    names = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    outer: dict[str, Any] = {"__metadata__": {KEY: canonical(description), DIGEST: NO_DIGEST}}
    end = 0
    for name in names:
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        outer[name] = {"dtype": codes[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    return padded(canonical(outer)), names


def digest_place(raw: bytes | bytearray) -> slice:
    """Where the digest's digits stand in a header."""
    mark = f'","{DIGEST}":"'.encode()  # no string contains it: its quotes would be escaped
    first = raw.index(mark) + len(mark)
    return slice(first, first + len(NO_DIGEST))


def parse(raw: bytes | bytearray, data_size: int, newest: int) -> Header:
    """A header that describes just so many bytes of data, of a version up to `newest`; else a ModelFormatError."""
    check_cost(raw, data_size)
    try:
        return checked(raw, data_size, newest)
    except ModelFormatError:
        raise
    except RecursionError:
        raise ModelFormatError("its header is nested too deeply") from None
    except (ValueError, TypeError) as error:
        raise ModelFormatError(f"its header is no such JSON ({error})") from None


def check_cost(raw: bytes | bytearray, data_size: int) -> None:
    """Refuse a header that could, parsed and beside the tensors, take more memory than twice the file and 64 MiB."""
    widest = np.frombuffer(raw, np.uint8).max(initial=0)
    text = len(raw) * (1 if widest < 0xC4 else 2 if widest < 0xF0 else 4)  # Python's bytes for each character
    containers, values = raw.count(b"[") + raw.count(b"{"), raw.count(b",") + raw.count(b":")
    cost = CONTAINER_BYTES * containers + VALUE_BYTES * values + TEXT_COPIES * text
    if cost > 2 * len(raw) + data_size + SPARE_BYTES:
        raise ModelFormatError(f"its header of {len(raw):,} bytes holds too much ({containers + values:,} values)")


def checked(raw: bytes | bytearray, data_size: int, newest: int) -> Header:
    """The same, with any error that parsing can give."""
    text = raw.decode()
    outer = json.loads(text)
    if type(outer) is not dict or not is_padded(text, canonical(outer, sort_keys=False), len(raw)):
        raise ModelFormatError("its header is not written the canonical way")
    metadata = outer.get("__metadata__")
    if type(metadata) is not dict or type(metadata.get(KEY)) is not str:
        raise ModelFormatError(f"its header has no {KEY!r} among its metadata")
    description = json.loads(metadata[KEY])
    version = checked_version(description, newest)
    signed = version >= FIRST_WITH_DIGEST
    spelled = canonical(description) if signed else json.dumps(description, sort_keys=True, allow_nan=False)
    if spelled != metadata[KEY]:
        raise ModelFormatError("its description is not written the canonical way")
    if list(metadata) != [KEY, DIGEST][: 1 + signed] or (signed and list(outer) != sorted(outer)):
        raise ModelFormatError("its metadata or the order of its tensors are not those of this version")
    entries = checked_entries(outer, data_size, signed)
    digest = metadata.get(DIGEST)
    if signed and (type(digest) is not str or re.fullmatch("[0-9a-f]{64}", digest) is None):
        raise ModelFormatError(f"its {DIGEST} is not one")
    return Header(description, entries, digest)


def checked_version(description: Any, newest: int) -> int:
    """The format's version."""
    version = description.get("version") if type(description) is dict else None
    if type(version) is not int or version < 1:
        raise ModelFormatError("its description has no format version")
    if version > newest:
        raise NewerError(f"format version {version} is newer than this fastmlp, which reads up to {newest}; upgrade it")
    return version


def checked_entries(outer: dict[str, Any], data_size: int, signed: bool) -> tuple[Entry, ...]:
    """The tensors, which must fill the data without gaps and overlaps."""
    keys = ["data_offsets", "dtype", "shape"] if signed else ["dtype", "shape", "data_offsets"]
    found = []
    for name, value in outer.items():
        if name == "__metadata__":
            continue
        if NAME.fullmatch(name) is None:
            raise ModelFormatError(f"{name[:80]!r} is no name of a tensor")
        if type(value) is not dict or list(value) != keys:
            raise ModelFormatError(f"tensor {name!r} is described by {str(value)[:80]}")
        found.append((checked_offsets(name, value["data_offsets"], data_size), checked_entry(name, value, data_size)))
    found.sort(key=lambda pair: (-pair[1].dtype.itemsize, pair[1].name) if signed else pair[0])
    ends = [0, *(end for (_, end), _ in found), data_size]
    begins = [*(begin for (begin, _), _ in found), data_size]
    if ends[:-1] != begins:
        raise ModelFormatError(f"its tensors do not lie one after another in {data_size:,} bytes of data")
    for (begin, end), entry in found:
        if end - begin != entry.size:
            raise ModelFormatError(f"tensor {entry.name!r} of {entry.size:,} bytes has a place of {end - begin:,}")
    return tuple(entry for _, entry in found)


def checked_offsets(name: str, value: Any, data_size: int) -> tuple[int, int]:
    """Where a tensor begins and ends."""
    if type(value) is not list or [type(offset) for offset in value] != [int, int]:
        raise ModelFormatError(f"tensor {name!r} has the data_offsets {str(value)[:80]}")
    if not all(a <= b for a, b in pairwise([0, *value, data_size])):
        raise ModelFormatError(f"tensor {name!r} lies at {value} of {data_size:,} bytes of data")
    return value[0], value[1]


def checked_entry(name: str, value: dict[str, Any], data_size: int) -> Entry:
    """A tensor's dtype and shape; no dimension, and no product of some, is more than there are bytes."""
    code, shape = value["dtype"], value["shape"]
    if type(code) is not str or code not in DTYPES:
        raise ModelFormatError(f"tensor {name!r} has the dtype {str(code)[:80]}; known are {', '.join(DTYPES)}")
    if type(shape) is not list or len(shape) > 8 or not all(type(n) is int and 0 <= n <= data_size for n in shape):
        raise ModelFormatError(f"tensor {name!r} has the shape {str(shape)[:80]}")
    if math.prod(max(n, 1) for n in shape) > max(data_size, 1):
        raise ModelFormatError(f"tensor {name!r} has the shape {shape}, which {data_size:,} bytes cannot hold")
    return Entry(name, DTYPES[code], tuple(shape), math.prod(shape) * DTYPES[code].itemsize)
