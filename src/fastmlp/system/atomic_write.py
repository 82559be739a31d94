"""Replace files in one step: whatever happens, readers find the old file or the new one, complete."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from typing import Any

from . import temporaries
from .files import BINARY, FOLDER, HAS_LOCKS, set_mode

NO_SYNC_OF_FOLDERS = (errno.EINVAL, errno.ENOTSUP)  # errors of file systems that cannot do it


@contextlib.contextmanager
def replaced(path: str | os.PathLike) -> Iterator["Temporary"]:
    """Yield a file to write, which replaces `path` at the end; if anything fails, `path` is as it was.

    A link's target is replaced. A new file has the mode bits that `open` would give it; those of an old one are kept.
    Temporary files that killed processes left beside `path` are removed.

    Raises
    ------
    OSError : the system's error, or `path` is no regular file, or may not be written
    """
    path = os.path.realpath(os.fsdecode(path))
    mode = mode_of(path)
    temporaries.remove_left_behind(path)
    name, handle, file = "", -1, Temporary(path)
    try:
        while True:
            name = temporaries.new_name(path)
            # The kernel applies the umask, which a thread can read only by changing it for all of them. (tempfile
            # gives every file mode 600.)
            asked = 0o666 if mode is None else mode | stat.S_IRUSR | stat.S_IWUSR
            with naming(path):
                handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, asked)
            if temporaries.lock(handle):
                break
            taken, handle = handle, -1
            os.close(taken)
        file.handle = handle
        yield file
        with naming(path):
            if mode is not None and stat.S_IMODE(os.fstat(handle).st_mode) != mode:
                set_mode(handle, name, mode)
            os.fsync(handle)
            if not HAS_LOCKS:  # Windows replaces no file that is open
                file.handle, taken, handle = -1, handle, -1
                os.close(taken)
            os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(handle)
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    finally:
        file.handle = -1  # a later write must not go to another file of that number
    if handle != -1:
        os.close(handle)  # last, as this releases the lock
    sync_folder(os.path.dirname(path))


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Let errors of the system name the file that the user knows, not its temporary one."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise


class Temporary(io.RawIOBase):
    """A file object that writes to an open handle, without buffer, and does not close it.

    Its owner holds the lock of the file as long as the handle is open, whatever a library does with this object.
    """

    def __init__(self, path: str) -> None:
        self.path, self.handle = path, -1

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        size = len(view)
        with naming(self.path):
            while len(view) > 0:
                view = view[os.write(self.handle, view) :]
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self.handle, offset, whence)


def mode_of(path: str) -> int | None:
    """Return the mode bits of a file, or None if there is none; raise OSError if it may not be replaced."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file; only such a file can be replaced", path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return stat.S_IMODE(found.st_mode) & 0o777


def sync_folder(folder: str) -> None:
    """Write a change of names to disk."""
    try:
        handle = os.open(folder, os.O_RDONLY | FOLDER)
    except PermissionError:
        return  # a folder that may be written, but not read; any folder on Windows
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NO_SYNC_OF_FOLDERS:
            raise
    finally:
        os.close(handle)
