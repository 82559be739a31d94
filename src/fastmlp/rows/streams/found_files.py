"""The files of a table that are meant by a path, a list of paths or a folder."""

from pathlib import Path
from typing import Any

COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")  # by programs that pyarrow's readers of text undo


def found_files(path: Any, endings: tuple[str, ...]) -> list[Path]:
    """Files in the order of their names: those that are named, whatever their endings, and those in a folder."""
    return [file for p in named_paths(path) for file in (files_of(p, endings) if p.is_dir() else [p])]


def named_paths(path: Any) -> list[Path]:
    """One path, or those of a list, that are there."""
    paths = [Path(p) for p in path] if isinstance(path, (list, tuple)) else [Path(path)]
    if not paths:
        raise FileNotFoundError("path: the list of files is empty")
    for p in paths:
        if not p.exists():
            raise FileNotFoundError(f"{p}: no such file or folder")
    return paths


def files_of(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files in a folder and in its folders that have one of these endings; hidden ones are left out."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    chosen = [p for p in files if ending(p) in endings and not hidden(p.relative_to(folder))]
    if not chosen:
        others = ", ".join(repr(str(p.relative_to(folder))) for p in files[:3]) + (", …" if len(files) > 3 else "")
        raise FileNotFoundError(
            f"{folder}: the folder holds no {' or '.join(endings)} files"
            + (f"; left out: {others}; to read such files, name them, not the folder" if files else "")
        )
    twice = next((p for p in chosen if p.suffix.lower() in COMPRESSED and p.with_suffix("") in chosen), None)
    if twice is not None:
        raise ValueError(f"{folder}: holds {twice.name!r} both compressed and not; remove one, or name the files")
    return chosen


def hidden(path: Path) -> bool:
    """Tell whether a part of the name begins with a dot or an underscore, as other programs' marks and copies do."""
    return any(part.startswith((".", "_")) for part in path.parts)


def ending(path: Path) -> str:
    """What the name ends with, without regard to compression: ".csv" of table.csv.gz."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()
