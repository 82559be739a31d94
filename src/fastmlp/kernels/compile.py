"""The only place with compile options: flags, the kernel cache, and the register tile of this machine.

Why not plain ``cache=True``: Numba's key for a cached function holds the function's own bytecode and
nothing of the functions that it calls, so an edit elsewhere would silently run the old code. Cached
kernels live in a folder that is named by a digest of this package's sources and of the NUMBA_* settings.
"""

import concurrent.futures
import contextlib
import hashlib
import os
import platform
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

import llvmlite.binding
import numba
from numba.core import caching, config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock

from .interrupts import check

# No "nnan" and no "ninf": with them LLVM deletes the checks for NaN and inf. No "contract" and no "reassoc"
# but in sums: the rest of a loop must give the same bits as its vectors, so fused multiply-adds are written out.
ELEMENTWISE = {"nsz"}
SUM = {"contract", "nsz", "reassoc"}

# Kernels allocate nothing: without Numba's runtime, slices are not counted by atomics that all threads share.
WATCH_SECONDS = 0.05  # from one look for Ctrl-C to the next, while a kernel is compiled

OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": ELEMENTWISE, "_nrt": False}


class InnerLibrary(JITCodeLibrary):
    """The LLVM module of a kernel that only kernels call: linked into them, not optimised and emitted alone."""

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


class InnerCompiler(CompilerBase):
    """Numba's compiler for kernels that only kernels call.

    Numba optimises and emits every function with all that it calls, and again in each of its callers. Here
    that happens once, in the entry point: a quarter of the time to the first fit.
    """

    def define_pipelines(self):
        self.state.library = InnerLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


INNER = {"pipeline_class": InnerCompiler, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel = numba.njit(**OPTIONS, **INNER)
sum_kernel = numba.njit(**{**OPTIONS, **INNER, "fastmath": SUM})


def entry_point(function):
    """Compile like `kernel`, and keep the machine code in the kernel cache for the next process."""
    dispatcher = numba.njit(**OPTIONS, no_cfunc_wrapper=True)(function)
    if not config.DISABLE_JIT:
        dispatcher._cache = KernelCache(function)
        dispatcher.compile = interruptible(dispatcher.compile)
    return dispatcher


def interruptible(compile_signature):
    """A dispatcher's `compile` that Ctrl-C need not wait for.

    A KeyboardInterrupt in the middle of it would leave Numba's lock closed, or be lost where LLVM calls Python. So a
    thread compiles to the end, which may be after the call; not a daemon: the process ends after it.
    """

    def compile(signature):
        if threading.current_thread() is not threading.main_thread() or global_compiler_lock.is_locked():
            return compile_signature(signature)
        outcome, ended = concurrent.futures.Future(), threading.Event()

        def work():
            try:
                outcome.set_result(compile_signature(signature))
            except BaseException as failure:
                outcome.set_exception(failure)
            finally:
                ended.set()

        threading.Thread(target=work, name="fastmlp-compile").start()
        while not ended.wait(WATCH_SECONDS):
            check()
        return outcome.result()

    return compile


def cpu_features():
    """What LLVM compiles for: NUMBA_CPU_FEATURES where it is set, else what the host has."""
    if config.CPU_FEATURES is not None:
        return config.CPU_FEATURES
    return llvmlite.binding.get_host_cpu_features().flatten()


def register_tile():
    """(bytes of a vector, rows, vectors) of the micro-kernel: as many sums as the registers hold."""
    features = cpu_features()
    if "+avx512f" in features:
        return 64, 8, 3
    if "+avx2" in features:
        return 32, 4, 3
    if platform.machine().lower() in ("aarch64", "arm64"):
        return 16, 8, 3
    return 16, 4, 3


VECTOR_BYTES, TILE_ROWS, TILE_VECTORS = register_tile()


def digest():
    """Name of the folder of cached kernels: whatever changes the machine code changes it."""
    text = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text.update(path.name.encode() + path.read_bytes())
    for name in sorted(os.environ):
        if name.startswith("NUMBA_"):
            text.update(f"{name}={os.environ[name]}".encode())
    text.update(f"{numba.__version__} {llvmlite.__version__} {VECTOR_BYTES}".encode())
    return text.hexdigest()[:16]


def cache_folder():
    """$FASTMLP_CACHE_DIR, else the user's cache folder, else a private folder for temporary files."""
    root = os.environ.get("FASTMLP_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if root is None:
        home = Path.home() if os.environ.get("HOME") or os.name == "nt" else None
        root = home / ".cache" if home else Path(tempfile.gettempdir()) / f"fastmlp-{os.getuid()}"
    return Path(root) / "fastmlp" / f"kernels-{digest()}"


class KernelLocator(caching._CacheLocator):
    """Tells Numba where a kernel's machine code lies."""

    def __init__(self, function):
        self._function = function

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func)

    def ensure_cache_path(self):
        os.makedirs(self.get_cache_path(), mode=0o700, exist_ok=True)

    def get_cache_path(self):
        return str(cache_folder())

    def get_source_stamp(self):
        return "the folder's name holds the digest of all sources"

    def get_disambiguator(self):
        return self._function.__module__.rpartition(".")[2]


class KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes: ClassVar = [KernelLocator]


class KernelCache(caching.FunctionCache):
    """A cache that can only save time: whatever is wrong with its files, the kernel is compiled anew."""

    _impl_class = KernelCacheImpl

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except Exception:
            with contextlib.suppress(Exception):
                self.flush()
