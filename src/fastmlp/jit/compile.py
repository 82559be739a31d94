"""How kernels are compiled: options, Numba's pipelines, and the register tile of this machine."""

import platform

import numba
import numpy as np
from numba.core import config

from .bfloat16_instructions import by_flags
from .cache import KernelCache
from .cpu import cpu_features, cpu_name
from .interruptible import interruptible
from .numba_private import KNOWN, CompilerBase, DefaultPassBuilder, JITCodeLibrary

# No "nnan" and no "ninf": with them LLVM deletes the checks for NaN and inf. No "contract" and no "reassoc"
# but in sums: the rest of a loop must give the same bits as its vectors, so fused multiply-adds are written out.
ELEMENTWISE = {"nsz"}
SUM = {"contract", "nsz", "reassoc"}

OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": ELEMENTWISE}
if KNOWN:
    OPTIONS["_nrt"] = False  # kernels allocate nothing: slices need not be counted by atomics that all threads share


class Library(JITCodeLibrary):
    """The LLVM module of a kernel, whose loops run on vectors as wide as the register tile's.

    For many Intel cores, LLVM prefers half of that to keep the clock up; the tiles have slowed the clock down anyway.
    """

    def add_ir_module(self, ir_module):
        for function in ir_module.functions:
            # past the method of the same name, which knows attributes without a value only
            set.add(function.attributes, f'"prefer-vector-width"="{8 * VECTOR_BYTES}"')
        super().add_ir_module(ir_module)


class InnerLibrary(Library):
    """The LLVM module of a kernel that only kernels call: linked into them, never optimised and emitted alone."""

    def finalize(self):
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        self._ensure_finalized()
        return 0

    @property
    def codegen(self):
        return WithoutEnvironments(self._codegen)


class WithoutEnvironments:
    """A code generator that does not write into the environment of code which was never emitted."""

    def __init__(self, codegen):
        self._codegen = codegen

    def __getattr__(self, name):
        return getattr(self._codegen, name)

    def set_env(self, env_name, env):
        pass


class EntryCompiler(CompilerBase):
    """Numba's compiler for kernels that Python calls."""

    library = Library

    def define_pipelines(self):
        self.state.library = self.library(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


class InnerCompiler(EntryCompiler):
    """Numba's compiler for kernels that only kernels call.

    Numba optimises and emits every function with all that it calls, and again in each of its callers. Here
    that happens once, in the entry point: a quarter of the time to the first fit.
    """

    library = InnerLibrary


INNER = {"pipeline_class": InnerCompiler, "no_cpython_wrapper": True, "no_cfunc_wrapper": True} if KNOWN else {}

kernel = numba.njit(**OPTIONS, **INNER)
inlined = numba.njit(**OPTIONS, **INNER, inline="always")  # may return a slice: other kernels cannot
sum_kernel = numba.njit(**{**OPTIONS, **INNER, "fastmath": SUM})


def entry_point(function):
    """Compile like `kernel`, and keep the machine code in the kernel cache for the next process."""
    if config.DISABLE_JIT:
        return refused_without_compilation
    if not KNOWN:
        return numba.njit(**OPTIONS)(function)
    dispatcher = numba.njit(**OPTIONS, pipeline_class=EntryCompiler, no_cfunc_wrapper=True)(function)
    dispatcher._cache = KernelCache(function, lambda: (register_tile(), by_flags()))
    dispatcher.compile = interruptible(dispatcher.compile)
    return dispatcher


def refused_without_compilation(*arguments):
    """Stand for every entry point where Numba does not compile: the intrinsics have no Python body."""
    raise RuntimeError("NUMBA_DISABLE_JIT is set, but fastmlp's kernels only run compiled; unset it")


def register_tile():
    """Return (bytes of a vector, rows, most vectors) of the micro-kernel, whose sums fill the registers.

    Tiles of up to 3 vectors have that many rows, those of 4 fewer, see kernels/matmul.py.
    """
    features = cpu_features()
    if "+avx512f" in features:
        return 64, 8, 4
    if "+avx2" in features:
        return 32, 4, 3
    if platform.machine().lower() in ("aarch64", "arm64"):
        return 16, 8, 3
    return 16, 4, 3


ZERO, NOWHERE = np.intp(0), np.intp(-1)  # variables, because Numba compiles a kernel again for each literal argument
VECTOR_BYTES, TILE_ROWS, TILE_VECTORS = register_tile()
# Intel's square roots of vectors of 64 bytes, by measurement; on AMD's Zen a faster root gains next to nothing.
SLOW_ROOT = VECTOR_BYTES == 64 and not cpu_name().startswith("znver")
