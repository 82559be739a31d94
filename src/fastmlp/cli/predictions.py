"""Predictions on disk: a table that is written part by part, and appears when it is complete."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..system.atomic_write import replaced


@contextlib.contextmanager
def table_writer(path: str | os.PathLike) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that appends columns to a .csv or .parquet file, which replaces `path` at the end."""
    import pyarrow
    from pyarrow import csv, parquet

    kinds = {".csv": csv.CSVWriter, ".parquet": parquet.ParquetWriter}
    suffix = Path(path).suffix.lower()
    if suffix not in kinds:
        raise ValueError(f"{path}: the name must end with .csv or .parquet")
    with replaced(path) as file, contextlib.ExitStack() as stack:
        writers: list[Any] = []

        def write(columns: dict[str, Any]) -> None:
            table = pyarrow.table(columns)
            if not writers:
                writers.append(stack.enter_context(kinds[suffix](file, table.schema)))
            writers[0].write_table(table)

        yield write
