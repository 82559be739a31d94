"""A model file and the table that it is used on."""

from argparse import Namespace

from ..model import Model
from ..rows.streams.files import open_table
from ..rows.streams.table import Table
from .csv_options import csv_options


def loaded(options: Namespace) -> Model:
    """Load the model; raise ValueError where a row has several targets, as a table has one."""
    model = Model.load(options.model, n_threads=options.threads)
    if model.network.plan.loss.targets(model.widths[-1]) > 1:
        raise ValueError(
            f"{options.model}: the model has {model.widths[-1]} targets for each row, but a table has one target; "
            "load it by fastmlp.Model.load"
        )
    return model


def model_table(model: Model, options: Namespace, target: str | None = None) -> Table:
    """Open a table with the columns that the model was trained on, in its order; ignore others."""
    names = model.feature_names if model.encoding is None else list(model.encoding.columns)
    weight = getattr(options, "weight", None)  # predict has no such option
    return open_table(options.data, target, csv_options(options), weight=weight, columns=names)
