"""Compile a user's own activation, a pair (g, g') of scalar functions, into functions over blocks of rows."""

import ctypes
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.core import config
from numba.extending import is_jitted

from .exceptions import ActivationError
from .jit.compile import refused_without_compilation
from .jit.function_key import key_of, key_of_function
from .jit.intrinsics import try_call
from .jit.numba_private import KNOWN

MOST_COMPILED = 64  # pairs that stay compiled when no net uses them
ACCEPTED = "a pair of scalar functions of z that Numba can compile, or of NumPy's, such as np.tanh"


@dataclass(frozen=True)
class Own:
    """A pair (g, g'), compiled for one dtype; equal to another whose functions do the same.

    Attributes
    ----------
    key : equal for pairs that do the same
    name : that of g
    g, dg : compiled, for one number
    forward, backward : for blocks of rows, see `block_functions`
    """

    key: Any = field(repr=False)
    name: str = field(compare=False)
    dtype: np.dtype = field(compare=False)
    g: Any = field(compare=False, repr=False)
    dg: Any = field(compare=False, repr=False)
    forward: Any = field(compare=False, repr=False)
    backward: Any = field(compare=False, repr=False)

    def values(self, z: list[float]) -> dict[str, list[float | None]]:
        """Return g and g' at each z, as a file keeps them; None where one is not finite or raises."""
        with np.errstate(over="ignore"):
            Z = np.array(z, self.dtype)
        pointer = ctypes.POINTER(ctypes.c_float if self.dtype == np.float32 else ctypes.c_double)
        found: dict[str, list[float | None]] = {}
        for name, block in (("g", self.forward), ("dg", self.backward)):
            out = np.ones_like(Z)
            for i in range(len(Z)):
                if block.ctypes(*(a[i:].ctypes.data_as(pointer) for a in (Z, out)), 1, 1, 1) >= 0:
                    out[i] = np.nan
            found[name] = [float(value) if np.isfinite(value) else None for value in out]
        return found

    def error(self, z: Any) -> ActivationError:
        """Return what to raise if g or g' has raised at this z; another call from Python brings the exception."""
        for f, name in ((self.g, "g"), (self.dg, "g'")):
            try:
                f(z)
            except Exception as error:
                found = ActivationError(f"activation {self.name!r}: {name}({z}) raised {type(error).__name__}: {error}")
                found.__cause__ = error
                return found
        return ActivationError(f"activation {self.name!r}: g or g' raised an exception at z = {z}")


@dataclass(frozen=True)
class Pair:
    """A pair to compile: its key, and its functions with their arguments before and behind z."""

    key: Any = field(repr=False)
    names: tuple[str, ...] = field(compare=False)
    functions: tuple[tuple[Any, tuple, tuple], ...] = field(compare=False)


def own(g: Callable, dg: Callable, dtype: np.dtype) -> Own:
    """Return the pair, compiled once for all that do the same. Raise TypeError if Numba cannot compile it."""
    return compiled(pair_of(g, dg, dtype), dtype)


def pair_of(g: Callable, dg: Callable, dtype: np.dtype) -> Pair:
    """Return the pair, which is equal to any other that does the same."""
    names, functions = tuple(name_of(f) for f in (g, dg)), tuple(unbound(f) for f in (g, dg))
    key = tuple((key_of_function(f), key_of(before), key_of(behind)) for f, before, behind in functions)
    return Pair((dtype.str, names[0], key), names, functions)


@lru_cache(MOST_COMPILED)
def compiled(pair: Pair, dtype: np.dtype) -> Own:
    """Compile a pair; the last MOST_COMPILED stay compiled."""
    scalar = types.float32 if dtype == np.float32 else types.float64
    g, dg = (of_number(name, *function, scalar) for name, function in zip(pair.names, pair.functions, strict=True))
    return Own(pair.key, pair.names[0], dtype, g, dg, *block_functions(g, dg, scalar))


def unbound(f: Any) -> tuple[Any, tuple, tuple]:
    """Return a function and its arguments before and behind z: those of a partial, or the numbers of an object."""
    if isinstance(f, partial):
        function, before, behind = unbound(f.func)
        before = *before, *f.args
        if f.keywords or isinstance(function, FunctionType) or is_jitted(function):
            behind = tuple(f.keywords.get(one.name, one.default) for one in parameters_of(f.func)[len(f.args) + 1 :])
        return function, before, behind
    if isinstance(f, MethodType):
        return f.__func__, (numbers(f.__self__),), ()
    call = getattr(type(f), "__call__", None)  # noqa: B004  (its kind is asked for)
    if isinstance(call, FunctionType) and not type(f).__module__.startswith("numba."):  # which calls its own
        return call, (numbers(f),), ()
    return f, (), ()


def parameters_of(f: Any) -> list[inspect.Parameter]:
    """Return the parameters of a function. Raise TypeError if it does not tell them, as some in C do not."""
    try:
        return list(inspect.signature(f).parameters.values())
    except ValueError as error:
        raise TypeError(f"activation: {name_of(f)} does not name its arguments ({error}); give {ACCEPTED}") from error


def numbers(owner: Any) -> Any:
    """Return the attributes of an object that are numbers, as a record: Numba compiles them as constants."""
    kinds = bool, int, float, np.bool_, np.number
    found = {name: value for name, value in getattr(owner, "__dict__", {}).items() if isinstance(value, kinds)}
    return np.array([tuple(found.values())], [(name, np.asarray(value).dtype) for name, value in found.items()])[0]


def name_of(f: Any) -> str:
    """Return the name of a function; of an object, that of its class."""
    return name_of(f.func) if isinstance(f, partial) else getattr(f, "__name__", type(f).__name__)


def of_number(name: str, function: Any, before: tuple, behind: tuple, scalar: Any) -> Any:
    """Compile f(*before, z, *behind) for a number z; division by zero is as in NumPy."""
    if config.DISABLE_JIT:
        refused_without_compilation()
    try:
        f = function
        if is_jitted(f):
            f = njit(error_model="numpy", fastmath=f.targetoptions.get("fastmath", False))(f.py_func)
        elif isinstance(f, FunctionType):
            f = njit(error_model="numpy")(f)
        if not is_jitted(f) or f.py_func.__code__.co_argcount != 1:
            inner = f
            f = njit(error_model="numpy")(lambda z: inner(*before, z, *behind))
        f.compile((scalar,))
    except Exception as error:  # Numba raises many classes
        reason = next((line for line in str(error).splitlines() if line and not line.startswith("Failed in")), "")
        raise TypeError(f"activation: {name} cannot be compiled ({reason}); give {ACCEPTED}") from error
    result = f.overloads[(scalar,)].signature.return_type
    if not isinstance(result, (types.Integer, types.Float, types.Boolean)):
        raise TypeError(f"activation: {name} returns {result}, which is no real number; give {ACCEPTED}")
    return f


@njit(error_model="numpy")
def tried(f: Any, z: Any) -> tuple[bool, Any]:
    """Do what `try_call` does, without private names of Numba."""
    try:
        return False, type(z)(f(z))
    except Exception:
        return True, z


def block_functions(g: Any, dg: Any, scalar: Any) -> tuple[Any, Any]:
    """Compile A = g(Z) and dZ ⊙= g'(Z) over m rows of p numbers, ld apart.

    Each returns the place at which the function has raised, or -1. Padding, from p to ld, is neither read nor written.
    """
    pointer, call = types.CPointer(scalar), try_call if KNOWN else tried
    block = cfunc(types.intp(pointer, pointer, types.intp, types.intp, types.intp), error_model="numpy")

    @block
    def forward(Z, A, m, p, ld):  # type: ignore[no-untyped-def]
        for i in range(m):
            for at in range(i * ld, i * ld + p):
                failed, a = call(g, Z[at])
                if failed:
                    return at
                A[at] = a
        return -1

    @block
    def backward(Z, dZ, m, p, ld):  # type: ignore[no-untyped-def]
        for i in range(m):
            for at in range(i * ld, i * ld + p):
                failed, slope = call(dg, Z[at])
                if failed:
                    return at
                dZ[at] *= slope
        return -1

    return forward, backward
