"""``fastmlp train`` by default: several nets on different encodings of the table, averaged."""

import sys
import time
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..exceptions import ColumnWarning
from ..messages import shown
from ..plot.recorded import mean_history
from ..rows.streams.table import Table
from ..tables.columns.category_code import CategoryCode
from ..tables.columns.date_parts import DateParts
from ..tables.columns.scaled_number import ScaledNumber
from ..tables.findings import quoted
from ..tables.table_reader import TableReading
from ..tabular.classifier import TabularClassifier
from ..tabular.held_out import held_rows
from ..tabular.members.fit import INTERRUPTED
from ..tabular.members.member import Member
from ..tabular.members.recipe import Recipe
from ..tabular.regressor import TabularRegressor
from .learning_curve import learning_curve
from .report import report_on_held_rows
from .target import LOSS_WORDS, Target, spelled

KINDS: dict[str, type] = {"numbers": ScaledNumber, "categories": CategoryCode, "dates": DateParts}  # of columns


class Told:
    """An estimator that prints what was decided before its nets are trained."""

    reading_: TableReading
    time_limit: float | None
    held_rows: list[tuple[list[int], np.ndarray]]

    def _begin(self, recipe: Recipe, n: int) -> None:
        print(
            "\n".join([*about_columns(self.reading_), about_nets(recipe, n, self.time_limit is not None)]), flush=True
        )

    def _end(self, members: Sequence[Member]) -> None:
        self.held_rows = held_rows(members)


class ToldClassifier(Told, TabularClassifier):
    """A `TabularClassifier` that tells what it does."""


class ToldRegressor(Told, TabularRegressor):
    """A `TabularRegressor` that tells what it does."""


def train_nets(table: Table, target: Target, options: Namespace) -> int:
    """Train an estimator, save it, and print its scores over rows that were kept from training."""
    estimator = estimator_for(target, options)
    begin = time.perf_counter()
    with watched() as interrupts:
        estimator.fit(
            table if target.classes else spelled(table),
            checkpoint=options.checkpoint, checkpoint_every=options.checkpoint_every, resume=options.resume,
        )  # fmt: skip
    seconds = time.perf_counter() - begin
    estimator.save(options.save)
    if interrupts:
        resume = f"; go on with --resume and {options.checkpoint}" if options.checkpoint else ""
        print(f"fastmlp: interrupted; the model as it is was saved to {options.save}{resume}", file=sys.stderr)
        return 130
    if options.plot:
        units = " of the standardised target" if estimator.models_[0].target_scaling else ""
        words = LOSS_WORDS[target.loss.name] + units
        learning_curve(mean_history(estimator.models_, estimator.recipe_.epochs), options.plot, f"{words}, all nets")
    print(f"trained {counted(len(estimator.models_))} in {seconds:.2f} s in all; saved to {options.save}")
    found = estimator.validation_scores_
    if found is None:
        print("validation: none, as so few rows are all trained on")
    else:
        print(f"validation: {found}, {found.rows:,} rows, each by the nets that were not trained on it")
    if options.report:
        report_on_held_rows(estimator, table if target.classes else spelled(table), estimator.held_rows, options)
    return 0


def estimator_for(target: Target, options: Namespace) -> ToldClassifier | ToldRegressor:
    """Return the estimator that the options mean."""
    common: dict[str, Any] = {
        "n_members": options.members, "categories": options.categories or (), "time_limit": options.time_limit,
        "numbers": [name for name in options.numbers or () if name != options.target],
        "random_state": options.seed, "n_threads": options.threads, "verbose": 0 if options.quiet else "bar",
    }  # fmt: skip
    return ToldClassifier(**common) if target.classes else ToldRegressor(**common, **target.loss.arguments())


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list that is filled where a fit in the block is interrupted; `about_columns` tells of columns."""
    interrupts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnWarning)
        warnings.filterwarnings("always", INTERRUPTED)
        before = warnings.showwarning

        def show(message: Any, *rest: Any, **named: Any) -> None:
            if str(message) == INTERRUPTED:
                interrupts.append(INTERRUPTED)
            else:
                before(message, *rest, **named)

        warnings.showwarning = show
        yield interrupts


def about_columns(reading: TableReading) -> Iterator[str]:
    """Yield lines that tell how columns are read, and which are left out, and why."""
    parts = reading.encoding.parts
    numbers = {kind: sum(isinstance(part, description) for part in parts) for kind, description in KINDS.items()}
    used = ", ".join(f"{number} of {kind}" for kind, number in numbers.items() if number)
    yield f"{reading.n_rows:,} rows × {len(parts)} columns: {used}"
    for name, reason in reading.left_out.items():
        kept = f"; --categories {quoted(name)} keeps it" if "different values" in reason else ""
        yield f"column {shown(name)} is left out, as it {reason}{kept}"
    told = tuple(f"column {shown(name)} was left out: " for name in reading.left_out)
    yield from (note for note in reading.notes if not note.startswith(told))


def about_nets(recipe: Recipe, n: int, limited: bool) -> str:
    """Return a line that tells what is trained on n rows; limited: the seconds that there are have decided."""
    of_encoding = Counter(recipe.encodings[k % len(recipe.encodings)] for k in range(recipe.n_members))
    encodings = ", ".join(f"{number} {name}" for name, number in of_encoding.items())
    nets = f"{counted(recipe.n_members)} ({encodings}) of {recipe.depth} × {recipe.width} hidden units"
    why = ", as --time-limit allows" if limited else ""
    return f"training {nets}, {recipe.epochs:.3g} epochs of {n:,} rows{why}"


def counted(n: int) -> str:
    """Return how many nets there are."""
    return "1 net" if n == 1 else f"{n} nets"
