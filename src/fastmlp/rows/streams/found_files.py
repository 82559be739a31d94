"""The files of a table: those of a path, of a list of paths, or in a folder."""

from pathlib import Path
from typing import Any

COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")  # which pyarrow decompresses


def found_files(path: Any, endings: tuple[str, ...]) -> list[Path]:
    """Return files in the order of their names: named ones, whatever their endings, and those in folders."""
    return [file for p in named_paths(path) for file in (files_of(p, endings) if p.is_dir() else [p])]


def named_paths(path: Any) -> list[Path]:
    """Return one path, or those of a list; FileNotFoundError if one does not exist."""
    given = path if isinstance(path, (list, tuple)) else [path]
    if not given:
        raise FileNotFoundError("path: the list of files is empty")
    if "" in given:  # which pathlib takes for the present folder
        raise FileNotFoundError("path='': is empty; give the path of a file, or '.' for the present folder")
    paths = [Path(p) for p in given]
    for p in paths:
        if not p.exists():
            raise FileNotFoundError(f"{p}: no such file or folder")
    return paths


def files_of(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """Return the files with one of these endings in a folder and in folders inside it, without hidden ones."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    chosen = [p for p in files if ending(p) in endings and not hidden(p.relative_to(folder))]
    if not chosen:
        others = ", ".join(repr(str(p.relative_to(folder))) for p in files[:3]) + (", …" if len(files) > 3 else "")
        raise FileNotFoundError(
            f"{folder}: the folder holds no {' or '.join(endings)} files"
            + (f"; left out: {others}; to read such files, give their paths" if files else "")
        )
    twice = next((p for p in chosen if p.suffix.lower() in COMPRESSED and p.with_suffix("") in chosen), None)
    if twice is not None:
        raise ValueError(
            f"{folder}: holds {twice.name!r} both compressed and not; remove one, or give the files' paths"
        )
    return chosen


def hidden(path: Path) -> bool:
    """Return whether a name in the path begins with a dot or an underscore, as marks and copies of programs do."""
    return any(name.startswith((".", "_")) for name in path.parts)


def ending(path: Path) -> str:
    """Return the ending of the name without that of a compression: ".csv" of table.csv.gz."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()
