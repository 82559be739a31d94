"""The command line: ``fastmlp train | predict | evaluate``.

A user's mistake ends with exit code 2 and one line on standard error; Ctrl-C while training saves the model
as it is and ends with 130.
"""

import argparse
import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

from .. import optimizers
from ..activations import ACTIVATIONS
from ..version import __version__
from . import commands
from .column_options import add_column_options
from .csv_options import add_csv_options
from .option_types import LEAST_RATE, integer, real, widths

OPTIONS = {  # arguments with which errors and warnings begin that a table gives rise to, as a user typed them
    "batch_size": "--batch-size", "checkpoint": "--checkpoint", "validation_fraction": "--validation-fraction",
    "widths": "--hidden: widths",
}  # fmt: skip
EXAMPLE = """example:
  fastmlp train people.csv --target income --save income.fastmlp
  fastmlp evaluate income.fastmlp more.csv
  fastmlp predict income.fastmlp new.csv --out predictions.csv

fastmlp COMMAND --help tells the options of a command."""


class Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line, as the commands do."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fastmlp: error: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        with plain_warnings():
            return int(options.command(options))
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print(f"fastmlp: error: {as_typed(str(error)) or type(error).__name__}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fastmlp: interrupted", file=sys.stderr)
        return 130


def as_typed(message: str) -> str:
    """A message that begins with an argument of Python's, with the option instead."""
    name, equals, rest = message.partition("=")
    return f"{OPTIONS[name]}={rest}" if equals and name in OPTIONS else message


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings are one line each, without a place in the sources."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"fastmlp: warning: {as_typed(str(message))}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = Parser(
        prog="fastmlp", epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train multilayer perceptrons that tell the rows of two classes of a table apart.",
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"fastmlp {__version__}")
    subcommands = top.add_subparsers(required=True, title="commands", metavar="COMMAND", help="what it does:")

    train = add_command(subcommands, "train", "train a model on a table, save it, and print its scores")
    train.set_defaults(command=commands.train)
    train.add_argument(
        "data", help="table: a .csv or .parquet file (.csv.gz and the like, .tsv, .txt, too), or a folder of them"
    )
    train.add_argument("--target", required=True, help="column with the two classes")
    train.add_argument("--weight", metavar="NAME", help="column with the rows' weights; default: all count alike")
    add_fit_options(train)
    add_table_options(train)
    add_file_options(train)
    add_column_options(train)

    predict = add_command(subcommands, "predict", "write a probability and a class for each row of a table")
    predict.set_defaults(command=commands.predict)
    predict.add_argument("model", help="file written by train")
    predict.add_argument("data", help="table with the model's columns (.csv, .parquet, or a folder)")
    predict.add_argument("--out", required=True, help="table for probability and prediction (.csv or .parquet)")

    evaluate = add_command(subcommands, "evaluate", "print log loss, AUC and accuracy of a model on a table")
    evaluate.set_defaults(command=commands.evaluate)
    evaluate.add_argument("model", help="file written by train")
    evaluate.add_argument("data", help="table with the model's columns and the target")
    evaluate.add_argument("--target", help="column with the classes; default: the one that the model was trained on")
    evaluate.add_argument("--weight", metavar="NAME", help="column with the rows' weights; default: all count alike")
    for command in (train, predict, evaluate):
        command.add_argument("--threads", type=integer(1), metavar="N", help="threads at most; default: all cores")
        add_csv_options(command)
    return top


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of the net and of its training."""
    parser.add_argument(
        "--hidden", type=widths, default="256,256", metavar="P,P,…",
        help="widths of the hidden layers; '': none, logistic regression; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--activation", default="relu", choices=list(ACTIVATIONS),
        help="function of the hidden layers; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--optimizer", default="adam", choices=list(optimizers.OPTIMIZERS),
        help="rule of the steps; default: %(default)s",
    )  # fmt: skip
    rates = ", ".join(f"{kind.learning_rate:g} for {name}" for name, kind in optimizers.OPTIMIZERS.items())
    parser.add_argument("--learning-rate", type=real(LEAST_RATE), metavar="RATE", help=f"of a step; default: {rates}")
    parser.add_argument(
        "--epochs", type=integer(0), default=10, metavar="N",
        help="passes over the rows; 0: an untrained model; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--batch-size", type=integer(0), default=1024, metavar="N",
        help="rows per step; 0: all rows; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--l2", type=real(0), default=0.0, metavar="L2", help="adds l2/2 ‖W‖² to the mean loss; default: %(default)s"
    )
    parser.add_argument(
        "--validation-fraction", type=real(0, 1, without_most=True), default=0.2, metavar="PART",
        help="part of the rows that is kept for validation; 0: none; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--early-stopping", action="store_true", help="stop when the validation loss no longer falls")
    parser.add_argument(
        "--dtype", default="float32", choices=["float32", "float64"],
        help="type of the numbers that are computed with; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=integer(0), default=0, metavar="N",
        help="number that weights, validation rows and orders depend on; default: %(default)s",
    )  # fmt: skip


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add how a table is read and encoded."""
    parser.add_argument(
        "--scaling", default="standard", choices=["standard", "robust", "none"],
        help="of numeric columns: mean and deviation, median and IQR, or as they are; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--max-categories", type=integer(1), default=128, metavar="K",
        help="categories of a column at most; rarer ones share a number; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--window-rows", type=integer(1), metavar="N",
        help="read the table block by block and shuffle so many rows together; "
        "default: all rows in memory, in another order, where half of what is free suffices",
    )  # fmt: skip


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add what is written, and where."""
    parser.add_argument("--save", required=True, metavar="MODEL", help="file for the trained model")
    parser.add_argument("--checkpoint", metavar="FILE", help="keep the training in a file while it goes on")
    parser.add_argument(
        "--checkpoint-every", type=real(0), default=60.0, metavar="SECONDS",
        help="least time between two checkpoints; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on where the checkpoint is, if there is one")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the learning curve")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def add_command(subcommands: Any, name: str, text: str) -> argparse.ArgumentParser:
    """The parser of a command that does what the text tells."""
    command: argparse.ArgumentParser = subcommands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    return command


if __name__ == "__main__":
    sys.exit(main())
