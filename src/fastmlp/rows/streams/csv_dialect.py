"""How CSV files are written: by the user's options, or inferred from the beginning of each file."""

import codecs
import contextlib
import csv
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ...system.files_at_rest import AtRest
from ..columns import first_line

BLOCK_BYTES = 2**22  # of text, parsed at a time; dialect and types of columns are inferred from the first block
SEPARATORS = (",", ";", "\t", "|")
SNIFFED_ROWS = 100
MOST_BLANKS = 64
BOMS = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
LIMIT_LOCK = threading.Lock()  # of the limit of Python's csv module
GIVE_ENCODING = "give the encoding, as in encoding='latin-1' (--encoding latin-1)"


@dataclass(frozen=True)
class Dialect:
    """The user's options, as for `Csv`; None: inferred for each file."""

    separator: str | None = None
    decimal: str = "."
    encoding: str | None = None
    null_values: Any = None
    header: bool = True

    def __post_init__(self) -> None:
        for option in ("separator", "decimal"):
            value = getattr(self, option)
            plain = isinstance(value, str) and len(value) == 1 and value.isascii() and value not in '"\r\n\0'
            if not (plain or (option == "separator" and value is None)):
                raise ValueError(f"{option}={value!r}: must be one ASCII character, but no quote and no line break")
        if self.separator == self.decimal:
            raise ValueError(f"separator and decimal are both {self.separator!r}; they must differ")
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError:
            raise ValueError(f"encoding={self.encoding!r}: Python has no encoding of this name") from None

    def missing(self) -> list[str]:
        """Return the fields that are missing values: empty and blank ones, and names such as NA, also after a blank."""
        from pyarrow import csv

        values = [*csv.ConvertOptions().null_values, "?"] if self.null_values is None else self.null_values
        values = [values] if isinstance(values, str) else [str(value) for value in values]
        return [*(" " * k for k in range(MOST_BLANKS + 1)), *values, *(f" {value}" for value in values)]


class CsvFile:
    """One CSV file: how it is written, and its columns.

    Attributes
    ----------
    names : list of str, all columns, in the file's order
    columns : list of str, those that are read: all but an index and separators at the ends of rows
    skipped : int, empty lines and header before the first row
    has_rows : bool
    """

    def __init__(self, path: Path, given: Dialect) -> None:
        self.path, self.given, self.at_rest = path, given, AtRest(path)
        with readable(path), opened(path) as file:
            beginning = file.read(BLOCK_BYTES)
            whole = not file.read(1)
        self.encoding = given.encoding or found_encoding(path, beginning, whole)
        try:
            text = decoded(beginning, self.encoding, whole)
        except UnicodeError as error:
            raise not_text(path, self.encoding, error) from None
        self.separator = given.separator or found_separator(text, whole, given.decimal)
        lines = records(text, self.separator, whole)
        self.skipped = next((k for k, record in enumerate(lines) if record), len(lines)) + given.header
        rows = [record for record in lines if record]
        if not rows:
            raise OSError(f"{path}: not a readable CSV file (its beginning holds no row)")
        head = rows.pop(0) if given.header else [f"f{k}" for k in range(len(rows[0]))]
        head, left_out = fitted(head, rows)
        self.has_rows = bool(rows) or not whole
        self.names = [name if name.strip() else f"Unnamed: {k}" for k, name in enumerate(head)]
        self.columns = [name for k, name in enumerate(self.names) if k not in left_out]

    def __str__(self) -> str:
        return f"{self.path} (separator {self.separator!r}, encoding {self.encoding})"

    def reader(self, columns: list[str], types: dict[str, Any]) -> Any:
        """Return a pyarrow.RecordBatchReader of these columns; types that are not given are inferred."""
        from pyarrow import csv

        plain = codecs.lookup(self.encoding).name == "utf-8"
        return csv.open_csv(
            self.path,
            csv.ReadOptions(
                block_size=BLOCK_BYTES, column_names=self.names, skip_rows_after_names=self.skipped,
                encoding="utf8" if plain else self.encoding,
            ),
            csv.ParseOptions(delimiter=self.separator, newlines_in_values=True),
            csv.ConvertOptions(
                column_types=types, include_columns=columns, strings_can_be_null=True,
                null_values=self.given.missing(), decimal_point=self.given.decimal,
            ),
        )  # fmt: skip

    def numbered_records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line that each row begins in, and its fields, by Python's slower parser: to find a bad one."""
        with io.TextIOWrapper(opened(self.path), self.encoding, "replace", newline="") as text:
            reader, line = csv.reader(text, delimiter=self.separator), 1
            for k, record in enumerate(reader):
                if record and k >= self.skipped:
                    yield line, record
                line = reader.line_num + 1


def opened(path: Path) -> Any:
    """Open a file as bytes, decompressed."""
    import pyarrow

    return pyarrow.input_stream(str(path), compression="detect")


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of reading into an OSError that names the file."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        raise OSError(f"{path}: not a readable CSV file ({first_line(error)})") from None


def decoded(data: bytes, encoding: str, whole: bool, errors: str = "strict") -> str:
    """Return the text of a file's beginning, without a character that is cut off at its end."""
    encoding = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return codecs.getincrementaldecoder(encoding)(errors).decode(data, whole)


def found_encoding(path: Path, beginning: bytes, whole: bool) -> str:
    """Return UTF-8, or the encoding of a byte order mark, or cp1252 if all bytes are characters of it."""
    for bom, name in BOMS.items():
        if beginning.startswith(bom):
            return name
    if b"\0" in beginning:
        raise OSError(f"{path}: not text, or in UTF-16, as there are NUL bytes; {GIVE_ENCODING}")
    try:
        decoded(beginning, "utf-8", whole)
        return "utf-8"
    except UnicodeDecodeError as error:
        some_utf8 = not decoded(beginning, "utf-8", whole, "ignore").isascii()
        try:
            decoded(beginning, "cp1252", whole)  # one character per byte: different texts stay different
        except UnicodeDecodeError:
            some_utf8 = True
        if some_utf8:
            raise not_text(path, "utf-8", error) from None
        return "cp1252"


def not_text(path: Path, encoding: str, error: UnicodeError) -> OSError:
    """Return the error for bytes that do not belong to the encoding."""
    if not isinstance(error, UnicodeDecodeError):  # a mark at the beginning is missing
        return OSError(f"{path}: the text is not {encoding} ({first_line(error)}); {GIVE_ENCODING}")
    bad = error.object[error.start : error.start + 1].hex()
    return OSError(f"{path}: the text is not {encoding}, as it holds the byte 0x{bad}; {GIVE_ENCODING}")


def records(text: str, separator: str, whole: bool) -> list[list[str]]:
    """Return the first records of a text, none of them cut off; [] for an empty line."""
    with long_fields():
        found = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), SNIFFED_ROWS + 1))
    return found if whole else found[:-1]


@contextlib.contextmanager
def long_fields() -> Iterator[None]:
    """Let Python's parser read fields as long as those that pyarrow reads in the block, not of 128 KiB at most."""
    with LIMIT_LOCK:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, BLOCK_BYTES))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def found_separator(text: str, whole: bool, decimal: str) -> str:
    """Return the one separator that splits header and rows into equally many fields; a comma if none or several do."""
    candidates = [each for each in SEPARATORS if each != decimal]
    widths = {each: [len(record) for record in records(text, each, whole) if record] for each in candidates}
    for slack in (0, 1):  # an index without a name, or a separator at the end, is one field more
        plain = [each for each in candidates if splits(widths[each], slack)]
        if plain:
            return plain[0] if len(plain) == 1 else candidates[0]
    return candidates[0]


def splits(widths: list[int], slack: int) -> bool:
    """Return whether all rows have equally many fields, and the header as many, up to `slack`."""
    return bool(widths) and widths[0] > 1 and len(set(widths[1:])) < 2 and abs(widths[0] - widths[-1]) <= slack


def fitted(head: list[str], rows: list[list[str]]) -> tuple[list[str], set[int]]:
    """Return the header, with a name for each field of a row, and the numbers of columns that hold no data."""
    width = len(rows[0]) if len({len(row) for row in rows}) == 1 else len(head)
    left_out: set[int] = set()
    if len(head) > 1 and width == len(head) + 1:
        if not any(row[-1].strip() for row in rows):
            head = [*head, ""]
        elif len({row[0] for row in rows}) == len(rows):  # names of rows, as R and pandas write them
            head, left_out = ["", *head], {0}
    elif width == len(head) - 1 and not head[-1].strip():
        head = head[:-1]
    for k in reversed(range(1, len(head))):
        if head[k].strip() or not rows or any(len(row) > k and row[k].strip() for row in rows):
            break
        left_out.add(k)
    return head, left_out
