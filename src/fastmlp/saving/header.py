"""The header of a model file, which is that of a safetensors file, checked before any tensor is read.

It is JSON: `__metadata__` holds the description and the digest as strings, and each tensor has its dtype, shape and
place. safetensors' own reader cannot be used on files of strangers: it takes 15 times the size of a header of many
small tensors, and ends the process (SIGABRT) where memory runs out.
"""

import json
import math
import re
from typing import Any, NamedTuple, NoReturn

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
CONTAINER_BYTES, VALUE_BYTES, TEXT_COPIES = 256, 80, 5  # upper bounds of what parsing takes


class NewerError(ModelFormatError):
    """The format version is newer than this library; the file itself may be sound."""


class Header(NamedTuple):
    """A parsed header.

    Attributes
    ----------
    description : including "version"
    tensors : dtype and shape by name, in the order of the data, which they fill without gaps
    digest : of the file with zeros in place of these digits; None before version 3
    """

    description: dict[str, Any]
    tensors: dict[str, tuple[np.dtype, tuple[int, ...]]]
    digest: str | None


def compact(value: Any) -> str:
    """Write JSON without spaces and with sorted keys, so that equal models make equal files."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def build(description: dict[str, Any], tensors: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
    """Return a header with zeros for its digest, and the names of the tensors in the order of the data."""
    codes = {dtype: code for code, dtype in DTYPES.items()}
    names = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    outer: dict[str, Any] = {"__metadata__": {KEY: compact(description), DIGEST: NO_DIGEST}}
    end = 0
    for name in names:
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        outer[name] = {"dtype": codes[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    raw = compact(outer).encode()
    return raw + b" " * (-len(raw) % ALIGNMENT), names


def with_digest(raw: bytes | bytearray, old: str, new: str) -> bytes | bytearray:
    """Replace the digest of a header; no string can contain these bytes, as its quotes would be escaped."""
    return raw.replace(f'"{DIGEST}":"{old}"'.encode(), f'"{DIGEST}":"{new}"'.encode())


def parse(raw: bytes | bytearray, data_size: int, newest: int) -> Header:
    """Parse the header of a file with `data_size` bytes of data and a version up to `newest`.

    Raises
    ------
    ModelFormatError : it is no such header
    """
    check_cost(raw, data_size)
    try:
        outer = from_json(raw.decode())
        metadata = outer.pop("__metadata__")
        description = from_json(metadata[KEY])
        digest, version = metadata.get(DIGEST), checked_version(description, newest)
        # An older version must not have one: the version, if damaged, would turn off the check of the digest.
        if (version >= FIRST_WITH_DIGEST) != (digest is not None):
            raise ModelFormatError(f"its {DIGEST} does not go with its format version {version}")
        if digest is not None and (type(digest) is not str or len(digest) != len(NO_DIGEST)):
            raise ModelFormatError(f"its {DIGEST} does not have {len(NO_DIGEST)} digits")
        return Header(description, checked_tensors(outer, data_size), digest)
    except ModelFormatError:
        raise
    except RecursionError:
        raise ModelFormatError("its header is nested too deeply") from None
    except KeyError as error:
        raise ModelFormatError(f"its header lacks {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelFormatError(f"its header is not that of a model file ({error})") from None


def from_json(text: str) -> Any:
    """Parse JSON; a ValueError for NaN and infinities, which Python's parser takes for numbers."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number of JSON")

    return json.loads(text, parse_constant=refuse)


def check_cost(raw: bytes | bytearray, data_size: int) -> None:
    """Refuse a header that could, parsed and beside the tensors, take more memory than twice the file and 64 MiB."""
    # Python takes 1, 2 or 4 bytes for each character of a string, as its widest one needs.
    widest = np.frombuffer(raw, np.uint8).max(initial=0)
    text = len(raw) * (1 if widest < 0xC4 else 2 if widest < 0xF0 else 4)
    containers, values = raw.count(b"[") + raw.count(b"{"), raw.count(b",") + raw.count(b":")
    cost = CONTAINER_BYTES * containers + VALUE_BYTES * values + TEXT_COPIES * text
    if cost > 2 * len(raw) + data_size + SPARE_BYTES:
        raise ModelFormatError(f"its header of {len(raw):,} bytes holds too much ({containers + values:,} values)")


def checked_version(description: Any, newest: int) -> int:
    """Return the format version."""
    version = description.get("version") if type(description) is dict else None
    if type(version) is not int or version < 1:
        raise ModelFormatError("its description has no format version")
    if version > newest:
        raise NewerError(f"format version {version} is newer than this fastmlp, which reads up to {newest}; upgrade it")
    return version


def checked_tensors(outer: dict[str, Any], data_size: int) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Return dtype and shape of the tensors, which must fill the data without gaps and overlaps."""
    found, end = {}, 0
    for name, value in sorted(outer.items(), key=lambda item: item[1]["data_offsets"]):
        code, shape, begin = str(value["dtype"]), value["shape"], end
        if NAME.fullmatch(name) is None:
            raise ModelFormatError(f"{name[:80]!r} is no name of a tensor")
        if code not in DTYPES:
            raise ModelFormatError(f"tensor {name!r} has the dtype {code[:80]}; known are {', '.join(DTYPES)}")
        if type(shape) is not list or len(shape) > 8 or not all(type(n) is int and n >= 0 for n in shape):
            raise ModelFormatError(f"tensor {name!r} has the shape {str(shape)[:80]}")
        end += math.prod(shape) * DTYPES[code].itemsize
        if math.prod(max(n, 1) for n in shape) > max(data_size, 1) or value["data_offsets"] != [begin, end]:
            raise ModelFormatError(
                f"tensor {name!r} of shape {str(shape)[:80]} and dtype {code} does not lie at "
                f"{str(value['data_offsets'])[:80]}, behind the tensor before it, in {data_size:,} bytes of data"
            )
        found[name] = DTYPES[code], tuple(shape)
    if end != data_size:
        raise ModelFormatError(f"its tensors have {end:,} bytes, but there are {data_size:,} bytes of data")
    return found
