"""A table in files, by the endings of their names."""

import os
from pathlib import Path
from typing import Any

from . import csv, parquet
from .found_files import ending, files_of
from .table import Table


def open_table(
    path: str | os.PathLike, target: str | None = None, dialect: dict[str, Any] | None = None, **options: Any
) -> Table:
    """Rows of a CSV or Parquet file, or of a folder; options as for `Parquet`, dialect: those of `Csv` alone.

    Raises
    ------
    OSError : missing or damaged
    ValueError : other endings, or columns that are missing
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    kinds: dict[str, Any] = dict.fromkeys(csv.ENDINGS, csv.Csv) | dict.fromkeys(parquet.ENDINGS, parquet.Parquet)
    files = files_of(path, tuple(kinds)) if path.is_dir() else [path]
    kinds[".txt"] = csv.Csv  # where a file is named; in a folder it may be anything
    endings = {ending(file) for file in files}
    if not endings <= kinds.keys():
        raise ValueError(f"{path}: the name must end with {' or '.join(kinds)}, or be that of a folder of such files")
    found = {kinds[each] for each in endings}
    if len(found) > 1:
        raise ValueError(f"{path}: the folder holds CSV and Parquet files; name a folder with one kind")
    kind = found.pop()
    if dialect and kind is not csv.Csv:
        raise ValueError(f"{path}: {', '.join(dialect)}: for CSV files only, but this is Parquet; leave it out")
    table: Table = kind(path, target, **options | (dialect or {}))
    return table
