"""The columns of a table among the inputs of a graph: an input for each column, or one for all of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

from ..messages import listed
from ..tables.columns.category_code import CategoryCode
from ..tables.columns.category_column import CategoryColumn
from ..tables.columns.description import AnyColumn
from ..tables.columns.number_column import NumberColumn
from ..tables.columns.scaled_number import ScaledNumber
from .graph import Graph

MISSING_TEXTS = ("None", "nan", "<NA>")


class GraphColumn(NamedTuple):
    """An input of the graph and the place of a table's column in it; None if the input is the column."""

    variable: Any
    place: int | None

    @property
    def is_text(self) -> bool:
        return isinstance(self.variable.type, StringTensorType)

    @property
    def is_float(self) -> bool:
        return isinstance(self.variable.type, (FloatTensorType, DoubleTensorType))

    def value(self, graph: Graph) -> str:
        """Return the name of the column's values (n, 1)."""
        name = str(self.variable.full_name)
        if self.place is None:
            return name
        return graph.node("Gather", name, graph.constant([self.place], TensorProto.INT64), axis=1)


def columns_of(
    owner: str, needed: Sequence[str], names: Sequence[str], named: bool, inputs: Sequence[Any]
) -> list[GraphColumn]:
    """Return the columns of a table that are needed, found by name, or else by their places.

    Parameters
    ----------
    owner : the class of the estimator, for messages
    needed, names : names of these columns, and of all columns of the table that was learned
    named : whether that table had names

    Raises
    ------
    ValueError : the inputs are not these columns
    """
    by_name = {variable.raw_name: variable for variable in inputs}
    widths = [width(variable, len(names) if len(inputs) == 1 else 1) for variable in inputs]
    if named and set(needed) <= set(by_name) and set(widths) == {1}:
        return [GraphColumn(by_name[name], None) for name in needed]
    if (named and len(inputs) > 1) or sum(widths) != len(names):
        missing = [name for name in needed if name not in by_name]
        raise ValueError(
            f"{owner}: no input of the graph for the column(s) {listed(missing)}; the inputs are "
            f"{listed(by_name)}. Give to_onnx a frame with the columns of fit, or initial_types with "
            "one input (n, 1) for each of them"
        )
    columns = [
        GraphColumn(variable, place if wide > 1 else None)
        for variable, wide in zip(inputs, widths, strict=True)
        for place in range(wide)
    ]
    at = dict(zip(names, columns, strict=True))
    return [at[name] for name in needed]


def width(variable: Any, unknown: int) -> int:
    """Return the number of columns of an input, or `unknown` if it does not say."""
    shape = variable.type.shape or []
    return int(shape[1]) if len(shape) > 1 and shape[1] else unknown


def check_kind(owner: str, part: AnyColumn, column: GraphColumn) -> None:
    """Raise ValueError for text where numbers were learned, and for numbers where text was learned.

    Raises
    ------
    NotImplementedError : the column holds dates or lengths of time
    """
    numbers = isinstance(part, NumberColumn | ScaledNumber)
    if not (numbers or isinstance(part, CategoryColumn | CategoryCode)) or getattr(part, "seconds", False):
        raise NotImplementedError(
            f"{owner}: column {part.name!r} was learned as {part.learned}, which ONNX cannot read; "
            "fit without it, or on numbers made of it"
        )
    text = not numbers and part.value_type == "string"  # type: ignore[union-attr]
    if text != column.is_text and (numbers or part.categories):  # type: ignore[union-attr]
        kind = type(column.variable.type).__name__
        spelled = ", and ONNX reads no numbers from text" if getattr(part, "text", False) else ""
        raise ValueError(
            f"{owner}: the input of column {part.name!r} is a {kind}, but it was learned as "
            f"{part.learned}{spelled}; give to_onnx a {'StringTensorType' if text else 'tensor of numbers'} for it"
        )
