"""The options of the command line that tell which columns there are, and what each is."""

from argparse import ArgumentParser

from ..messages import listed
from ..rows.streams.table import Table
from .csv_options import values


def add_column_options(parser: ArgumentParser) -> None:
    """Add them to the parser of a command that learns from a table."""
    group = parser.add_argument_group(
        "columns", "Each option takes several names, and may be given several times; in a list, a name with a comma "
        "stands in double quotes, as in a CSV file: --drop 'id,\"last, first\"'.",
    )  # fmt: skip
    for option, text in {
        "--columns": "features; default: all columns but the target, the weight and those of --drop",
        "--drop": "columns to leave out; predict and evaluate do not need them",
        "--categories": "columns of numbers that are categories, such as codes",
        "--numbers": "columns of text that spells numbers, such as -2e3; what spells none counts as missing",
    }.items():
        group.add_argument(option, type=values, action="extend", metavar="NAME,NAME,…", help=text)


def without(table: Table, dropped: list[str] | None) -> Table:
    """The table without some of its features."""
    features = list(table.names or [])
    for name in dropped or []:
        if name not in features:
            raise ValueError(f"--drop: no feature named {name!r}; the features are {listed(features)}")
    left = [name for name in features if name not in (dropped or [])]
    if not left:
        raise ValueError("--drop leaves no feature; at least 1 is required")
    return table.with_columns(left)
