"""Options that several commands have."""

from typing import Any

from .option_types import integer


def add_model(parser: Any) -> None:
    """Add the file of the model."""
    parser.add_argument("model", help="file written by train")


def add_table(parser: Any) -> None:
    """Add the table that a command reads."""
    parser.add_argument(
        "data", help="table: a .csv or .parquet file (also .csv.gz and the like, .tsv, .txt), or a folder of them"
    )


def add_target(group: Any, text: str, *, required: bool) -> None:
    """Add the columns of the target and of the rows' weights; the text describes the target."""
    group.add_argument("--target", required=required, metavar="NAME", help=text)
    group.add_argument("--weight", metavar="NAME", help="column with the rows' weights; default: all count alike")


def add_threads(group: Any) -> None:
    """Add the number of threads."""
    group.add_argument("--threads", type=integer(1), metavar="N", help="most threads to use; default: all cores")


def add_report(group: Any, rows: str) -> None:
    """Add the file of a report; rows: which ones it is about."""
    group.add_argument(
        "--report", metavar="FILE.html",
        help=f"file for a page with figures, pictures and settings, about {rows}; needs matplotlib",
    )  # fmt: skip
