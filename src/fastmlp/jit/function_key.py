"""Keys of functions that Numba compiles: equal if the code and all that it reads are equal.

A function that was unpickled, or whose definition ran again, is another object with the same results. Numba compiles
the values of globals and closures as constants, so they belong to the key.
"""

import hashlib
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.extending import is_jitted

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))  # equal if their repr is


class Itself:
    """Stand in a key for an object that is equal to itself only."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def key_of_function(f: Any, above: tuple[int, ...] = ()) -> Any:
    """Return the key of a function, compiled or not; above: ids of the functions and modules that led to it."""
    if is_jitted(f):
        return "jitted", bool(f.targetoptions.get("fastmath")), key_of_function(f.py_func, above)
    if not isinstance(f, FunctionType):
        return Itself(f)
    if id(f) in above:
        return "recursive", above.index(id(f))
    names = names_in(f.__code__)
    reads = (
        f.__defaults__, tuple((f.__kwdefaults__ or {}).items()),
        tuple(contents(cell) for cell in f.__closure__ or ()), present(names, f.__globals__),
    )  # fmt: skip
    return key_of_code(f.__code__), key_of(reads, names, (*above, id(f)))


def key_of(value: Any, names: tuple[str, ...] = (), above: tuple[int, ...] = ()) -> Any:
    """Return the key of a value that a function reads; a module counts by what it has under `names`."""
    if type(value) in PLAIN:
        return type(value), repr(value)
    if isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        return type(value), repr(value.dtype), value.shape, hashlib.sha256(value.tobytes()).digest()
    if isinstance(value, tuple):
        return type(value), tuple(key_of(one, names, above) for one in value)
    if isinstance(value, ModuleType) and id(value) not in above:
        return Itself(value), key_of(present(names, vars(value)), names, (*above, id(value)))
    return key_of_function(value, above) if is_jitted(value) else Itself(value)


def key_of_code(code: CodeType) -> Any:
    """Return the key of bytecode: all of it but its place in a file."""
    constants = tuple(
        key_of_code(value) if isinstance(value, CodeType) else
        frozenset(key_of(one) for one in value) if isinstance(value, frozenset) else key_of(value)
        for value in code.co_consts
    )  # fmt: skip
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_code, code.co_exceptiontable, constants, names, counts


def names_in(code: CodeType) -> tuple[str, ...]:
    """Return all names of globals and attributes in bytecode, and in that of functions inside it."""
    inner = (names_in(value) for value in code.co_consts if isinstance(value, CodeType))
    return tuple(sorted(set(code.co_names).union(*inner)))


def present(names: tuple[str, ...], namespace: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return (name, value) of those names that a namespace has."""
    return tuple((name, namespace[name]) for name in names if name in namespace)


def contents(cell: CellType) -> Any:
    """Return what a closure's cell holds; it may be empty yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return ...
