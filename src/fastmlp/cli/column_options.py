"""Options that choose the columns of a table and say what they are."""

from argparse import ArgumentParser

from ..messages import listed
from ..rows.streams.table import Table
from .csv_options import values


def add_column_options(parser: ArgumentParser) -> None:
    """Add the options to the parser of a command that learns from a table."""
    group = parser.add_argument_group(
        "data: columns", "Each option takes a list of names, and may be given several times. Put a name with a comma "
        "in double quotes, as in a CSV file: --drop 'id,\"last, first\"'.",
    )  # fmt: skip
    for option, text in {
        "--columns": "features; default: all columns except target, weight and those of --drop",
        "--drop": "columns to leave out; predict and evaluate do not need them",
        "--categories": "columns of numbers that are categories, such as codes",
        "--numbers": "columns of text that spells numbers, such as -2e3; other text counts as missing. A target that "
        "is named has numbers, not classes",
    }.items():
        group.add_argument(option, type=values, action="extend", metavar="NAME,NAME,…", help=text)


def without(table: Table, dropped: list[str] | None) -> Table:
    """Return the table without some of its features."""
    features = list(table.names or [])
    for name in dropped or []:
        if name not in features:
            raise ValueError(f"--drop: no feature named {name!r}; the features are {listed(features)}")
    left = [name for name in features if name not in (dropped or [])]
    if not left:
        raise ValueError("--drop leaves no feature; drop fewer columns")
    return table.with_columns(left)
