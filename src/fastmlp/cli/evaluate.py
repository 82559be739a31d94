"""``fastmlp evaluate``: print how good a model is on a table."""

import time
from argparse import Namespace

from ..plot import require_matplotlib
from .output_paths import check_outputs
from .report import report_on_table
from .saved_model import loaded, model_table
from .target import spelled


def evaluate(options: Namespace) -> int:
    """Print the scores of a model on a table."""
    check_outputs({"--report": options.report}, {"model": options.model, "data": options.data})
    if options.report:
        require_matplotlib()
    model = loaded(options)
    target = options.target or model.target_name
    if target is None:
        raise ValueError("the model file has no target column; give --target COLUMN")
    table = model_table(model, options, target)
    table = spelled(table) if model.loss.numeric else table
    begin = time.perf_counter()
    found = model.scores(table)
    seconds = time.perf_counter() - begin
    print(f"{found}, {found.rows:,} rows, {found.rows / seconds:,.0f} rows/s")
    if options.report:
        report_on_table(model.model, table, options)
    return 0
