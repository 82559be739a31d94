"""Tables in files: the ending of a name tells whether it is CSV or Parquet."""

import os
from typing import Any

from . import csv, parquet
from .found_files import ending, files_of, named_paths
from .table import Table


def open_table(
    path: str | os.PathLike, target: str | None = None, dialect: dict[str, Any] | None = None, **options: Any
) -> Table:
    """Open a CSV or Parquet file, or a folder of them; options as for `Parquet`, dialect: those of `Csv` alone.

    Raises
    ------
    OSError : a file is missing or damaged
    ValueError : a name has another ending, or a column is missing
    """
    (path,) = named_paths(path)
    kinds: dict[str, Any] = dict.fromkeys(csv.ENDINGS, csv.Csv) | dict.fromkeys(parquet.ENDINGS, parquet.Parquet)
    files = files_of(path, tuple(kinds)) if path.is_dir() else [path]
    kinds[".txt"] = csv.Csv  # only if it is named: in a folder it may be anything
    endings = {ending(file) for file in files}
    if not endings <= kinds.keys():
        raise ValueError(f"{path}: the name must end with {' or '.join(kinds)}, or be that of a folder of such files")
    found = {kinds[each] for each in endings}
    if len(found) > 1:
        raise ValueError(f"{path}: the folder holds CSV and Parquet files; name a folder with one kind")
    kind = found.pop()
    if dialect and kind is not csv.Csv:
        raise ValueError(f"{path}: {', '.join(dialect)}: only for CSV files, but this is Parquet; leave it out")
    table: Table = kind(path, target, **options | (dialect or {}))
    return table
