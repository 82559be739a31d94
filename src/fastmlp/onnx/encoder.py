"""Convert `TableEncoder` to ONNX, by a converter for skl2onnx, with an input for each column, or one for all of them.

Like `TableEncoder`, the graph computes in float64 and rounds to the encoder's dtype at the end. A missing number is
NaN. ONNX has no missing strings: they are the strings that onnxruntime makes of None, NaN and pandas' NA, unless one of
these is a category. Values that `transform` refuses, such as inf, are not refused by a graph.
"""

from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

from ..messages import listed
from ..tables.columns.category_column import CategoryColumn
from ..tables.columns.description import AnyColumn
from ..tables.columns.number_column import NumberColumn
from ..tables.table_encoder import TableEncoder
from .graph import ML, Graph

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


def columns_of(operator: Any) -> list[GraphColumn]:
    """Return the columns of the table in the encoder's order, found by name, or else by their places.

    Raises
    ------
    ValueError : the inputs are not these columns
    """
    encoder, inputs = operator.raw_operator, operator.inputs
    names = encoder.encoding_.columns
    by_name = {variable.raw_name: variable for variable in inputs}
    widths = [width(variable, len(names) if len(inputs) == 1 else 1) for variable in inputs]
    if hasattr(encoder, "feature_names_in_") and set(names) <= set(by_name) and set(widths) == {1}:
        return [GraphColumn(by_name[name], None) for name in names]
    named = hasattr(encoder, "feature_names_in_") and len(inputs) > 1
    if named or sum(widths) != len(names):
        missing = [name for name in names if name not in by_name]
        raise ValueError(
            f"TableEncoder: no input of the graph for the column(s) {listed(missing)}; the inputs are "
            f"{listed(by_name)}. Give to_onnx a frame with the columns of fit, or initial_types with "
            "one input (n, 1) for each of them"
        )
    return [
        GraphColumn(variable, place if columns > 1 else None)
        for variable, columns in zip(inputs, widths, strict=True)
        for place in range(columns)
    ]


def width(variable: Any, unknown: int) -> int:
    """Return the number of columns of an input, or `unknown` if it does not say."""
    shape = variable.type.shape or []
    return int(shape[1]) if len(shape) > 1 and shape[1] else unknown


def set_output_types(operator: Any) -> None:
    """Set type and shape of the output; this is skl2onnx's shape calculator."""
    encoder = operator.raw_operator
    for part, column in zip(encoder.encoding_.parts, columns_of(operator), strict=True):
        check_kind(part, column)
    kind = DoubleTensorType if encoder.dtype == "float64" else FloatTensorType
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].set_type(kind([n, encoder.encoding_.n_features_out]))


def check_kind(part: AnyColumn, column: GraphColumn) -> None:
    """Raise ValueError for text where numbers were learned, and for numbers where text was learned."""
    if not isinstance(part, NumberColumn | CategoryColumn):
        raise NotImplementedError(f"column {part.name!r} ({part.kind}) cannot be converted to ONNX yet")
    text = isinstance(part, CategoryColumn) and part.value_type == "string"
    if text != column.is_text and (isinstance(part, NumberColumn) or part.categories):
        kind = type(column.variable.type).__name__
        spelled = ", and ONNX reads no numbers from text" if isinstance(part, NumberColumn) and part.text else ""
        raise ValueError(
            f"TableEncoder: the input of column {part.name!r} is a {kind}, but it was learned as "
            f"{part.learned}{spelled}; give to_onnx a {'StringTensorType' if text else 'tensor of numbers'} for it"
        )


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an encoder; this is skl2onnx's converter."""
    encoder = operator.raw_operator
    graph = Graph(scope, container, np.float64)
    to = TensorProto.DOUBLE if encoder.dtype == "float64" else TensorProto.FLOAT
    blocks: list[str] = []
    for part, column in zip(encoder.encoding_.parts, columns_of(operator), strict=True):
        x = column.variable.full_name
        if column.place is not None:
            x = graph.node("Gather", x, graph.constant([column.place], TensorProto.INT64), axis=1)
        if isinstance(part, NumberColumn):
            blocks += number(graph, part, x)
        elif not isinstance(part, CategoryColumn):
            raise NotImplementedError(part.kind)
        elif column.is_text:
            blocks += text(graph, part, x)
        else:
            blocks += category(graph, part, x, column.is_float)
    graph.node("Cast", graph.node("Concat", *blocks, axis=1), output=operator.outputs[0].full_name, to=to)


def number(graph: Graph, part: NumberColumn, x: str) -> list[str]:
    """Return (x - shift) factor, and whether x is missing, each (n, 1), as `NumberColumn` computes them."""
    x = graph.node("Cast", x, to=graph.type)
    missing = graph.node("IsNaN", x)
    Z = graph.node("Where", missing, part.fill - part.shift, graph.node("Sub", x, part.shift))
    Z = graph.node("Mul", Z, part.factor)
    return [Z, graph.node("Cast", missing, to=graph.type)] if part.indicator else [Z]


def category(graph: Graph, part: CategoryColumn, x: str, floats: bool) -> list[str]:
    """Return columns of 0 and 1 for the categories, for other and for missing values; x has numbers or booleans."""
    missing = graph.node("Cast", graph.node("IsNaN", graph.node("Cast", x, to=graph.type)), to=graph.type)
    found, known = [], graph.node("Mul", missing, 0.0)  # known: whether x is a category
    if part.categories:
        as_float = floats or part.value_type == "float"
        type = TensorProto.DOUBLE if as_float else TensorProto.INT64
        values = graph.constant(np.array([part.categories], np.float64 if as_float else np.int64), type)
        found = [graph.node("Cast", graph.node("Equal", graph.node("Cast", x, to=type), values), to=graph.type)]
        known = graph.node("MatMul", found[0], np.ones((len(part.categories), 1)))
    rest = [missing] if part.missing else []
    if part.other:
        rest.insert(0, graph.node("Sub", graph.node("Sub", 1.0, known), missing if part.missing else 0.0))
    return found + rest


def text(graph: Graph, part: CategoryColumn, x: str) -> list[str]:
    """Return the columns of `category` for strings, by looking up the number of each string's column."""
    if part.n_features_out == 0:
        return []
    places = {value: place for place, value in enumerate(part.categories)}
    if part.missing:
        places = dict.fromkeys(MISSING_TEXTS, part.n_features_out - 1) | places
    unknown = len(part.categories) if part.other else -1
    places = places or {"": unknown}  # the operator needs a key
    place = graph.node(
        "LabelEncoder", x, keys_strings=list(places), values_int64s=list(places.values()), default_int64=unknown, **ML
    )
    columns = graph.constant(np.arange(part.n_features_out)[np.newaxis], TensorProto.INT64)
    return [graph.node("Cast", graph.node("Equal", place, columns), to=graph.type)]


update_registered_converter(TableEncoder, "FastmlpTableEncoder", set_output_types, convert)
