"""Machine code of the entry points, kept on disk for the next process.

Why not plain ``cache=True``: Numba's key for a cached function holds the function's own bytecode and nothing
of the functions that it calls, so an edit elsewhere would silently run the old code; its index file lets two
processes that start together give one name to two kernels; and nothing would tell a flipped bit.

Here each kernel is one file, and begins with a digest of its content and of all that the machine code
depends on. A file that does not fit is as good as no file: the kernel is compiled, and the file replaced.
"""

import contextlib
import hashlib
import os
import pickle
import stat
import sys
import tempfile
import time
import uuid
import warnings
from pathlib import Path

import llvmlite
import numba
from numba.core import config

from .numba_private import CompileResult, _Cache, dumps

IRRELEVANT = ("CACHE", "CUDA", "THREAD")  # settings of Numba that change no machine code of ours
DIGEST_SIZE = hashlib.sha256().digest_size
ABANDONED_SECONDS = 3600  # after which nobody can still be writing a file
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def sources():
    """The package's files by name; none in a zip file, or where they cannot be read or only bytecode is installed."""
    try:
        # By names that can be imported: editors put others beside them.
        return {path.name: path.read_bytes() for path in Path(__file__).parent.glob("*.py") if path.stem.isidentifier()}
    except OSError:
        return {}


def made_from():
    """Digest of what all machine code here is made from: this package's sources, Numba's settings, versions."""
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
    """May machine code be kept under AT_IMPORT?

    Not where sources are unknown; and not once sources or settings have changed, as this process then compiles
    what is neither the old nor the new.
    """
    return bool(sources()) and made_from() == AT_IMPORT


def cache_folders():
    """Where to look, best first: $FASTMLP_CACHE_DIR and nowhere else; or the user's cache folder, then a temporary."""
    if os.environ.get("FASTMLP_CACHE_DIR"):
        roots = [Path(os.environ["FASTMLP_CACHE_DIR"])]
    else:
        home, xdg = os.environ.get("HOME", ""), os.environ.get("XDG_CACHE_HOME", "")
        users = xdg if os.path.isabs(xdg) else f"{home}/.cache"
        roots = [Path(users)] if os.path.isabs(users) and users != "/.cache" else []
        roots.append(Path(tempfile.gettempdir()) / f"fastmlp-{os.geteuid()}")
    return [root / "fastmlp" / f"kernels-{AT_IMPORT[:16]}" for root in roots]


class KernelCache(_Cache):
    """A cache that can only save time: whatever is wrong with its files, the kernel is compiled anew.

    Parameters
    ----------
    function : the entry point
    machine : what the kernels have asked about this machine, beside what Numba's code generator knows
    """

    warned = False  # that machine code cannot be kept: once in a process is enough

    def __init__(self, function, machine):
        self._name, self._machine = function.__qualname__, machine

    @property
    def cache_path(self):
        return str(cache_folders()[0])

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
            for folder in cache_folders() if still_true() else []:
                payload = read(folder / self._file_name(key), key)
                if payload is not None:
                    return CompileResult._rebuild(target_context, *pickle.loads(payload))
        except Exception:
            pass
        return None

    def save_overload(self, sig, data):
        try:
            if still_true():
                key = self._key(sig, data.codegen)
                save_in_first(cache_folders(), self._file_name(key), key, dumps(data._reduce()))
        except Exception as error:
            if not KernelCache.warned:
                KernelCache.warned = True
                warnings.warn(
                    f"compiled kernels cannot be kept ({error}), so every process compiles them anew, some seconds "
                    "long; set FASTMLP_CACHE_DIR to a folder that you alone can write to",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _key(self, sig, codegen):
        return f"{AT_IMPORT}\n{self._name}\n{sig!r}\n{codegen.magic_tuple()!r}\n{self._machine!r}\n".encode()

    def _file_name(self, key):
        return f"{self._name}-{hashlib.sha256(key).hexdigest()[:16]}.kernel"


def read(path, key):
    """The payload of a file that this user or root wrote, whole and under this key; else None.

    Unpickling runs what the file says. So it must be nobody else's, wherever the folder lies.
    """
    try:
        # Not to wait for a writer, should it be a named pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()) or status.st_mode & OTHERS_WRITE:
            return None
        content = file.read()
    digest, payload = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return payload if digest == hashlib.sha256(key + payload).digest() else None


def save_in_first(folders, name, key, payload):
    """Save in the first folder that takes it and gives it back."""
    for folder in folders[:-1]:
        with contextlib.suppress(OSError):
            return save(folder / name, key, payload)
    return save(folders[-1] / name, key, payload)


def save(path, key, payload):
    """Write a file that others see whole or not at all; OSError where it cannot be read back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(hashlib.sha256(key + payload).digest() + payload)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if read(path, key) is None:
        raise OSError(f"other users can write to {path}")
    for left in path.parent.glob("*.part"):  # by processes that were killed
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                left.unlink()
