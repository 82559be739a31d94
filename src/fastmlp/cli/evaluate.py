"""``fastmlp evaluate``: print how good a model is on a table."""

import time
from argparse import Namespace

from ..training.inputs import rows_of
from ..training.scores import scores
from .saved_model import loaded, model_table
from .target import spelled


def evaluate(options: Namespace) -> int:
    """Print the scores of a model on a table."""
    model = loaded(options)
    target = options.target or model.target_name
    if target is None:
        raise ValueError("the model file has no target column; give --target COLUMN")
    table = model_table(model, options, target)
    numeric = model.network.plan.loss.numeric
    rows = rows_of(model, spelled(table) if numeric else table, labelled=True)
    begin = time.perf_counter()
    found = scores(model.network, rows, rows.order(), model.target_scaling)
    seconds = time.perf_counter() - begin
    print(f"{found}, {found.rows:,} rows, {found.rows / seconds:,.0f} rows/s")
    return 0
