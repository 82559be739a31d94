"""Write the page of ``--report``: of rows that were kept from training, or of a table."""

import shlex
from argparse import Namespace
from dataclasses import replace
from typing import Any

import numpy as np

from ..model import Model
from ..reporting import report_on
from ..reporting.contents import About
from ..reporting.of_tabular import all_nets, of_tabular
from ..reporting.reports import MAX_ROWS, subject_of
from ..reporting.rows import drawn, most_rows, rows_of_stream
from ..reporting.subject import Subject
from ..rows.rows import Rows
from ..rows.streamed import StreamedRows
from ..rows.streams.table import Table
from ..training.split import parts_of

HIDDEN = {"command", "typed", "of_network"}  # what the options hold that no user sets
OF_NETWORK = {  # options that only a bare network has
    "hidden", "activation", "dtype", "scaling", "max_categories", "epochs", "validation_fraction", "early_stopping",
    "batch_size", "optimizer", "learning_rate", "l2",
}  # fmt: skip
SEED = 0  # draws rows of a table to evaluate on


def report_on_table(model: Any, table: Table, options: Namespace) -> None:
    """Write a page about all rows of a table, or a sample of them."""
    subject = replace(subject_of(model), target_name=table.target_name)
    rows = subject.streamed(table)
    n = rows.survey().n_training
    write(subject, rows, places_drawn(subject, n, SEED), n, f"the rows of {options.data}", options, SEED)


def report_on_validation(model: Model, table: Table, rows: Rows, options: Namespace) -> None:
    """Write a page about the rows that validated a bare network."""
    part = parts_of(model, rows, None, options.validation_fraction)[1]
    assert part is not None
    if isinstance(rows, StreamedRows):
        found = rows.survey(options.validation_fraction, model.seed)
        index = np.flatnonzero(part.order.chosen(0, found.n_training + found.n_validation))
    else:
        index = part.order.rows(0, part.order.size)
    subject = subject_of(model)
    what = (
        f"rows of {options.data} that were kept from training, by --validation-fraction {options.validation_fraction:g}"
    )
    drawn_rows = index[places_drawn(subject, len(index), options.seed)]
    write(subject, subject.streamed(table), drawn_rows, len(index), what, options, options.seed)


def report_on_held_rows(
    estimator: Any, table: Table, held: list[tuple[list[int], np.ndarray]], options: Namespace
) -> None:
    """Write a page about the rows that nets were not trained on, each of which is predicted by those nets."""
    subject = of_tabular(estimator)
    if not held:
        write(subject, None, np.zeros(0, np.intp), 0, "so few rows are all trained on", options, options.seed)
        return
    index, nets = all_nets(held, len(estimator.models_))
    at = places_drawn(subject, len(index), options.seed)
    subject = of_tabular(estimator, nets[at])
    what = (
        f"rows of {options.data} that were kept from training, each predicted by the nets that were not trained on it"
    )
    write(subject, subject.streamed(table), index[at], len(index), what, options, options.seed)


def write(
    subject: Subject, rows: StreamedRows | None, index: np.ndarray, n_given: int, which_rows: str, options: Namespace,
    seed: int,
) -> None:  # fmt: skip
    """Write the page about the rows of a table with these numbers, drawn from n_given; rows: None where none are."""
    hidden = HIDDEN if subject.kind == "Model" else HIDDEN | OF_NETWORK
    settings = {
        f"--{name.replace('_', '-')}": value
        for name, value in vars(options).items()
        if name not in hidden and value is not None and value is not False
    }
    about = About(which_rows, shlex.join(["fastmlp", *options.typed]), settings, random_state=seed)
    scored = None if rows is None else rows_of_stream(subject, rows, index, n_given)
    report_on(subject, scored, about).save(options.report)
    print(f"report written to {options.report}")


def places_drawn(subject: Subject, n: int, seed: int) -> np.ndarray:
    """Return the places among n rows of those that a page is about: all, or a sample that the seed draws."""
    return drawn(n, most_rows(subject, MAX_ROWS), seed)
