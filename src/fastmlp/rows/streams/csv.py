"""Blocks of rows of CSV files, by pyarrow's streaming reader."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..columns import check_named, first_line
from .at_rest import AtRest
from .stream import located
from .table import Piece, Table

BLOCK_BYTES = 2**22  # of text, parsed at a time; the types of columns are inferred from the first block


class Csv(Table):
    """Rows of CSV files with a header, in their order: an epoch is shuffled within windows only.

    Integers are read as float64, as later rows may have fractions. Empty fields, "NA" and the like, and "?" are
    missing values.

    Parameters
    ----------
    path : path, list of paths, or a folder of .csv files
    target, weight, columns, window_rows : as for `Parquet`
    types : dict of name: pyarrow.DataType, or None
        Of columns for which the first 4 MiB tell another type than the rest of the file.

    Raises
    ------
    OSError
        A file is missing, is not CSV, or a value does not fit the type of its column.
    ValueError
        A column is missing, or files have different columns.
    """

    def __init__(
        self, path: Any, target: str | None = None, *, weight: str | None = None, columns: list[str] | None = None,
        window_rows: int | None = None, types: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        import pyarrow

        self.paths = csv_files(path)
        self.at_rest = [AtRest(p) for p in self.paths]
        self.types: dict[str, Any] = {}
        inferred = self.open(self.paths[0], None).schema
        for name in inferred.names:
            with located(str(self.paths[0])):
                check_named(inferred.names, name)
        for field in inferred:
            kind = field.type
            if field.name != str(target) and (pyarrow.types.is_integer(kind) or pyarrow.types.is_null(kind)):
                kind = pyarrow.float64()
            self.types[field.name] = (types or {}).get(field.name, kind)
        super().__init__(pyarrow.schema(list(self.types.items())), target, weight, columns, window_rows, str(path))
        for other in self.paths[1:]:
            names = self.open(other, None).schema.names
            if names != inferred.names:
                raise ValueError(
                    f"{other}: has the columns {', '.join(names)}, but {self.paths[0]} has {', '.join(inferred.names)}"
                )

    def open(self, path: Path, columns: list[str] | None) -> Any:
        """A new reader of a file."""
        import pyarrow
        from pyarrow import csv

        convert = csv.ConvertOptions(
            column_types=self.types, include_columns=columns or [], strings_can_be_null=True,
            null_values=[*csv.ConvertOptions().null_values, "?"],
        )  # fmt: skip
        try:
            return csv.open_csv(
                path, csv.ReadOptions(block_size=BLOCK_BYTES), csv.ParseOptions(newlines_in_values=True), convert
            )
        except (pyarrow.ArrowInvalid, pyarrow.ArrowKeyError) as error:
            raise OSError(f"{path}: not a readable CSV file ({first_line(error)})") from None

    def with_text(self, names: list[str]) -> "Table":
        import pyarrow

        other = copy.copy(self)
        other.types = self.types | {name: pyarrow.string() for name in names if name in self.types}
        other.schema = pyarrow.schema(list(other.types.items()))
        return other

    def pieces(self, columns: list[str], order: np.ndarray | None) -> Iterator[Piece]:
        import pyarrow

        first = 0
        for path, at_rest in zip(self.paths, self.at_rest, strict=True):
            begin = first
            with self.open(path, columns) as reader:
                while True:
                    at_rest.check()
                    try:
                        batch = reader.read_next_batch()
                    except StopIteration:
                        break
                    except pyarrow.ArrowInvalid as error:
                        raise OSError(f"{path}: after row {first - begin}: {first_line(error)}") from None
                    yield Piece(batch, first, str(path))
                    first += batch.num_rows


def csv_files(path: Any) -> list[Path]:
    """The files that are meant, in the order of their names."""
    paths = [Path(p) for p in path] if isinstance(path, (list, tuple)) else [Path(path)]
    if not paths:
        raise FileNotFoundError("path: the list of files is empty")
    if len(paths) == 1 and paths[0].is_dir():
        paths = sorted(p for p in paths[0].rglob("*") if p.suffix.lower() == ".csv")
        if not paths:
            raise FileNotFoundError(f"{path}: the folder holds no .csv files")
    for p in paths:
        if not p.is_file():
            raise FileNotFoundError(f"{p}: no such file")
    return paths
