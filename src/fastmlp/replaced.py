"""Files are replaced in one step: readers see the old file or the new one, never a part."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replaced(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place at the end, and goes if anything fails."""
    path = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(name, ordinary_mode())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def ordinary_mode() -> int:
    """The mode bits that open(path, "w") would give."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
