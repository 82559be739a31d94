"""Folders whose files are run as code, and which only this user and root can write to."""

import contextlib
import os
import stat
import time
import uuid
from typing import Self

from .files import AT_ONCE, BINARY, FOLDER, NO_LINK

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
READ = os.O_RDONLY | NO_LINK | AT_ONCE | BINARY
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK | BINARY
# Elsewhere, as on Windows, the system's access lists protect the folders of users, and paths are used instead.
BY_DESCRIPTOR = (
    all(hasattr(os, name) for name in ("geteuid", "O_DIRECTORY", "O_NOFOLLOW"))
    and {os.open, os.mkdir, os.access, os.stat, os.rename, os.unlink} <= os.supports_dir_fd
    and os.listdir in os.supports_fd
)
ABANDONED_SECONDS = 3600  # nobody takes that long to write a file


def private_name(name: str) -> str:
    """Return a name with the user's number, for a folder among those of other users."""
    return f"{name}-{os.geteuid()}" if BY_DESCRIPTOR else name


class PrivateFolder:
    """An open folder, made if it is missing, that only this user and root can write to.

    Each folder on the way is opened from the one before, so that none can be exchanged after it was checked.

    Parameters
    ----------
    root : where to begin; links in its path are followed, as the user may have set them. Others may write to it only
        if it is sticky, like the system's temporary folder
    *names : the folders from there on; none may be a link, or writable for others

    Raises
    ------
    OSError : the folder is missing and cannot be made, or others could write to it
    """

    def __init__(self, root: str | os.PathLike, *names: str) -> None:
        self.path = os.path.join(root, *names)
        self._descriptor: int | None = None
        if BY_DESCRIPTOR:
            make(os.fspath(root))
            self._descriptor = opened(os.fspath(root), names)
        else:
            os.makedirs(self.path, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def takes_files(self) -> bool:
        """Return whether this user may write here."""
        return os.access(self._at("."), os.W_OK, dir_fd=self._descriptor)

    def read(self, name: str) -> bytes:
        """Return the content of a file; raise OSError if there is none, or if others could write to it."""
        descriptor, path = os.open(self._at(name), READ, dir_fd=self._descriptor), os.path.join(self.path, name)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(f"{path} is not a regular file")
            if BY_DESCRIPTOR:
                check(status, path)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Write a file that readers see complete or not at all."""
        part = f"{name}.{uuid.uuid4().hex[:16]}.part"
        try:
            with open(os.open(self._at(part), CREATE, 0o644, dir_fd=self._descriptor), "wb") as file:
                file.write(content)
            here = self._descriptor
            os.replace(self._at(part), self._at(name), src_dir_fd=here, dst_dir_fd=here)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(self._at(part), dir_fd=self._descriptor)
            raise
        self._remove_abandoned()

    def _remove_abandoned(self) -> None:
        """Remove partial files that killed processes have left."""
        for name in os.listdir(self.path if self._descriptor is None else self._descriptor):
            with contextlib.suppress(OSError):
                left = name.endswith(".part") and os.stat(self._at(name), dir_fd=self._descriptor)
                if left and time.time() - left.st_mtime > ABANDONED_SECONDS:
                    os.unlink(self._at(name), dir_fd=self._descriptor)

    def _at(self, name: str) -> str:
        """Return the name, which is relative to the descriptor, or the path if there is no descriptor."""
        return os.path.join(self.path, name) if self._descriptor is None else name


def make(path: str) -> None:
    """Make a folder and all missing ones above it with mode 700, which os.makedirs gives only to the last."""
    if path and not os.path.isdir(path):
        make(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)


def opened(root: str, names: tuple[str, ...]) -> int:
    """Open the root and then each folder from the one before, made if it is missing, and check them."""
    path, descriptor = "", None
    with contextlib.ExitStack() as descriptors:
        for name in (root, *names):
            path = os.path.join(path, name)
            try:
                descriptor = enter(name, descriptor)
            except OSError as error:
                error.filename = path
                raise
            descriptors.callback(os.close, descriptor)
            check(os.fstat(descriptor), path, sticky_suffices=name is root)
        assert descriptor is not None
        return os.dup(descriptor)


def enter(name: str, parent: int | None) -> int:
    """Open a folder in its parent, made if it is missing, or the root, which has no parent."""
    flags = FOLDER if parent is None else FOLDER | NO_LINK
    try:
        return os.open(name, flags, dir_fd=parent)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        return os.open(name, flags, dir_fd=parent)


def check(status: os.stat_result, path: str, sticky_suffices: bool = False) -> None:
    """Raise PermissionError if users other than this one and root can change what is there."""
    if status.st_uid not in (0, os.geteuid()):
        raise PermissionError(f"{path} belongs to another user")
    if status.st_mode & OTHERS_WRITE and not (sticky_suffices and status.st_mode & stat.S_ISVTX):
        raise PermissionError(f"other users can write to {path}")
