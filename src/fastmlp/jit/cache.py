"""Machine code of the entry points, kept on disk for the next process.

Numba's own ``cache=True`` does not serve. Its key for a function holds the function's bytecode and nothing of the
functions that it calls, so that after an edit elsewhere the old code would run; with its index file, two processes that
start together may give one name to two kernels; and it does not detect a flipped bit.

Here each kernel is one file, which begins with a digest of its content and of all that the machine code depends on. A
file that does not match is ignored: the kernel is compiled, and the file replaced.
"""

import contextlib
import hashlib
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import llvmlite
import numba
from numba.core import config

from ..system.private_folder import PrivateFolder, private_name
from .numba_private import CompileResult, _Cache, dumps

IRRELEVANT = ("CACHE", "CUDA", "THREAD")  # settings of Numba that change no machine code of ours
COMPILED = ("jit", "kernels")  # packages that machine code is made from
DIGEST_SIZE = hashlib.sha256().digest_size


def sources():
    """Return the sources of `COMPILED` by path.

    There are none in a zip file, and where they cannot be read or only bytecode is installed.
    """
    package = Path(__file__).parents[1]
    try:
        # By names that can be imported: editors put others beside them.
        return {
            path.relative_to(package).as_posix(): path.read_bytes()
            for folder in COMPILED
            for path in sorted((package / folder).rglob("*.py"))
            if all(name.isidentifier() for name in path.relative_to(package).with_suffix("").parts)
        }
    except OSError:
        return {}


def made_from():
    """Return a digest of what machine code is made from: its sources, Numba's settings, versions."""
    text = hashlib.sha256()
    for name, source in sorted(sources().items()):
        text.update(name.encode() + source)
    config.reload_config()  # as Numba does before each compilation
    for name, value in sorted(vars(config).items()):
        if name.isupper() and not any(word in name for word in IRRELEVANT):
            text.update(f"{name}={value!r}\n".encode())
    text.update(f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
    return text.hexdigest()


AT_IMPORT = made_from()


def still_true():
    """Return whether machine code may be kept under AT_IMPORT.

    It may not where sources are unknown, nor once sources or settings have changed: this process may have read some
    files before the change, and others after it.
    """
    return bool(sources()) and made_from() == AT_IMPORT


def cache_folders() -> Iterator[tuple[str, ...]]:
    """Yield folders to look into, best first: a folder of the user's, and the names of ours below it.

    That is $FASTMLP_CACHE_DIR alone where it is set, else the user's cache folder, then one in the temporary folder.
    """
    kernels = f"kernels-{AT_IMPORT[:16]}"
    if os.environ.get("FASTMLP_CACHE_DIR"):
        yield os.environ["FASTMLP_CACHE_DIR"], "fastmlp", kernels
        return
    users = [os.environ.get(name, "") for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")]  # the second: Windows
    users[2] = os.path.join(users[2], ".cache")
    for root in filter(os.path.isabs, users):
        yield root, "fastmlp", kernels
        break
    yield tempfile.gettempdir(), private_name("fastmlp"), kernels


class KernelCache(_Cache):
    """A cache that can only save time: whatever is wrong with its files, the kernel is compiled.

    Parameters
    ----------
    function : the entry point
    machine : returns what kernels depend on beyond what Numba's code generator knows of this machine
    """

    warned = False  # that machine code cannot be kept: once in a process is enough

    def __init__(self, function, machine):
        self._name, self._machine = function.__qualname__, machine

    @property
    def cache_path(self):
        return os.path.join(*next(cache_folders()))

    def enable(self):
        pass

    def disable(self):
        pass

    def flush(self):
        pass

    def load_overload(self, sig, target_context):
        try:
            target_context.refresh()
            key = self._key(sig, target_context.codegen())
            payload = find(self._file_name(key), key) if still_true() else None
            if payload is not None:
                return CompileResult._rebuild(target_context, *pickle.loads(payload))
        except Exception:
            pass
        return None

    def save_overload(self, sig, data):
        try:
            if still_true():
                key = self._key(sig, data.codegen)
                save(self._file_name(key), key, dumps(data._reduce()))
        except Exception as error:
            if not KernelCache.warned:
                KernelCache.warned = True
                warnings.warn(
                    f"compiled kernels cannot be kept ({error}), so every process compiles them, which takes "
                    "some seconds; set FASTMLP_CACHE_DIR to a folder that you alone can write to",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _key(self, sig, codegen):
        return f"{AT_IMPORT}\n{self._name}\n{sig!r}\n{codegen.magic_tuple()!r}\n{self._machine()!r}\n".encode()

    def _file_name(self, key):
        return f"{self._name}-{hashlib.sha256(key).hexdigest()[:16]}.kernel"


def find(name, key):
    """Return the payload of the file under this key, or None.

    A folder is looked into only if those before it cannot be used: it is refused, or neither has the file nor takes it.
    """
    for place in cache_folders():
        with contextlib.suppress(OSError), PrivateFolder(*place) as folder:
            payload = read(folder, name, key)
            if payload is not None or folder.takes_files():
                return payload
    return None


def read(folder, name, key):
    """Return the payload of a file if it is whole and belongs to this key, else None.

    Unpickling can run any code, and the digest is no signature, so the file must come from a `PrivateFolder`.
    """
    try:
        content = folder.read(name)
    except OSError:
        return None
    digest, payload = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return payload if digest == hashlib.sha256(key + payload).digest() else None


def save(name, key, payload):
    """Save a file in the first folder that takes one. Raise OSError if none does, or the file cannot be read back."""
    for place in cache_folders():
        try:
            folder = PrivateFolder(*place)
        except OSError as error:
            refused = error
            continue
        with folder:
            if folder.takes_files():
                folder.write(name, hashlib.sha256(key + payload).digest() + payload)
                folder.read(name)
                return
            refused = PermissionError(f"{folder.path} is read-only")
    raise refused
