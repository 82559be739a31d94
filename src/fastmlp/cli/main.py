"""The command line: ``fastmlp train | predict | evaluate``.

A user's mistake ends with exit code 2 and one line on standard error; Ctrl-C while training saves the model
as it is and ends with 130.
"""

import argparse
import contextlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ..exceptions import UnsupportedCPUError
from ..version import __version__
from .common_options import add_model, add_report, add_table, add_target, add_threads
from .csv_options import add_csv_options
from .evaluate import evaluate
from .predict import predict
from .train import train
from .train_options import add_train_options

OPTIONS = {  # the options for the arguments with which errors and warnings may begin
    "batch_size": "--batch-size", "checkpoint": "--checkpoint", "validation_fraction": "--validation-fraction",
    "widths": "--hidden: widths", "random_state": "--seed", "n_members": "--members",
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
    options.typed = sys.argv[1:] if arguments is None else arguments
    try:
        with plain_warnings():
            return int(options.command(options))
    except (ValueError, TypeError, OSError, ImportError, MemoryError, UnsupportedCPUError) as error:
        print(f"fastmlp: error: {as_typed(str(error)) or type(error).__name__}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fastmlp: interrupted", file=sys.stderr)
        return 130


def as_typed(message: str) -> str:
    """Return a message with options in place of the Python arguments with which it begins or that it proposes."""
    message = re.sub(r"\b(dtype|loss)='(\w+)'", r"--\1 \2", message)
    message = re.sub(r"\b(random_state|n_members)=", lambda found: f"{OPTIONS[found[1]]}=", message)
    message = re.sub(r"^(categories|numbers): ", r"--\1: ", message)
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
        description="Train neural networks (multilayer perceptrons) on tables, to predict classes or numbers.",
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"fastmlp {__version__}")
    subcommands = top.add_subparsers(required=True, title="commands", metavar="COMMAND", help="one of:")

    command = add_command(subcommands, "train", "train a model on a table, save it, and print its scores", train)
    add_train_options(command)

    command = add_command(subcommands, "predict", "write a prediction for each row of a table", predict)
    add_model(command)
    add_table(command)
    command.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="table for the predictions, and the probabilities of classes (.csv or .parquet)",
    )
    add_threads(command)
    add_csv_options(command)

    command = add_command(subcommands, "evaluate", "print the scores of a model on a table", evaluate)
    add_model(command)
    add_table(command)
    add_target(command, "column to compare with; default: the one that the model was trained on", required=False)
    add_threads(command)
    add_report(command, "the rows of the table")
    add_csv_options(command)
    return top


def add_command(
    subcommands: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Add a command and return its parser; the text says what the command does."""
    command: argparse.ArgumentParser = subcommands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}."
    )
    command.set_defaults(command=run)
    return command


if __name__ == "__main__":
    sys.exit(main())
