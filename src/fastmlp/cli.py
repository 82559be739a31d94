"""The command line: ``fastmlp train | predict | evaluate``.

A user's mistake ends with exit code 2 and one line on standard error; Ctrl-C while training saves the model
as it is and ends with 130.
"""

import argparse
import sys

from . import commands, optimizers
from .activations import ACTIVATIONS
from .column_options import add_column_options
from .csv_options import add_csv_options
from .version import __version__


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        print(f"fastmlp: error: {str(error) or type(error).__name__}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fastmlp: interrupted", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="fastmlp", description="Train multilayer perceptrons for binary classification.")
    top.add_argument("--version", action="version", version=f"fastmlp {__version__}")
    subcommands = top.add_subparsers(required=True, metavar="COMMAND")
    kind = argparse.ArgumentDefaultsHelpFormatter

    train = subcommands.add_parser("train", help="train a model on a table", formatter_class=kind)
    train.set_defaults(command=commands.train)
    train.add_argument(
        "data", help="table: a .csv or .parquet file (.csv.gz and the like, .tsv, .txt, too), or a folder of them"
    )
    train.add_argument("--target", required=True, help="column with the two classes")
    train.add_argument("--weight", metavar="NAME", help="column with the rows' weights")
    train.add_argument("--hidden", type=widths, default=[256, 256], metavar="P,P,…", help="widths of the hidden layers")
    train.add_argument("--activation", default="relu", choices=list(ACTIVATIONS))
    train.add_argument("--optimizer", default="adam", choices=list(optimizers.OPTIMIZERS))
    train.add_argument("--learning-rate", type=float, help="default: the optimizer's own")
    train.add_argument("--epochs", type=int, default=10)
    train.add_argument("--batch-size", type=int, default=1024, help="rows per step; 0: all rows")
    train.add_argument("--l2", type=float, default=0.0, help="adds l2/2 ‖W‖² to the mean loss")
    train.add_argument("--validation-fraction", type=float, default=0.2, help="rows kept for validation; 0: none")
    train.add_argument("--early-stopping", action="store_true", help="stop when the validation loss no longer falls")
    train.add_argument(
        "--scaling", default="standard", choices=["standard", "robust", "none"],
        help="of numeric columns: mean and deviation, median and IQR, or as they are",
    )  # fmt: skip
    train.add_argument(
        "--max-categories", type=int, default=128, metavar="K", help="a column's rarer categories share a number"
    )
    train.add_argument(
        "--window-rows", type=int, metavar="N",
        help="read the table block by block and shuffle so many rows together; "
        "default: all rows in memory, in another order, where half of what is free suffices",
    )  # fmt: skip
    train.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    train.add_argument("--threads", type=int, help="at most so many; default: all cores")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--save", required=True, metavar="MODEL", help="file for the trained model")
    train.add_argument("--checkpoint", metavar="FILE", help="keep the training in a file while it goes on")
    train.add_argument("--checkpoint-every", type=float, default=60.0, metavar="SECONDS")
    train.add_argument("--resume", action="store_true", help="go on where the checkpoint is, if there is one")
    train.add_argument("--plot", metavar="FILE.png", help="draw the learning curve")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    add_column_options(train)

    predict = subcommands.add_parser("predict", help="predict the rows of a table", formatter_class=kind)
    predict.set_defaults(command=commands.predict)
    predict.add_argument("model", help="file written by train")
    predict.add_argument("data", help="table with the model's columns (.csv, .parquet, or a folder)")
    predict.add_argument("--out", required=True, help="table for probability and prediction (.csv or .parquet)")
    predict.add_argument("--threads", type=int, help="at most so many; default: all cores")

    evaluate = subcommands.add_parser("evaluate", help="score a model on a table", formatter_class=kind)
    evaluate.set_defaults(command=commands.evaluate)
    evaluate.add_argument("model", help="file written by train")
    evaluate.add_argument("data", help="table with the model's columns and the target")
    evaluate.add_argument("--target", help="default: the column that the model was trained on")
    evaluate.add_argument("--weight", metavar="NAME", help="column with the rows' weights; default: all count alike")
    evaluate.add_argument("--threads", type=int, help="at most so many; default: all cores")
    for command in (train, predict, evaluate):
        add_csv_options(command)
    return top


def widths(text: str) -> list[int]:
    """Comma-separated widths of hidden layers; an empty text is logistic regression."""
    try:
        return [int(width) for width in text.split(",") if width.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of integers such as 256,256") from None


if __name__ == "__main__":
    sys.exit(main())
