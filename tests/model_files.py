"""Model files made and broken by hand: nothing here imports the reader or the writer.

The format is that of docs/how_it_works/model-file.md.
"""

import hashlib
import json

import numpy as np

CODES = {"F64": "<f8", "I64": "<i8", "F32": "<f4", "U8": "u1"}


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def assemble(description, tensors, **changes):
    """Sign a file; description: an object or the JSON itself; changes: other headers' entries, or other offsets."""
    text = description if isinstance(description, str) else compact(description)
    outer = {"__metadata__": {"fastmlp": text, "sha256": "0" * 64}}
    data = b""
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        array = tensors[name]
        code = next(code for code, dtype in CODES.items() if array.dtype == dtype)
        outer[name] = {"dtype": code, "shape": list(array.shape)}
        outer[name]["data_offsets"] = [len(data), len(data) + array.nbytes]
        data += array.tobytes()
    for name, entry in changes.items():
        outer[name] = {**outer.get(name, {}), **entry}
    return signed(compact(outer).encode(), data)


def signed(header, data):
    """With the header's length and its spaces, and the digest in place of the first 64 zeros."""
    header += b" " * (-len(header) % 8)
    whole = len(header).to_bytes(8, "little") + header + data
    return whole.replace(b"0" * 64, hashlib.sha256(whole).hexdigest().encode(), 1)


def taken_apart(whole):
    """Return (description, tensors) of a file, without any check."""
    length = int.from_bytes(whole[:8], "little")
    outer, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    description = json.loads(outer.pop("__metadata__")["fastmlp"])
    tensors = {}
    for name, entry in outer.items():
        first, last = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[first:last], CODES[entry["dtype"]]).reshape(entry["shape"])
    return description, tensors


def mutated(whole, other, random):
    """One random change of a file's bytes: bits, bytes, pieces cut, repeated, moved, or taken from another file."""
    broken, n = bytearray(whole), len(whole)
    at, size = int(random.integers(n)), int(random.choice([1, 2, 8, 64, n // 4 + 1]))
    kind = int(random.integers(10))
    if kind <= 2:
        for place in random.integers(n, size=kind * 3 + 1):
            broken[place] ^= 1 << int(random.integers(8))
    elif kind == 3:
        broken[at : at + size] = random.bytes(min(size, n - at))
    elif kind == 4:
        del broken[at : at + size]
    elif kind == 5:
        broken[at:at] = random.bytes(size)
    elif kind == 6:
        broken[at:at] = broken[at : at + size]
    elif kind == 7:
        start = int(random.integers(len(other)))
        broken[at : at + size] = other[start : start + size]
    elif kind == 8:
        broken[at : at + size] = bytes([int(random.choice([0, 32, 255]))]) * min(size, n - at)
    else:
        broken[:8] = int(2 ** random.uniform(0, 64)).to_bytes(8, "little")
    return bytes(broken)


NASTY = (
    None, True, False, -1, 0, 1, 7, 2**31, 2**63, 10**400, 0.0, -0.5, 1e308, "", "relu", "../../etc/passwd", "x" * 99,
    "\x00", [], {}, [[]], [None], [0], [1, 1], {"own": "f"}, {"own": 3}, {"columns": []}, ["a"], [[[[[[[[[]]]]]]]]],
)  # fmt: skip


def with_nasty_values(value, nasty=NASTY):
    """All copies of a JSON value in which one place has another value, or a key is missing or too many."""
    yield from nasty
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for changed in with_nasty_values(value[key], nasty):
                yield {**value, key: changed}
        yield {**value, "surplus": 1}
    elif isinstance(value, list):
        for place in range(min(len(value), 4)):
            yield value[:place] + value[place + 1 :]
            for changed in with_nasty_values(value[place], nasty):
                yield [*value[:place], changed, *value[place + 1 :]]
