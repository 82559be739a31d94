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

OPTIONS = {  # the options for the arguments with which errors and warnings may begin
    "batch_size": "--batch-size", "checkpoint": "--checkpoint", "validation_fraction": "--validation-fraction",
    "widths": "--hidden: widths",
}  # fmt: skip
EXAMPLE = """example:
  fastmlp train people.csv --target income --save income.fastmlp
  fastmlp evaluate income.fastmlp more.csv
  fastmlp predict income.fastmlp new.csv --out predictions.csv

fastmlp COMMAND --help lists the options of a command."""


class Parser(argparse.ArgumentParser):
    """A parser that reports a mistake in one line, as the commands do."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fastmlp: error: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
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
    """Return a message with the option in place of the Python argument with which it begins."""
    name, equals, rest = message.partition("=")
    return f"{OPTIONS[name]}={rest}" if equals and name in OPTIONS else message


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning in the block in one line, without its place in the source code."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"fastmlp: warning: {as_typed(str(message))}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands and their options."""
    top = Parser(
        prog="fastmlp", epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train neural networks (multilayer perceptrons) on tables, to predict one of two classes.",
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"fastmlp {__version__}")
    subcommands = top.add_subparsers(required=True, title="commands", metavar="COMMAND", help="one of:")

    train = add_command(subcommands, "train", "train a model on a table, save it, and print its scores")
    train.set_defaults(command=commands.train)
    train.add_argument(
        "data", help="table: a .csv or .parquet file (also .csv.gz and the like, .tsv, .txt), or a folder of them"
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
        command.add_argument("--threads", type=integer(1), metavar="N", help="most threads to use; default: all cores")
        add_csv_options(command)
    return top


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of the net and of its training."""
    parser.add_argument(
        "--hidden", type=widths, default="256,256", metavar="P,P,…",
        help="widths of the hidden layers; '' for none (logistic regression); default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--activation", default="relu", choices=list(ACTIVATIONS),
        help="activation function of the hidden layers; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--optimizer", default="adam", choices=list(optimizers.OPTIMIZERS),
        help="optimizer; default: %(default)s",
    )  # fmt: skip
    rates = ", ".join(f"{kind.learning_rate:g} for {name}" for name, kind in optimizers.OPTIMIZERS.items())
    parser.add_argument(
        "--learning-rate", type=real(LEAST_RATE), metavar="RATE", help=f"size of a step; default: {rates}"
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=10, metavar="N",
        help="passes over the rows; 0 for an untrained model; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--batch-size", type=integer(0), default=1024, metavar="N",
        help="rows per step; 0 for all rows; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--l2", type=real(0), default=0.0, metavar="L2", help="add L2/2 ‖W‖² to the mean loss; default: %(default)s"
    )
    parser.add_argument(
        "--validation-fraction", type=real(0, 1, without_most=True), default=0.2, metavar="PART",
        help="part of the rows that is kept for validation; 0 for none; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--early-stopping", action="store_true", help="stop when the validation loss no longer falls")
    parser.add_argument(
        "--dtype", default="float32", choices=["float32", "float64"],
        help="floating-point type of the computation; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=integer(0), default=0, metavar="N",
        help="seed of initial weights, validation rows and order of rows; default: %(default)s",
    )  # fmt: skip


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of how a table is read and encoded."""
    parser.add_argument(
        "--scaling", default="standard", choices=["standard", "robust", "none"],
        help="scale numbers by mean and standard deviation, by median and IQR, or not at all; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--max-categories", type=integer(1), default=128, metavar="K",
        help="maximum number of categories of a column; rarer ones share one; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--window-rows", type=integer(1), metavar="N",
        help="read the table block by block and shuffle within windows of N rows; default: keep all rows in "
        "memory if half of the free memory is enough, which shuffles them in another order",
    )  # fmt: skip


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add the files that are written."""
    parser.add_argument("--save", required=True, metavar="MODEL", help="file for the trained model")
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="file for the state of training, from which --resume goes on"
    )
    parser.add_argument(
        "--checkpoint-every", type=real(0), default=60.0, metavar="SECONDS",
        help="least time between two checkpoints; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint if there is one")
    parser.add_argument("--plot", metavar="FILE.png", help="file for a plot of the learning curve")
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")


def add_command(subcommands: Any, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command and return its parser; the text says what the command does."""
    command: argparse.ArgumentParser = subcommands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    return command


if __name__ == "__main__":
    sys.exit(main())
