"""What is known of the target for each category, as nodes of a graph: keys in int64, looked up among known ones."""

from collections.abc import Sequence

from onnx import TensorProto

from ..tabular.members.category_statistics import CategoryStatistics
from .graph import Graph
from .table import integer, joined, looked_up


def appended(graph: Graph, matrix: str, places: Sequence[int], statistics: CategoryStatistics) -> tuple[str, list[int]]:
    """Return a matrix (n, q) with the statistics of its codes behind its own columns, and the place of each column.

    Parameters
    ----------
    graph : of the dtype of the matrix
    matrix, places : as `table.matrix` returns them
    statistics : of columns that stand at these places
    """
    numbers = {column: code(graph, matrix, places[column]) for part in statistics.parts for column in part.columns}
    blocks = [matrix]
    for part in statistics.parts:
        key = numbers[part.columns[0]]
        if len(part.columns) == 2:
            multiple = graph.node("Mul", key, integer(graph, part.radix))
            key = graph.node("Add", multiple, numbers[part.columns[1]])
        k = len(part.keys)
        row = looked_up(graph, key, "keys_int64s", dict(zip(part.keys.tolist(), range(k), strict=True)), k)
        blocks.append(graph.node("Gather", part.values, row, axis=0))
    n = len(places)
    return joined(graph, blocks), [*places, *range(n, n + statistics.n_columns)]


def code(graph: Graph, matrix: str, place: int) -> str:
    """Return a column of codes as integers (n)."""
    column = graph.node("Gather", matrix, graph.constant(place, TensorProto.INT64), axis=1)
    return graph.node("Cast", column, to=TensorProto.INT64)
