"""A table in files, by the endings of their names."""

import os
from pathlib import Path
from typing import Any

from .csv import Csv
from .parquet import Parquet
from .table import Table


def open_table(path: str | os.PathLike, target: str | None = None, **options: Any) -> Table:
    """Rows of a .csv or .parquet file, or of a folder of such files; options as for `Parquet`.

    Raises
    ------
    OSError : missing or damaged
    ValueError : other endings, or columns that are missing
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if path.is_dir():
        endings = {p.suffix.lower() for p in path.rglob("*")} & {".csv", ".parquet"}
        if len(endings) > 1:
            raise ValueError(f"{path}: the folder holds .csv and .parquet files; name a folder with one kind")
        suffix = endings.pop() if endings else ".parquet"
    kinds: dict[str, Any] = {".csv": Csv, ".parquet": Parquet}
    if suffix not in kinds:
        raise ValueError(f"{path}: the name must end with .csv or .parquet, or be that of a folder of such files")
    table: Table = kinds[suffix](path, target, **options)
    return table
