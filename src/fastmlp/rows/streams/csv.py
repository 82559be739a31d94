"""Blocks of rows of CSV files, by pyarrow's streaming reader."""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...typing import FilePath
from ..columns import check_named, first_line
from ..common_types import common_type
from .csv_dialect import CsvFile, Dialect
from .csv_errors import csv_error
from .found_files import found_files
from .stream import Block, located
from .table import Table

ENDINGS = (".csv", ".tsv")  # of the files that are taken from a folder


class Csv(Table):
    r"""Rows of CSV files, in their order: an epoch is shuffled within windows only.

    The type of a column is the one that holds the values at the beginning of each file; integers become float64 where
    the first fraction comes. Files that end with .gz, .bz2, .zst or .lz4 are decompressed while they are read. Columns
    of several files are matched by name. A column without a name is called "Unnamed: 2" after its number; names of
    rows (one field more in each row than in the header) and empty fields at the ends of rows are left out.

    Parameters
    ----------
    path : path, list of paths, or a folder of .csv and .tsv files
        Files and folders whose names begin with "." or "_" are left out.
    target, weight, columns, window_rows : as for `Parquet`
    separator : str or None, default=None
        The character between fields. None: ";", tab or "|" if one of them splits the first rows into equally many
        fields and the comma does not; else a comma.
    decimal : str, default="."
        The decimal point of numbers.
    encoding : str or None, default=None
        None: UTF-8; UTF-16 or UTF-32 if a file begins with a byte order mark; cp1252 if the first 4 MiB hold no
        UTF-8 beyond ASCII; else an error.
    null_values : list of str or None, default=None
        Fields that are missing values. None: "?", and what pyarrow takes for missing, such as "NA", "NULL" and "NaN".
        Empty and blank fields are always missing values.
    types : dict of name: pyarrow.DataType or its name ("string", "double", …), or None, default=None
        For columns whose values in the first 4 MiB have another type than in the rest of the file.
    header : bool, default=True
        Whether the first line names the columns; if not, they are called "f0", "f1", ….

    Attributes
    ----------
    n_features : int
        The number of features, p.
    names : list of str
        Names of the features.
    target_name : str or None
        Name of the target.

    Raises
    ------
    OSError
        A file is missing, is not CSV, or a value does not fit the type of its column.
    ValueError
        An option is wrong, a column is missing, or files have different columns.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "visits.csv")
    >>> _ = path.write_text("age;income;buys\n" + "20;1,5;no\n60;2,5;yes\n" * 50)
    >>> from fastmlp import Model, rows
    >>> stream = rows.Csv(path, target="buys", decimal=",")
    >>> stream.names
    ['age', 'income']
    >>> model = Model([2, 8, 1]).fit(stream, epochs=3, batch_size=50)
    """

    def __init__(
        self, path: FilePath | Sequence[FilePath], target: str | None = None, *, weight: str | None = None,
        columns: list[str] | None = None, window_rows: int | None = None, separator: str | None = None,
        decimal: str = ".", encoding: str | None = None, null_values: list[str] | None = None,
        types: dict | None = None, header: bool = True,
    ) -> None:  # fmt: skip
        import pyarrow

        dialect = Dialect(separator, decimal, encoding, null_values, bool(header))
        self.spelled: set[str] = set()
        self.files = [CsvFile(p, dialect) for p in found_files(path, ENDINGS)]
        self.types = {str(name): data_type(name, kind) for name, kind in (types or {}).items()}
        names = common_names(self.files, every=columns is None)
        with located(str(self.files[0])):
            for name in self.types:
                check_named(names, name)
        inferred: dict[str, Any] = {}
        for file in self.files:
            for field in self.schema_of(file, names):
                inferred[field.name] = common_type_of_text(inferred.get(field.name, field.type), field.type)
        for name, kind in inferred.items():
            if pyarrow.types.is_null(kind) and name != str(target):
                inferred[name] = pyarrow.float64()
        self.integers = {name for name, kind in inferred.items() if pyarrow.types.is_integer(kind)} - set(self.types)
        self.types = inferred | self.types
        place = str(self.files[0] if len(self.files) == 1 else path)
        super().__init__(pyarrow.schema(list(inferred.items())), target, weight, columns, window_rows, place)

    def schema_of(self, file: CsvFile, columns: list[str]) -> Any:
        """Return names and types of a file's columns, as its first block has them."""
        import pyarrow

        if not file.has_rows:
            return pyarrow.schema([(name, self.types.get(name, pyarrow.null())) for name in columns])
        return self.open(file, columns).schema

    def open(self, file: CsvFile, columns: list[str]) -> Any:
        """Return a new reader of a file."""
        import pyarrow

        try:
            return file.reader(columns, self.types)
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise csv_error(file, error) from None

    def with_text(self, names: list[str], numbers: Sequence[str] = ()) -> "Table":
        import pyarrow

        other = copy.copy(self)
        other.types = self.types | {name: pyarrow.string() for name in [*names, *numbers] if name in self.types}
        other.spelled = self.spelled | set(numbers)
        other.schema = pyarrow.schema(list(other.types.items()))
        return other

    def table_blocks(self, columns: list[str], order: np.ndarray | None) -> Iterator[Block]:
        first = 0
        for file in self.files:
            for batch in self.batches_of(file, columns):
                yield Block(batch, None, None, first, str(file.path))
                first += batch.num_rows

    def batches_of(self, file: CsvFile, columns: list[str]) -> Iterator[Any]:
        """Yield the record batches of one file; read it again, as float64, where fractions follow integers."""
        import pyarrow

        done = 0
        while file.has_rows:
            known = done
            with self.open(file, columns) as reader:
                while True:
                    file.at_rest.check()
                    try:
                        batch = reader.read_next_batch()
                    except StopIteration:
                        return
                    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
                        if self.widened(first_line(error), file.names):
                            break
                        raise csv_error(file, error) from None
                    new = batch.slice(known)
                    known -= batch.num_rows - new.num_rows
                    done += new.num_rows
                    yield with_points(new, self.spelled, file.given.decimal)

    def widened(self, message: str, header: list[str]) -> bool:
        """Make a column of int64 one of float64 if that is what an error of pyarrow is about; return whether it is."""
        import pyarrow

        found = re.match(r"In CSV column #(\d+): CSV conversion error to int64:", message)
        name = header[int(found[1])] if found else ""
        if name not in self.integers or self.types[name] != pyarrow.int64():
            return False
        self.types[name] = pyarrow.float64()
        return True


def with_points(batch: Any, names: set[str], decimal: str) -> Any:
    """Return a batch in whose columns of these names the decimal sign is a point, and points are the decimal sign."""
    import pyarrow.compute as pc

    for k, name in enumerate(batch.schema.names if decimal != "." else []):
        if name in names:
            text = batch.column(k)
            for old, new in ((".", "\0"), (decimal, "."), ("\0", decimal)):
                text = pc.replace_substring(text, old, new)
            batch = batch.set_column(k, name, text)
    return batch


def common_type_of_text(one: Any, other: Any) -> Any:
    """Return the type that holds values of two inferred types: text, if no type of numbers or booleans does."""
    import pyarrow
    import pyarrow.types as types

    if types.is_boolean(one) != types.is_boolean(other) and not (types.is_null(one) or types.is_null(other)):
        integer = types.is_integer(one) or types.is_integer(other)
        return pyarrow.bool_() if integer else pyarrow.string()  # pyarrow reads 0 and 1 as booleans, too
    joined = common_type(one, other)
    return pyarrow.string() if joined is None else joined


def data_type(name: str, kind: Any) -> Any:
    """Return an Arrow type, or the one of that name."""
    import pyarrow

    try:
        return pyarrow.type_for_alias(kind) if isinstance(kind, str) else kind
    except ValueError:
        raise ValueError(
            f"types: column {name!r}: pyarrow has no type {kind!r}; give 'string', 'double', 'int64' …"
        ) from None


def common_names(files: list[CsvFile], every: bool) -> list[str]:
    """Return the columns that all files have; ValueError where they differ and `every` column is asked for."""
    first = files[0]
    for file in files:
        with located(str(file.path)):
            for name in [*file.columns, *(first.columns if every else [])]:
                check_named(file.columns, name)
        others = [name for name in file.columns if name not in first.columns]
        if others and every:
            raise ValueError(f"{file.path}: has a column {others[0]!r}, which {first.path} does not have")
    return [name for name in first.columns if all(name in file.columns for file in files)]
