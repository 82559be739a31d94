"""The options of ``fastmlp train``: data, network, training and output."""

from argparse import ArgumentParser

from .. import optimizers
from ..activations import ACTIVATIONS
from ..arguments import MIXED
from ..losses import NAMES
from .column_options import add_column_options
from .common_options import add_report, add_table, add_target, add_threads
from .csv_options import add_csv_options
from .option_types import LEAST_RATE, OfNetwork, integer, levels, real, widths


def add_train_options(parser: ArgumentParser) -> None:
    """Add the table and all options, in groups."""
    parser.set_defaults(of_network=())
    add_table(parser)
    add_data_options(parser)
    add_column_options(parser)
    add_csv_options(parser)
    add_training_options(parser)
    add_network_options(parser)
    add_output_options(parser)


def add_data_options(parser: ArgumentParser) -> None:
    """Add what the table's columns are for, and how the table is read."""
    group = parser.add_argument_group("data")
    add_target(group, "column to predict: classes or numbers, see --loss", required=True)
    group.add_argument(
        "--window-rows", type=integer(1), metavar="N",
        help="read the table block by block and shuffle within windows of N rows; default: keep all rows in "
        "memory if they take little of it, which shuffles them in another order",
    )  # fmt: skip


def add_training_options(parser: ArgumentParser) -> None:
    """Add what is trained, for what, and for how long."""
    group = parser.add_argument_group("training")
    group.add_argument(
        "--loss", choices=NAMES, metavar="NAME",
        help="what training makes small: log_loss for classes; squared_error, poisson (counts and rates), quantile or "
        "huber for numbers; default: text, booleans, two values, and at most 20 whole numbers with 10 rows each are "
        "classes, other numbers have squared_error",
    )  # fmt: skip
    group.add_argument(
        "--quantile", type=levels, metavar="LEVEL,…",
        help="levels of quantiles to predict, such as 0.1,0.5,0.9, with --loss quantile, which it implies; default: "
        "0.5, the median",
    )  # fmt: skip
    group.add_argument(
        "--delta", type=real(LEAST_RATE), metavar="DELTA",
        help="for --loss huber, which it implies: beyond this number of standard deviations of the target, errors "
        "count linearly, not squared; default: 1.0",
    )  # fmt: skip
    group.add_argument(
        "--time-limit", type=real(0), metavar="SECONDS",
        help="train what fits into this time, reading included, compilation not; default: by number of rows",
    )  # fmt: skip
    group.add_argument(
        "--members", type=integer(1), metavar="N", help="number of nets that are averaged; default: by number of rows"
    )
    group.add_argument(
        "--plain", action="store_true", help="train one bare network, whose options follow, on a plain encoding"
    )
    group.add_argument(
        "--seed", type=integer(0), default=0, metavar="N",
        help="seed of initial weights, validation rows and order of rows; default: %(default)s",
    )  # fmt: skip
    add_threads(group)


def add_network_options(parser: ArgumentParser) -> None:
    """Add the settings of a bare network, and of its training."""
    group = parser.add_argument_group("bare network", "Each option but --validation-fraction implies --plain.")
    group.add_argument(
        "--hidden", action=OfNetwork, type=widths, default="256,256", metavar="P,P,…",
        help="widths of the hidden layers; '' for none (a linear model); default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--activation", action=OfNetwork, default="relu", choices=list(ACTIVATIONS), metavar="NAME",
        help=f"activation function of the hidden layers: {', '.join(ACTIVATIONS)}; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--dtype", action=OfNetwork, default="float32", choices=["float32", "float64", MIXED],
        help=f"floating-point type of the computation; {MIXED} multiplies rounded numbers, which is faster for wide "
        "layers, on CPUs with AMX or AVX512-BF16 only; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--scaling", action=OfNetwork, default="standard", choices=["standard", "robust", "none"],
        help="scale numbers by mean and standard deviation, by median and IQR, or not at all; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--max-categories", action=OfNetwork, type=integer(1), default=128, metavar="K",
        help="maximum number of categories of a column; rarer ones share one; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--epochs", action=OfNetwork, type=integer(0), default=10, metavar="N",
        help="passes over the rows; 0 for an untrained model; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--validation-fraction", action=OfNetwork, type=real(0, 1, without_most=True), default=0.2, metavar="PART",
        help="part of the rows that is kept for validation; 0 for none; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--early-stopping", action=OfNetwork, nargs=0, const=True, default=False,
        help="stop when the validation loss no longer falls",
    )  # fmt: skip
    group.add_argument(
        "--batch-size", action=OfNetwork, type=integer(0), default=1024, metavar="N",
        help="rows per step; 0 for all rows; default: %(default)s",
    )  # fmt: skip
    group.add_argument(
        "--optimizer", action=OfNetwork, default="adam", choices=list(optimizers.OPTIMIZERS),
        help="optimizer; default: %(default)s",
    )  # fmt: skip
    rates = ", ".join(f"{kind.learning_rate:g} for {name}" for name, kind in optimizers.OPTIMIZERS.items())
    group.add_argument(
        "--learning-rate", action=OfNetwork, type=real(LEAST_RATE), metavar="RATE",
        help=f"size of a step; default: {rates}",
    )  # fmt: skip
    group.add_argument(
        "--l2", action=OfNetwork, type=real(0), default=0.0, metavar="L2",
        help="add L2/2 ‖W‖² to the mean loss; default: %(default)s",
    )  # fmt: skip


def add_output_options(parser: ArgumentParser) -> None:
    """Add the files that are written, and what is shown."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--save", default="model.fastmlp", metavar="MODEL",
        help="file for the trained model, which replaces an older one; default: %(default)s",
    )  # fmt: skip
    group.add_argument("--plot", metavar="FILE.png", help="file for a plot of the learning curve")
    add_report(group, "the rows that were kept from training")
    group.add_argument(
        "--checkpoint", metavar="FILE", help="file for the state of training, from which --resume goes on"
    )
    group.add_argument(
        "--checkpoint-every", type=real(0), default=60.0, metavar="SECONDS",
        help="least time between two checkpoints; default: %(default)s",
    )  # fmt: skip
    group.add_argument("--resume", action="store_true", help="go on from the checkpoint if there is one")
    group.add_argument("--quiet", action="store_true", help="show no progress bar")
