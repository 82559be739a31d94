"""What a table's target is, classes or numbers: as the options say, or by its values."""

from argparse import Namespace
from typing import Any, NamedTuple

import numpy as np

from ..arguments import checked_dtype
from ..losses import SQUARED_ERROR, Loss, loss_of
from ..messages import few, shown
from ..rows.columns import TEXT, spelled_numbers, value_type
from ..rows.given_labels import ascending, distinct
from ..rows.labels import TargetNumbers
from ..rows.streams.stream import located
from ..rows.streams.table import Table
from ..rows.survey import classes_of

FEW_VALUES = 20  # the most values of whole numbers that are classes
REPEATS = 10  # the least rows for each of them, on average
SHOWN = 5
LOSS_WORDS = {
    "log_loss": "log loss", "squared_error": "squared error", "poisson": "Poisson deviance",
    "quantile": "pinball loss", "huber": "Huber's loss",
}  # fmt: skip


class Target(NamedTuple):
    """What a net is to be trained for.

    Attributes
    ----------
    loss, outputs : of the net
    classes : values of the target, in ascending order; None: they are numbers
    text : what was decided, why, and which option decides otherwise
    """

    loss: Loss
    outputs: int
    classes: list[Any] | None
    text: str


def decided(table: Table, options: Namespace) -> Target:
    """Return what the target is; read all of its values, and check them.

    --loss, --quantile, --delta and --numbers decide. Without them, text, booleans and two values are classes, as are
    few whole numbers that repeat often; other numbers are numbers.

    Raises
    ------
    ValueError, TypeError : values are missing, not finite, all the same, or not as the loss takes them
    """
    name, asked = shown(table.target_name), asked_loss(options)
    if asked not in (None, "log_loss"):
        levels = options.quantile or [0.5]
        loss = loss_of(asked, len(levels) if asked == "quantile" else 1, None, levels, options.delta or 1.0)
        check_numbers(spelled(table), loss, options.dtype)
        at = f", quantile {', '.join(map(repr, levels))}" if asked == "quantile" else ""
        return Target(loss, loss.outputs(1), None, f"target {name}: regression by {LOSS_WORDS[asked]}{at}")
    is_text = target_type(table) in TEXT
    values = classes_of(table) if is_text or asked else few_values(table)
    if values is None:
        other = "--loss poisson for counts, --loss log_loss for classes"
        text = f"target {name}: regression by squared error, as it holds numbers ({other})"
        return Target(SQUARED_ERROR, 1, None, text)
    if len(values) < 2:
        raise ValueError(f"target {name} has one value only ({few(values)}); two or more are required")
    outputs = 1 if len(values) == 2 else len(values)
    more = ", …" if len(values) > SHOWN else ""
    text = f"target {name}: {len(values)} classes, {', '.join(map(shown, values[:SHOWN]))}{more}"
    return Target(loss_of("log_loss", outputs), outputs, values, text + ("" if asked else reason(values)))


def reason(values: list[Any]) -> str:
    """Return why values are classes, and how numbers that are none become numbers."""
    if isinstance(values[0], str):
        numbers = len(values) > FEW_VALUES and spell_numbers(values)
        return ", as it holds text, though of numbers (--loss squared_error for numbers)" if numbers else ""
    if isinstance(values[0], bool):
        return ""
    why = "two values" if len(values) == 2 else "few whole numbers"
    return f", as it has {why} (--loss squared_error for numbers, --loss poisson for counts)"


def spell_numbers(values: list[str]) -> bool:
    """Return whether each text spells a number."""
    import pyarrow

    return not spelled_numbers(pyarrow.array(values, pyarrow.large_string())).null_count


def asked_loss(options: Namespace) -> str | None:
    """Return the name of the loss that the options ask for, or None."""
    name: str | None = options.loss
    for option, value, owner in (("--quantile", options.quantile, "quantile"), ("--delta", options.delta, "huber")):
        if value is not None:
            if name not in (None, owner):
                raise ValueError(f"{option} belongs to --loss {owner}, but the loss is {name}; leave one of them out")
            name = owner
    return "squared_error" if name is None and options.target in (options.numbers or []) else name


def target_type(table: Table) -> str:
    """Return the name of the type of the target's values."""
    return str(value_type(table.schema.field(str(table.target_name)).type))


def spelled(table: Table) -> Table:
    """Return the table with its target, if it is text, read as text that spells numbers."""
    return table.with_text([], [str(table.target_name)]) if target_type(table) in TEXT else table


def check_numbers(table: Table, loss: Loss, dtype: str) -> None:
    """Raise ValueError unless there are rows, and all have a target that the loss takes."""
    of_target, _ = checked_dtype("float64" if loss.link == "identity" else dtype)  # of what is not standardised yet
    numbers, n = TargetNumbers(1, loss, of_target, None, str(table.target_name)), 0
    for block in table.numbered_labels():
        n += len(block)
        with located(block.place):
            numbers.encode(block.y, len(block), block.first_row)
    check_rows(table, n)


def few_values(table: Table) -> list[Any] | None:
    """Return the values of a target of numbers, if there are two, or few whole numbers that repeat often; else None."""
    name = str(table.target_name)
    numbers = TargetNumbers(1, SQUARED_ERROR, np.dtype(np.float64), None, name)  # not standardised yet
    found: set[Any] = set()
    many, n = target_type(table).startswith("decimal"), 0
    for block in table.numbered_labels():
        n += len(block)
        with located(block.place):
            numbers.encode(block.y, len(block), block.first_row)  # which refuses missing and infinite ones
            if not many:
                found |= distinct(block.y, name)
                many = len(found) > FEW_VALUES or (len(found) > 2 and any(value % 1 for value in found))
    check_rows(table, n)
    return ascending(found, name) if not many and (len(found) <= 2 or n >= REPEATS * len(found)) else None


def check_rows(table: Table, n: int) -> None:
    """Raise ValueError if there are no rows."""
    if n == 0:
        raise ValueError(f"{table.place or 'the table'} has 0 rows; at least 1 is required")
