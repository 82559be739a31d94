"""Kernels as plain Python, where coverage.py sees their lines and branches: a plugin of pytest, for `make coverage`.

Under NUMBA_DISABLE_JIT a kernel is its Python function. What is left is LLVM IR, which has no Python body, and entry
points, which refuse to run. This puts a few lines of NumPy in the place of each, before kernels are imported:

    NUMBA_DISABLE_JIT=1 PYTHONPATH=.ci python -m pytest -W default -p kernels_in_python tests/network/test_groups.py

A step over some hundred rows takes a second then. What needs compiled code is not replaced, and its tests fail: a
user's own activations, and operands in bfloat16.
"""

import ctypes
import functools
import importlib.util
import inspect
import operator
import sys
import threading
import time
import types

import numba
import numpy as np
from numpy.lib.stride_tricks import as_strided

assert numba.config.DISABLE_JIT, "set NUMBA_DISABLE_JIT=1"

# The package without its __init__, which imports the kernels: these must find all that is replaced below.
package = importlib.util.find_spec("fastmlp")
sys.modules["fastmlp"] = types.ModuleType("fastmlp")
sys.modules["fastmlp"].__path__ = package.submodule_search_locations
from fastmlp.jit import chosen, compile, intrinsics  # noqa: E402

ONE_AT_A_TIME = threading.Lock()


def nothing(*arguments):
    """Stand for hints to the processor."""


# --- records, entry points and chosen kernels ----------------------------------------------------------


class Record:
    """A record whose fields are attributes, as Numba has them: those of np.record hide fields such as `size`."""

    def __init__(self, void):
        object.__setattr__(self, "_void", void)

    def __getattr__(self, name):
        return self._void[name]

    def __setattr__(self, name, value):
        self._void[name] = value


class Records:
    """An array of records."""

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def __getitem__(self, i):
        return Record(self.array[i])


def is_bundle(argument):
    """Return whether an argument of a kernel is one of the NamedTuples of records.py."""
    return isinstance(argument, tuple) and hasattr(argument, "_fields")


def with_records(argument):
    """Return what a kernel is given, with records in place of arrays of them."""
    if is_bundle(argument):
        return type(argument)(*map(with_records, argument))
    return Records(argument) if getattr(getattr(argument, "dtype", None), "names", None) else argument


def kind_of(argument):
    """Return Numba's type of the net among the arguments of a kernel, which alone decides between kernels."""
    if not is_bundle(argument):
        return None
    return numba.typeof(type(argument)(*(getattr(field, "array", field) for field in argument)))


def entry_point(function):
    """Run a kernel that Python calls."""

    @functools.wraps(function)
    def run(*arguments):
        with np.errstate(all="ignore"):
            return function(*map(with_records, arguments))

    return run


def choose_when_called(like, choose):
    """Stand for jit/chosen.py: choose at each call, not while the caller is compiled."""
    count = len(inspect.signature(getattr(like, "py_func", like)).parameters)

    def call(*arguments):
        assert len(arguments) == count, like
        kernel = choose(*map(kind_of, arguments))
        return None if kernel is None else kernel(*arguments)

    return call


def kernel(function):
    """Leave a kernel as it is; `py_func` is what Numba calls this."""
    function.py_func = function
    return function


# --- LLVM IR ---------------------------------------------------------------------------------------------


def fma(a, b, c):
    """Return a b + c, rounded once, nearly always."""
    return type(a)(np.longdouble(a) * np.longdouble(b) + np.longdouble(c))


def reader(kind):
    """Build read(address, offset)."""
    return lambda address, offset: np.dtype(kind).type(kind.from_address(int(address + offset)).value)


def read_vector(address, B, at_b):
    """Stand for the intrinsic of this name."""
    B[at_b : at_b + compile.VECTOR_BYTES // B.itemsize] = np.frombuffer(
        (ctypes.c_char * compile.VECTOR_BYTES).from_address(int(address)), B.dtype
    )


def atomic_change(operation):
    """Build change(array, i, value)."""

    def change(array, i, value):
        with ONE_AT_A_TIME:
            before = np.int64(array[i])
            array[i] = operation(before, value)
        return before

    return change


def atomic_store(array, i, value):
    """Stand for the intrinsic of this name."""
    with ONE_AT_A_TIME:
        array[i] = value


def width_of(data, count):
    """Return how many numbers `count` vectors hold."""
    return count * (compile.VECTOR_BYTES // data.itemsize)


def matrix(data, offset, shape, strides):
    """Return the numbers from an offset on, at these strides in numbers."""
    return as_strided(data[offset:], shape, [stride * data.itemsize for stride in strides])


def fma_tile(rows, count):
    """Stand for the builder of this name."""

    def tile(K, A, rs, cs, B, start, C, finish, mask):
        n = width_of(C.data, count)
        product = matrix(A.data, A.offset, (rows, K), (rs, cs)) @ matrix(B.data, B.offset, (K, n), (B.ld, 1))
        sums = matrix(start.data, start.offset, (rows, n), (start.ld, 1)) + product
        if finish == micro_kernel.CLIPPED:
            sums = np.where(sums < 0, 0, sums)
        elif finish == micro_kernel.MASKED:
            sums = np.where(matrix(C.data, mask, (rows, n), (C.ld, 1)) > 0, sums, 0)
        matrix(C.data, C.offset, (rows, n), (C.ld, 1))[...] = sums

    return tile


def outer_tile(count):
    """Stand for the builder of this name."""

    def over_rows(m, d, w, A, dA, start_dW, start_db, dW, db):
        data, n = A.data, width_of(A.data, count)
        scale, values = data[d : d + m, np.newaxis], matrix(data, A.offset, (m, n), (A.ld, 1)).copy()
        products = np.where(values > 0, scale * data[w : w + n], 0)
        matrix(dA.data, dA.offset, (m, n), (dA.ld, 1))[...] = products
        data[dW : dW + n] = data[start_dW : start_dW + n] + (scale * values).sum(axis=0)
        data[db : db + n] = data[start_db : start_db + n] + products.sum(axis=0)

    return over_rows


def copy_of(count):
    """Build a copy of count(dtype) numbers."""

    def copy(A, at_a, B, at_b):
        B[at_b : at_b + count(A)] = A[at_a : at_a + count(A)]

    return copy


def transposition(rows_for):
    """Stand for the builder of this name."""

    def transpose(A, at_a, lda, B, at_b, ldb):
        lanes = width_of(A, 1)
        rows = rows_for(lanes)
        if rows <= lanes:
            matrix(B, at_b, (lanes, rows), (ldb, 1))[...] = matrix(A, at_a, (rows, lanes), (lda, 1)).T.copy()

    return transpose


def reduction(of_row):
    """Stand for the builder of this name."""
    return lambda A, at, count: of_row(A[at : at + width_of(A, count)])


def change(operation):
    """Stand for the builder of this name."""

    def apply(A, at, count, number):
        row = A[at : at + width_of(A, count)]
        operation(row, number, out=row)

    return apply


def read_between(count):
    """Stand for the builder of this name."""

    def tile(n, found, at_found, f, C, start, Z):
        data, width = C.data, width_of(C.data, count)
        total = data[start : start + width].copy()
        for k in range(n):
            lower = C.offset + found[at_found + k] * C.ld
            weight = data[f + k]
            total += (1 - weight) * data[lower : lower + width] + weight * data[lower + C.ld : lower + C.ld + width]
        data[Z : Z + width] = total

    return tile


def add_between(count):
    """Stand for the builder of this name."""

    def tile(rows, order, at_order, f, stride, A, lower, upper):
        data, width = A.data, width_of(A.data, count)
        for i in order[at_order : at_order + rows]:
            weight, row = data[f + i * stride], data[A.offset + i * A.ld : A.offset + i * A.ld + width]
            data[lower : lower + width] += (1 - weight) * row
            data[upper : upper + width] += weight * row

    return tile


def replace(module, **twins):
    """Put the twins in place of what the module has under their names."""
    for name, twin in twins.items():
        assert hasattr(module, name), name
        setattr(module, name, twin)


def by_dtype(build):
    """Stand for the decorator of this name, with one function of each dtype, not one of each call."""
    by = functools.cache(build)
    return lambda x: by(np.float32 if isinstance(x, np.float32) else np.float64)(x)


replace(compile, entry_point=entry_point, kernel=kernel, inlined=kernel, sum_kernel=kernel)
replace(chosen, chosen=choose_when_called)
replace(intrinsics, fma=fma, keep_whole=nothing, prefetch=nothing, prefetch_to_write=nothing)
replace(intrinsics, read_float32=reader(ctypes.c_float), read_float64=reader(ctypes.c_double))
replace(intrinsics, read_int32=reader(ctypes.c_int32), read_uint8=reader(ctypes.c_uint8), read_vector=read_vector)
replace(intrinsics, flush_to_zero=nothing, restore_state=nothing)

from fastmlp.jit import atomics, lookup_tiles, micro_kernel, vectors  # noqa: E402

replace(atomics, atomic_load=lambda array, i: array[i], atomic_store=atomic_store, this_core=lambda: np.int64(0))
replace(atomics, atomic_add=atomic_change(operator.add), atomic_or=atomic_change(operator.or_))
replace(atomics, spin_pause=nothing, give_way=lambda: time.sleep(0), short_sleep=lambda: time.sleep(50e-6))
replace(micro_kernel, fma_tile=fma_tile, outer_tile=outer_tile, copy_vector=copy_of(lambda A: width_of(A, 1)))
replace(micro_kernel, copy_tile_rows=copy_of(lambda A: compile.TILE_ROWS))
replace(micro_kernel, transpose_square=transposition(lambda lanes: lanes))
replace(micro_kernel, transpose_tile=transposition(lambda lanes: compile.TILE_ROWS))
replace(vectors, largest_of=reduction(np.max), sum_of=reduction(np.sum))
replace(vectors, subtract=change(np.subtract), multiply_by=change(np.multiply), divide_by=change(np.divide))
replace(lookup_tiles, read_between=read_between, add_between=add_between)

del sys.modules["fastmlp"]
