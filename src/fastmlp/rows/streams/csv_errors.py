"""Errors of pyarrow's CSV reader, with line, column, value and remedy."""

import contextlib
import csv
import re
from collections.abc import Callable

from ...messages import shown
from ..columns import first_line
from .csv_dialect import BLOCK_BYTES, GIVE_ENCODING, CsvFile, long_fields, not_text

CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?CSV conversion error to ([^:]+): (.*)", re.DOTALL)
VALUE = re.compile(r"invalid value '(.*)'", re.DOTALL)
FIELDS = re.compile(r"Expected (\d+) columns, got \d+")


def csv_error(file: CsvFile, error: Exception) -> OSError:
    """Return an OSError for an error that came while the file was read."""
    message = str(error)
    if isinstance(error, UnicodeDecodeError):
        return not_text(file.path, file.encoding, error)
    if found := CONVERSION.match(message):
        return conversion_error(file, int(found[1]), found[2], found[3])
    if found := FIELDS.search(message):
        n = int(found[1])
        place, record = located_record(file, lambda record: len(record) != n)
        return OSError(f"{place}: expected {n} fields, as there are columns, got {len(record) or 'others'}")
    if "straddl" in message:
        return OSError(f"{file.path}: a row is longer than {BLOCK_BYTES // 2**20} MiB, or a quote is never closed")
    return OSError(f"{file.path}: not a readable CSV file ({shown(first_line(error))})")


def conversion_error(file: CsvFile, column: int, kind: str, message: str) -> OSError:
    """Return the error for a field that does not have the type of its column."""
    name, found = file.names[column], VALUE.match(message)
    if not found:
        remedy = GIVE_ENCODING if "UTF8" in message else f"give its type, types={{{name!r}: …}} (--types)"
        return OSError(f"{file.path}: column {name!r}: {shown(first_line(Exception(message)))}; {remedy}")
    value = found[1].strip()
    place, _ = located_record(file, lambda record: column < len(record) and record[column].strip() == value)
    return OSError(
        f"{place}: {shown(value)} in column {name!r} is not of the type {kind} that the column has before; if it is "
        f"data, give types={{{name!r}: 'string'}} (--types {name}=string), if it is a missing value, null_values "
        "(--null-values)"
    )


def located_record(file: CsvFile, is_meant: Callable[[list[str]], bool]) -> tuple[str, list[str]]:
    """Return the file with the line of the first such record, and the record; the file alone if there is none."""
    with long_fields(), contextlib.suppress(csv.Error):
        for line, record in file.numbered_records():
            if is_meant(record):
                return f"{file.path}, line {line}", record
    return str(file.path), []
