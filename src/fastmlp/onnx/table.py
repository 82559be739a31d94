"""A table as nodes of a graph, by what was learned of its columns: scaled numbers, and codes of categories."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from ..tables.columns.category_code import CategoryCode
from ..tables.columns.description import AnyColumn
from ..tables.columns.scaled_number import ScaledNumber
from .columns import MISSING_TEXTS, GraphColumn
from .graph import ML, Graph


def matrix(
    wide: Graph, graph: Graph, parts: Sequence[AnyColumn], columns: Sequence[GraphColumn]
) -> tuple[str, list[int]]:
    """Return what the columns become, a matrix (n, q), and the column of each part in it: numbers stand first.

    Parameters
    ----------
    wide, graph : the same graph for float64, in which a table is read, and for the dtype of the matrix
    parts : how each column is read
    columns : among the inputs of the graph
    """
    numbers = [k for k, part in enumerate(parts) if isinstance(part, ScaledNumber)]
    codes = [k for k in range(len(parts)) if k not in numbers]
    blocks = []
    if numbers:
        x = joined(wide, [wide.node("Cast", columns[k].value(wide), to=wide.type) for k in numbers])
        shifts, factors = (np.array([[getattr(parts[k], name) for k in numbers]]) for name in ("shift", "factor"))
        blocks.append(graph.node("Cast", wide.node("Mul", wide.node("Sub", x, shifts), factors), to=graph.type))
    if codes:
        found = [code(wide, parts[k], columns[k]) for k in codes]
        blocks.append(graph.node("Cast", joined(wide, found), to=graph.type))
    at = {k: place for place, k in enumerate([*numbers, *codes])}
    return joined(graph, blocks), [at[k] for k in range(len(parts))]


def joined(graph: Graph, blocks: Sequence[str]) -> str:
    """Return columns side by side."""
    return blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)


def code(graph: Graph, part: AnyColumn, column: GraphColumn) -> str:
    """Return the codes (n, 1) of a column of categories, as integers."""
    assert isinstance(part, CategoryCode)
    x = column.value(graph)
    missing, other = len(part.categories), len(part.categories) + 1
    if column.is_text:
        places = dict.fromkeys(MISSING_TEXTS, missing) | {value: k for k, value in enumerate(part.categories)}
        return looked_up(graph, x, "keys_strings", places, other)
    lacks = None
    if column.is_float:
        x = graph.node("Cast", x, to=graph.type)
        lacks = graph.node("IsNaN", x)
        x = graph.node("Where", lacks, 0.0, x)
    if all(float(value).is_integer() for value in part.categories):
        found = whole(graph, part, x, column.is_float)
    else:
        equal = graph.node("Equal", graph.node("Cast", x, to=graph.type), np.array([part.categories], np.float64))
        # One of them is 1, whose place stands for it, or none.
        places_below_other = np.arange(missing)[:, np.newaxis] - float(other)
        sums = graph.node("MatMul", graph.node("Cast", equal, to=graph.type), places_below_other)
        found = graph.node("Cast", graph.node("Add", sums, float(other)), to=TensorProto.INT64)
    return found if lacks is None else graph.node("Where", lacks, integer(graph, missing), found)


def whole(graph: Graph, part: CategoryCode, x: str, is_float: bool) -> str:
    """Return the codes of numbers or booleans x, if all categories are whole."""
    other = len(part.categories) + 1
    number = graph.node("Cast", x, to=TensorProto.INT64)
    places = {int(value): k for k, value in enumerate(part.categories)}
    found = looked_up(graph, number, "keys_int64s", places, other)
    if not is_float:
        return found
    same = graph.node("Equal", graph.node("Cast", number, to=graph.type), x)
    return graph.node("Where", same, found, integer(graph, other))


def looked_up(graph: Graph, x: str, keys: str, places: dict, other: int) -> str:
    """Return the place of each value, or `other`."""
    places = places or {0: other}  # the operator needs a key
    attributes: dict[str, Any] = {keys: list(places), "values_int64s": list(places.values()), "default_int64": other}
    return graph.node("LabelEncoder", x, **attributes, **ML)


def integer(graph: Graph, value: int) -> str:
    """Return a constant of one integer."""
    return graph.constant([value], TensorProto.INT64)
