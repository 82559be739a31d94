"""Blocks of rows of CSV files, by pyarrow's streaming reader."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..columns import check_named, first_line, listed
from ..common_types import common_type
from .at_rest import AtRest
from .found_files import found_files
from .stream import located
from .table import Piece, Table

ENDINGS = (".csv",)  # of the files that are taken from a folder
BLOCK_BYTES = 2**22  # of text, parsed at a time; the types of columns are inferred from the first block


class Csv(Table):
    """Rows of CSV files with a header, in their order: an epoch is shuffled within windows only.

    The type of a column is the one that holds what each file begins with; integers become float64 where the first
    fraction comes. Empty fields, "NA" and the like, and "?" are missing values.

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

        self.paths = found_files(path, ENDINGS)
        self.at_rest = [AtRest(p) for p in self.paths]
        self.types = dict(types or {})
        inferred: dict[str, Any] = {}
        self.headers: list[list[str]] = []
        for file in self.paths:
            schema = self.open(file, None).schema
            self.headers.append(schema.names)
            for name in schema.names:
                with located(str(file)):
                    check_named(schema.names, name)
            if schema.names != self.headers[0]:
                raise ValueError(
                    f"{file}: has the columns {listed(schema.names)}, but {self.paths[0]} has {listed(self.headers[0])}"
                )
            for field in schema:
                inferred[field.name] = common_type_of_text(inferred.get(field.name, field.type), field.type)
        for name, kind in inferred.items():
            if pyarrow.types.is_null(kind) and name != str(target):
                inferred[name] = pyarrow.float64()
        self.integers = {name for name, kind in inferred.items() if pyarrow.types.is_integer(kind)} - set(self.types)
        self.types = inferred | self.types
        super().__init__(pyarrow.schema(list(inferred.items())), target, weight, columns, window_rows, str(path))

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
        first = 0
        for number, path in enumerate(self.paths):
            for batch in self.batches_of(number, columns):
                yield Piece(batch, first, str(path))
                first += batch.num_rows

    def batches_of(self, number: int, columns: list[str]) -> Iterator[Any]:
        """The record batches of one file, which is begun anew where integers turn out to be followed by fractions."""
        import pyarrow

        path, done = self.paths[number], 0
        while True:
            known = done
            with self.open(path, columns) as reader:
                try:
                    while True:
                        self.at_rest[number].check()
                        batch = reader.read_next_batch()
                        new = batch.slice(known)
                        known -= batch.num_rows - new.num_rows
                        done += new.num_rows
                        yield new
                except StopIteration:
                    return
                except pyarrow.ArrowInvalid as error:
                    if not self.widened(first_line(error), self.headers[number]):
                        raise OSError(f"{path}: after row {done}: {first_line(error)}") from None

    def widened(self, message: str, header: list[str]) -> bool:
        """Does an error of pyarrow tell of a column that was taken for integers? It is one of float64 from here on."""
        import pyarrow

        found = re.match(r"In CSV column #(\d+): CSV conversion error to int64:", message)
        name = header[int(found[1])] if found else ""
        if name not in self.integers or self.types[name] != pyarrow.int64():
            return False
        self.types[name] = pyarrow.float64()
        return True


def common_type_of_text(one: Any, other: Any) -> Any:
    """The type in which what looks like two types is read: as text, if it cannot be as numbers or booleans."""
    import pyarrow
    import pyarrow.types as types

    if types.is_boolean(one) != types.is_boolean(other) and not (types.is_null(one) or types.is_null(other)):
        integer = types.is_integer(one) or types.is_integer(other)
        return pyarrow.bool_() if integer else pyarrow.string()  # pyarrow reads 0 and 1 as booleans, too
    joined = common_type(one, other)
    return pyarrow.string() if joined is None else joined
