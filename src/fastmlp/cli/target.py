"""What a table's target is, by its values."""

from typing import Any

from ..messages import few, shown
from ..rows.streams.table import Table
from ..rows.survey import classes_of

FEW_VALUES = 20  # whole numbers with more values are quantities


def target_classes(table: Table) -> list[Any]:
    """Return the values of the target in ascending order, if they are classes."""
    values, name = classes_of(table), shown(table.target_name)
    if len(values) < 2:
        raise ValueError(f"target {name} has one value only ({few(values)}); two or more are required")
    numbers = type(values[0]) in (int, float)
    if numbers and len(values) > 2 and (len(values) > FEW_VALUES or any(value % 1 for value in values)):
        raise ValueError(f"target {name} holds numbers ({few(values)}); the command line knows classes only")
    return values
