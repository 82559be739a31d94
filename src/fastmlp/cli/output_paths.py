"""Check, before a command begins, that it can write its files and replaces nothing that it needs."""

import os
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from ..system.atomic_write import mode_of


def check_outputs(outputs: Mapping[str, str | None], inputs: Mapping[str, str]) -> None:
    """Raise for an output that cannot be written, or that would replace an input or another output.

    Parameters
    ----------
    outputs, inputs : paths by the names of their options; None for an output that is not wanted
        An input may be a folder; no output may be in it, as it would be read as a part of the table.

    Raises
    ------
    OSError, ValueError : with the name of the output
    """
    given = {name: path for name, path in outputs.items() if path is not None}
    for name, path in given.items():
        check_writable(name, path)
        for what, other in inputs.items():
            if same_file(path, other):
                raise ValueError(f"{name} {path}: is the file of the {what}, which it would replace; name another file")
            if os.path.isdir(other) and lies_in(path, other):
                raise ValueError(f"{name} {path}: is in the folder of the {what}, {other}; name a file elsewhere")
    for (name, path), (other_name, other) in combinations(given.items(), 2):
        if same_file(path, other):
            raise ValueError(f"{name} {path}: is also the file of {other_name}; name another file")


def check_writable(name: str, path: str) -> None:
    """Raise OSError if no file of that path can be written."""
    folder = Path(path).resolve().parent
    if not path or os.path.isdir(path):
        raise IsADirectoryError(f"{name} {path!r}: is a folder; name a file")
    if not folder.is_dir():
        raise FileNotFoundError(f"{name} {path}: its folder does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{name} {path}: its folder is not writable; name a file elsewhere")
    mode_of(os.path.realpath(path))


def same_file(path: str, other: str) -> bool:
    """Return whether two paths mean one file, whether or not it exists, also through links."""
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.normcase(os.path.realpath(path)) == os.path.normcase(os.path.realpath(other))


def lies_in(path: str, folder: str) -> bool:
    """Return whether a file is in a folder, or is a link to a file in it."""
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        return True
    if not os.path.exists(path) or os.stat(path).st_nlink == 1:
        return False
    return any(other.is_file() and os.path.samefile(path, other) for other in Path(folder).rglob("*"))
