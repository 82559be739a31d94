"""The command line: ``fastmlp train | predict | evaluate``.

A user's mistake ends with exit code 2 and one line on standard error; Ctrl-C while training saves the model
as it is and ends with 130.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from . import optimizers
from .activations import ACTIVATIONS
from .encoding import standardisation
from .model import Model
from .rows.order import validation_split
from .rows.table import binary_target, numeric_matrix, read_table, write_table
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
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    kind = argparse.ArgumentDefaultsHelpFormatter

    train = commands.add_parser("train", help="train a model on a table", formatter_class=kind)
    train.set_defaults(command=run_train)
    train.add_argument("data", help="table with numeric columns (.csv or .parquet)")
    train.add_argument("--target", required=True, help="column with the two classes")
    train.add_argument("--hidden", type=widths, default=[256, 256], metavar="P,P,…", help="widths of the hidden layers")
    train.add_argument("--activation", default="relu", choices=list(ACTIVATIONS))
    train.add_argument("--optimizer", default="adam", choices=list(optimizers.OPTIMIZERS))
    train.add_argument("--learning-rate", type=float, help="default: the optimizer's own")
    train.add_argument("--epochs", type=int, default=10)
    train.add_argument("--batch-size", type=int, default=1024, help="rows per step; 0: all rows")
    train.add_argument("--l2", type=float, default=0.0, help="adds l2/2 ‖W‖² to the mean loss")
    train.add_argument("--validation-fraction", type=float, default=0.2, help="rows kept for validation; 0: none")
    train.add_argument("--early-stopping", action="store_true", help="stop when the validation loss no longer falls")
    train.add_argument("--no-standardise", action="store_true", help="take the columns as they are")
    train.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    train.add_argument("--threads", type=int, help="at most so many; default: all cores")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--save", required=True, metavar="MODEL", help="file for the trained model")
    train.add_argument("--plot", metavar="FILE.png", help="draw the learning curve")
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    predict = commands.add_parser("predict", help="predict the rows of a table", formatter_class=kind)
    predict.set_defaults(command=run_predict)
    predict.add_argument("model", help="file written by train")
    predict.add_argument("data", help="table with the model's columns (.csv or .parquet)")
    predict.add_argument("--out", required=True, help="table for probability and prediction (.csv or .parquet)")
    predict.add_argument("--threads", type=int, help="at most so many; default: all cores")

    evaluate = commands.add_parser("evaluate", help="score a model on a table", formatter_class=kind)
    evaluate.set_defaults(command=run_evaluate)
    evaluate.add_argument("model", help="file written by train")
    evaluate.add_argument("data", help="table with the model's columns and the target (.csv or .parquet)")
    evaluate.add_argument("--target", help="default: the column that the model was trained on")
    evaluate.add_argument("--threads", type=int, help="at most so many; default: all cores")
    return top


def widths(text: str) -> list[int]:
    """Comma-separated widths of hidden layers; an empty text is logistic regression."""
    try:
        return [int(width) for width in text.split(",") if width.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of integers such as 256,256") from None


def run_train(options: argparse.Namespace) -> int:
    """Read, standardise, train, save, and print the validation's figures."""
    check_writable(options.save, options.plot)
    table = read_table(options.data)
    y, classes = binary_target(table, options.target)
    names = [name for name in table.column_names if name != options.target]
    X = numeric_matrix(table, names)
    del table
    model = Model(
        [len(names), *options.hidden, 1], options.activation,
        dtype=options.dtype, seed=options.seed, n_threads=options.threads,
    )  # fmt: skip
    model.feature_names, model.target_name, model.classes = names, options.target, classes
    if not options.no_standardise and len(X):
        model.scaling = standardisation(X)
    kind = optimizers.OPTIMIZERS[options.optimizer]
    optimizer = kind() if options.learning_rate is None else kind(learning_rate=options.learning_rate)
    print(f"{len(X):,} rows × {len(names)} columns; {options.target} is {classes[1]!r} in {np.mean(y):.1%} of them")
    try:
        model.fit(
            X, y, epochs=options.epochs, batch_size=options.batch_size or None, optimizer=optimizer, l2=options.l2,
            validation_fraction=options.validation_fraction, early_stopping=options.early_stopping,
            verbose=0 if options.quiet else 1,
        )  # fmt: skip
    except KeyboardInterrupt:
        model.save(options.save)
        print(f"fastmlp: interrupted; the model as it is was saved to {options.save}", file=sys.stderr)
        return 130
    model.save(options.save)
    if options.plot:
        from .plot import learning_curve

        learning_curve(model.history, options.plot)
    seconds = sum(record["seconds"] for record in model.history)
    rows = sum(record["rows_per_second"] * record["seconds"] for record in model.history)
    if seconds:
        speed = f"{rows / seconds:,.0f} rows/s"
        print(f"trained {len(model.history)} epochs in {seconds:.2f} s ({speed}); saved {options.save}")
    if options.validation_fraction > 0:
        validation, _ = validation_split(len(X), options.validation_fraction, options.seed)
        index = validation.rows(0, validation.size)
        print(f"validation: {figures(y[index], model.predict_proba(X[index]))}, {len(index):,} rows")
    return 0


def run_predict(options: argparse.Namespace) -> int:
    """Write a probability and a class for each row."""
    model = Model.load(options.model, n_threads=options.threads)
    check_writable(options.out)
    X = model_columns(model, read_table(options.data))
    probability = model.predict_proba(X)
    classes = model.classes or [0, 1]
    prediction = np.where(probability > 0.5, classes[1], classes[0])
    write_table(options.out, {"probability": probability, "prediction": prediction})
    print(f"{len(X):,} rows; probability is that of {classes[1]!r}; written to {options.out}")
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Print log loss, AUC and accuracy."""
    model = Model.load(options.model, n_threads=options.threads)
    table = read_table(options.data)
    target = options.target or model.target_name
    if target is None:
        raise ValueError("the model does not tell its target; give --target COLUMN")
    y, _ = binary_target(table, target, model.classes)
    X = model_columns(model, table)
    if len(X) == 0:
        raise ValueError(f"{options.data}: no rows")
    begin = time.perf_counter()
    probability = model.predict_proba(X)
    seconds = time.perf_counter() - begin
    print(f"{figures(y, probability)}, {len(X):,} rows, {len(X) / seconds:,.0f} rows/s")
    return 0


def model_columns(model: Model, table: Any) -> np.ndarray:
    """The columns that the model was trained on, in its order; others are ignored."""
    return numeric_matrix(table, model.feature_names or table.column_names)


def figures(y: np.ndarray, probability: np.ndarray) -> str:
    """Log loss, AUC and accuracy as one text."""
    from sklearn.metrics import log_loss, roc_auc_score

    p = probability.astype(np.float64)
    auc = f"{roc_auc_score(y, p):.4f}" if 0 < np.mean(y) < 1 else "undefined (one class)"
    return f"log loss {log_loss(y, p, labels=[False, True]):.4f}, AUC {auc}, accuracy {np.mean((p > 0.5) == y):.4f}"


def check_writable(*paths: str | None) -> None:
    """Find out before training, not after it, that a result has nowhere to go."""
    for path in paths:
        if path is not None and not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(f"{path}: its folder does not exist")


if __name__ == "__main__":
    sys.exit(main())
