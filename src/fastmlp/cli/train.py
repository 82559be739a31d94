"""``fastmlp train``: train a model on a table."""

import sys
import warnings
from argparse import Namespace
from typing import Any

import numpy as np

from .. import optimizers
from ..arguments import MIXED
from ..exceptions import ColumnWarning
from ..model import Model
from ..plot import require_matplotlib
from ..precision import check_trains
from ..rows.streams.files import open_table
from ..rows.streams.stream import located
from ..rows.streams.table import Table
from ..rows.targets import as_weights
from ..system.machine import available_memory
from ..system.progress_bar import progress_bar
from ..training.inputs import Encoded, Learned, rows_of, target_of
from ..training.scores import scores
from ..training.split import parts_of, target_moments
from .column_options import without
from .csv_options import csv_options
from .learning_curve import check_image, learning_curve
from .output_paths import check_outputs
from .report import report_on_validation
from .tabular import train_nets
from .target import LOSS_WORDS, Target, decided, spelled

FRACTION = "--validation-fraction"
MOST_SEED = 2**32 - 1  # of random_state, as scikit-learn takes it


def train(options: Namespace) -> int:
    """Train what the options mean, save it, and print scores of rows that were kept from training."""
    plain = is_plain(options)
    check_together(options)
    table = open_table(
        options.data, options.target, csv_options(options),
        weight=options.weight, columns=options.columns, window_rows=options.window_rows,
    )  # fmt: skip
    table = without(table, options.drop).with_text([], options.numbers or [])
    target = decided(table, options)  # before anything else is read
    print(target.text)
    if not plain:
        return train_nets(table, target, options)
    if not options.plain:
        print(f"training a bare network, as with --plain, because of {', '.join(options.of_network)}")
    return train_network(table if target.classes else spelled(table), target, options)


def is_plain(options: Namespace) -> bool:
    """Return whether a bare network is meant; raise ValueError for options that leave it open, or contradict it."""
    given = [name for name in options.of_network if name != FRACTION]
    if not (options.plain or given):
        if options.of_network:
            raise ValueError(
                f"{FRACTION} is for a bare network: by default, each net keeps a tenth of the rows for validation; add "
                "--plain, or leave it out"
            )
        if options.seed > MOST_SEED:
            raise ValueError(f"--seed {options.seed}: must be at most {MOST_SEED}; with --plain it may be larger")
        return False
    for name, value in (("--time-limit", options.time_limit), ("--members", options.members)):
        if value is not None:
            why = "--plain" if options.plain else given[0]
            raise ValueError(f"{why} trains a bare network, which has no {name}; leave one of them out")
    return True


def train_network(table: Table, target: Target, options: Namespace) -> int:
    """Learn an encoding, train a bare network, save it, and print the scores of the validation rows."""
    encoder = fitted_encoder(table, options)
    model = Model(
        [encoder.encoding_.n_features_out, *options.hidden, target.outputs], options.activation,
        dtype=options.dtype, seed=options.seed, n_threads=options.threads, **target.loss.arguments(),
    )  # fmt: skip
    model.feature_names, model.target_name, model.classes = list(table.names or []), options.target, target.classes
    model.encoding = encoder
    data = training_data(table, encoder, model, options)
    if target.loss.numeric:
        start_at_mean(model, data, options)
    try:
        fit(model, data, options)
        model.save(options.save)
    except KeyboardInterrupt:
        model.save(options.save)
        resume = f"; go on with --resume and {options.checkpoint}" if options.checkpoint else ""
        print(f"fastmlp: interrupted; the model as it is was saved to {options.save}{resume}", file=sys.stderr)
        return 130
    if options.plot:
        units = "" if model.target_scaling is None else " of the standardised target"
        learning_curve(model.history, options.plot, LOSS_WORDS[model.loss_name] + units)
    rows = rows_of(model, *data, labelled=True)
    print_scores(model, rows, options)
    if options.report:
        report_on_validation(model, table, rows, options)
    return 0


def check_together(options: Namespace) -> None:
    """Raise an error for options that do not go together, and for files that cannot be written."""
    outputs = {
        "--save": options.save, "--checkpoint": options.checkpoint, "--plot": options.plot, "--report": options.report
    }  # fmt: skip
    check_outputs(outputs, {"data": options.data})
    if options.plot:
        check_image(options.plot)
    if options.report:
        require_matplotlib()
    if options.resume and options.checkpoint is None:
        raise ValueError("--resume needs --checkpoint FILE, the file to go on from")
    if options.checkpoint and options.time_limit is not None:
        raise ValueError("--checkpoint: what --time-limit has measured cannot go on later; leave one of them out")
    check_trains(options.dtype == MIXED)
    if options.report and options.validation_fraction == 0:
        raise ValueError(
            f"--report {options.report}: is about rows that are kept from training; give --validation-fraction above "
            "0, or leave it out and run fastmlp evaluate --report on other rows"
        )
    if options.early_stopping and options.validation_fraction == 0:
        raise ValueError("--early-stopping needs rows for validation; give --validation-fraction above 0")


def start_at_mean(model: Model, data: tuple[Any, ...], options: Namespace) -> None:
    """Standardise the target by the rows to train on or, for Poisson, begin with the logarithm of its mean."""
    training, _ = parts_of(model, rows_of(model, *data, labelled=True), None, options.validation_fraction)
    found = target_moments(training)
    if model.network.plan.loss.link == "identity":
        model.target_scaling = found.scaling()
    elif found.mean[0] > 0:
        model.biases[-1][:] = np.log(found.mean)


def fit(model: Model, data: tuple[Any, ...], options: Namespace) -> None:
    """Train a model with the settings that the options give."""
    kind = optimizers.OPTIMIZERS[options.optimizer]
    optimizer = kind() if options.learning_rate is None else kind(learning_rate=options.learning_rate)
    model.fit(
        *data, epochs=options.epochs, batch_size=options.batch_size or None, optimizer=optimizer, l2=options.l2,
        validation_fraction=options.validation_fraction, early_stopping=options.early_stopping,
        verbose=0 if options.quiet else "bar",
        checkpoint=options.checkpoint, checkpoint_every=options.checkpoint_every, resume=options.resume,
    )  # fmt: skip


def fitted_encoder(table: Table, options: Namespace) -> Any:
    """Return a TableEncoder that has seen all rows once; print its findings."""
    from ..tables.table_encoder import TableEncoder

    scaling = None if options.scaling == "none" else options.scaling
    encoder = TableEncoder(
        scaling=scaling, max_categories=options.max_categories,
        dtype="float64" if options.dtype == "float64" else "float32",
        categories=options.categories or (), numbers=[name for name in options.numbers or () if name != options.target],
    )  # fmt: skip
    total = None if table.block_rows is None else int(table.block_rows.sum())
    bar = progress_bar(not options.quiet, total=total, desc="reading", leave=False, delay=1)
    with bar, warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnWarning)  # printed instead
        watched: Any = Watched(table, bar)
        encoder.fit(watched)
    for each in encoder.findings_:
        print(each.for_command())
    return encoder


class Watched:
    """A table that moves a progress bar while its rows are read."""

    def __init__(self, table: Table, bar: Any) -> None:
        self.table, self.bar, self.names = table, bar, table.names

    def table_blocks(self, columns: list[str], order: Any) -> Any:
        for block in self.table.table_blocks(columns, order):
            yield block
            self.bar.update(len(block))


def training_data(table: Table, encoder: Any, model: Model, options: Namespace) -> tuple[Any, ...]:
    """Return the data for `Model.fit`: all rows, encoded once, or, if memory is short, the table itself."""
    n, encoding = encoder.n_rows_, encoder.encoding_
    size = n * encoding.n_features_out * model.dtype.itemsize
    in_memory = options.window_rows is None and size <= available_memory() // 2
    print(
        f"{n:,} rows × {len(encoding.columns)} columns, {encoding.n_features_out} numbers a row, "
        + ("in memory" if in_memory else "read block by block")
    )
    if not in_memory:
        return (table,)
    labels = target_of(model, Learned(classes=model.classes), table, False)
    X = np.empty((n, encoding.n_features_out), model.dtype)
    y = np.empty(n, labels.dtype if model.classes else np.float64)  # numbers are scaled before they are rounded
    w = None if table.weight_name is None else np.empty(n)
    for block in table.blocks():
        part = slice(block.first_row, block.first_row + len(block))
        with located(block.place):
            encoding.encode(block.X, X[part])
            y[part] = labels.encode(block.y, len(block), block.first_row)
            if w is not None:
                w[part] = as_weights(block.w, len(block), some=False)
    return Encoded(X), y, w


def print_scores(model: Model, rows: Any, options: Namespace) -> None:
    """Print the time of training, where the model is, and the scores of the validation rows."""
    seconds = sum(record["seconds"] for record in model.history)
    trained = sum(record["rows_per_second"] * record["seconds"] for record in model.history)
    speed = f" in {seconds:.2f} s ({trained / seconds:,.0f} rows/s)" if seconds else ""
    print(f"trained {len(model.history)} epochs{speed}; saved to {options.save}")
    if options.validation_fraction > 0:
        validation = parts_of(model, rows, None, options.validation_fraction)[1]
        assert validation is not None
        found = scores(model.network, rows, validation.order, model.target_scaling)
        print(f"validation: {found}, {validation.order.size:,} rows")
