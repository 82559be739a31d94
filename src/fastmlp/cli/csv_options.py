"""Options that say how CSV files are written."""

import csv
import io
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from ..rows.streams.csv import data_type
from ..rows.streams.csv_dialect import Dialect

NAMES = ("separator", "decimal", "encoding", "null_values", "types", "header")


def add_csv_options(parser: ArgumentParser) -> None:
    """Add the options to the parser of a command that reads a table."""
    group = parser.add_argument_group("data: how CSV files are written", argument_default=SUPPRESS)
    group.add_argument(
        "--separator", type=separator, metavar="CHARACTER",
        help=r"between fields: ',', ';', '\t', …; default: a comma, or ; tab or | if the file begins so",
    )  # fmt: skip
    group.add_argument("--decimal", metavar="CHARACTER", help="decimal separator of numbers; default: a point")
    group.add_argument(
        "--encoding", help="encoding of the text; default: UTF-8, UTF-16 if marked, or cp1252 if the text shows it"
    )
    group.add_argument(
        "--null-values", type=values, metavar="VALUE,VALUE,…",
        help="fields that count as missing, beside blank ones; default: NA, NULL, NaN, ? and the like. "
        "Write --null-values=-1 if the first begins with a dash",
    )  # fmt: skip
    group.add_argument(
        "--types", type=typed, action="append", metavar="NAME=TYPE",
        help="type of a column, such as string, double or int64; may be given several times",
    )  # fmt: skip
    group.add_argument(
        "--no-header", dest="header", action="store_false", default=SUPPRESS,
        help="read the first line as a row, and name the columns f0, f1, …",
    )  # fmt: skip


def csv_options(options: Namespace) -> dict[str, Any]:
    """Return the options that were given as arguments of `rows.Csv`, checked before any file is read."""
    given = {name: getattr(options, name) for name in NAMES if hasattr(options, name)}
    types = dict(given.pop("types", {}))
    try:
        Dialect(**given)
        for name, kind in types.items():
            data_type(name, kind)
    except ValueError as error:
        raise ValueError(f"--{error}") from None
    return given | ({"types": types} if types else {})


def values(text: str) -> list[str]:
    """Split a list of values at commas, with quotes as in a CSV file; an empty text is a list of one empty value."""
    try:
        (found,) = csv.reader(io.StringIO(text, newline=""), strict=True) if text else [[""]]
    except (csv.Error, ValueError):
        raise ArgumentTypeError(
            f"{text!r} is not a list with commas between its values; quote a value that has a comma or a quote"
        ) from None
    return found


def separator(text: str) -> str:
    r"""Return the character; \t and tab mean the tab character."""
    return "\t" if text in (r"\t", "tab") else text


def typed(text: str) -> tuple[str, str]:
    """Split NAME=TYPE."""
    name, equals, kind = text.rpartition("=")
    if not equals:
        raise ArgumentTypeError(f"{text!r} is not NAME=TYPE, such as zip=string")
    return name, kind
