"""Convert `TableEncoder` to ONNX, by a converter for skl2onnx, with an input for each column, or one for all of them.

Like `TableEncoder`, the graph computes in float64 and rounds to the encoder's dtype at the end. A missing number is
NaN. ONNX has no missing strings: they are the strings that onnxruntime makes of None, NaN and pandas' NA, unless one of
these is a category. Values that `transform` refuses, such as inf, are not refused by a graph.
"""

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from ..tables.columns.category_column import CategoryColumn
from ..tables.columns.number_column import NumberColumn
from ..tables.table_encoder import TableEncoder
from .columns import MISSING_TEXTS, GraphColumn, check_kind, columns_of
from .graph import ML, Graph


def inputs_of(operator: Any) -> list[GraphColumn]:
    """Return the columns of the table in the encoder's order."""
    encoder = operator.raw_operator
    names = encoder.encoding_.columns
    return columns_of("TableEncoder", names, names, hasattr(encoder, "feature_names_in_"), operator.inputs)


def set_output_types(operator: Any) -> None:
    """Set type and shape of the output; this is skl2onnx's shape calculator."""
    encoder = operator.raw_operator
    for part, column in zip(encoder.encoding_.parts, inputs_of(operator), strict=True):
        check_kind("TableEncoder", part, column)
    kind = DoubleTensorType if encoder.dtype == "float64" else FloatTensorType
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].set_type(kind([n, encoder.encoding_.n_features_out]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an encoder; this is skl2onnx's converter."""
    encoder = operator.raw_operator
    graph = Graph(scope, container, np.float64)
    to = TensorProto.DOUBLE if encoder.dtype == "float64" else TensorProto.FLOAT
    blocks: list[str] = []
    for part, column in zip(encoder.encoding_.parts, inputs_of(operator), strict=True):
        x = column.value(graph)
        if isinstance(part, NumberColumn):
            blocks += number(graph, part, x)
        elif not isinstance(part, CategoryColumn):
            raise NotImplementedError(f"column {part.name!r} ({part.kind}) cannot be converted to ONNX by itself")
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
