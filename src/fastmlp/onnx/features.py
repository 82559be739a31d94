"""The features of nets as nodes of a graph: inputs of one kind are made of all columns at once, and shared by nets."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from onnx import TensorProto

from ..feature_parts import Bins, Clipped, FeaturePart, Missing, Number, OneHot, Values, Waves
from ..features import Features
from ..kernels.features.inputs import CLIP, MOST_TURNS
from .graph import Graph
from .table import joined

Parts = Sequence[FeaturePart]


class GraphFeatures:
    """The inputs of nets, made of a matrix (n, q) with NaN for missing numbers.

    Parameters
    ----------
    graph : of the dtype of the nets
    matrix : name of its values
    places : the column of the matrix of each column that features read
    """

    def __init__(self, graph: Graph, matrix: str, places: Sequence[int]) -> None:
        self.graph, self.matrix, self.places = graph, matrix, places
        missing = graph.node("IsNaN", matrix)
        self.present = graph.node("Where", missing, 0.0, matrix)
        self.missing = graph.node("Cast", missing, to=graph.type)
        self.there = graph.node("Sub", 1.0, self.missing)
        x = graph.node("Max", graph.node("Min", self.present, CLIP), -CLIP)
        third = graph.node("Div", x, 3.0)
        root = graph.node("Sqrt", graph.node("Add", graph.node("Mul", third, third), 1.0))
        self.clipped = graph.node("Div", x, root)
        self.made: dict[tuple[type[FeaturePart], Parts], str] = {}
        self.joined: dict[tuple[str, ...], str] = {}

    def inputs(self, features: Features) -> tuple[str, list[int]]:
        """Return inputs (n, p[0]) in an order of their own, and which of the features' inputs each of them is."""
        blocks, order = [], []
        firsts = np.cumsum([0, *(part.n_inputs for part in features.parts)])
        for kind, nodes in NODES.items():
            of_kind = [k for k, part in enumerate(features.parts) if type(part) is kind]
            if not of_kind:
                continue
            parts = tuple(features.parts[k] for k in of_kind)
            if (kind, parts) not in self.made:
                self.made[kind, parts] = nodes(self, parts)
            blocks.append(self.made[kind, parts])
            places = [np.arange(firsts[k], firsts[k + 1]) for k in of_kind]
            if kind is Waves:  # all cosines stand before all sines
                halves = [np.split(each, 2) for each in places]
                places = [half[k] for k in (0, 1) for half in halves]
            order += np.concatenate(places).tolist()
        if tuple(blocks) not in self.joined:
            self.joined[tuple(blocks)] = joined(self.graph, blocks)
        return self.joined[tuple(blocks)], order

    def columns(self, matrix: str, parts: Parts, counts: Sequence[int] | None = None) -> str:
        """Return the column of each part, as often as counts say: (n, Σ counts)."""
        at = np.repeat([self.places[part.column] for part in parts], 1 if counts is None else counts)
        return self.graph.node("Gather", matrix, self.graph.constant(at, TensorProto.INT64), axis=1)


def bins(made: GraphFeatures, parts: Sequence[Bins]) -> str:
    """(x - e) / width, from 0 to 1."""
    graph, counts = made.graph, [part.n_inputs for part in parts]
    known = [np.split(part.constants(np.dtype(graph.dtype)), 2) for part in parts]
    edges, slopes = (np.concatenate([each[k] for each in known])[np.newaxis] for k in (0, 1))
    u = graph.node("Mul", graph.node("Sub", made.columns(made.present, parts, counts), edges), slopes)
    u = graph.node("Min", graph.node("Max", u, 0.0), 1.0)
    return graph.node("Mul", u, made.columns(made.there, parts, counts))


def waves(made: GraphFeatures, parts: Sequence[Waves]) -> str:
    """cos 2πfc of all parts, then sin 2πfc."""
    graph, counts = made.graph, [part.size for part in parts]
    frequencies = np.concatenate([part.constants(np.dtype(graph.dtype)) for part in parts])[np.newaxis]
    turns = graph.node("Mul", made.columns(made.clipped, parts, counts), frequencies)
    turns = graph.node("Max", graph.node("Min", turns, MOST_TURNS), -MOST_TURNS)
    angle = graph.node("Mul", graph.node("Sub", turns, graph.node("Round", turns)), 2 * math.pi)
    there = made.columns(made.there, parts, counts)
    return joined(graph, [graph.node("Mul", graph.node(wave, angle), there) for wave in ("Cos", "Sin")])


def one_hot(made: GraphFeatures, parts: Sequence[OneHot]) -> str:
    """Whether x is the code."""
    graph = made.graph
    codes = np.concatenate([np.arange(part.n) for part in parts])[np.newaxis]
    equal = graph.node("Equal", made.columns(made.matrix, parts, [part.n for part in parts]), codes)
    return graph.node("Cast", equal, to=graph.type)


def values(made: GraphFeatures, parts: Sequence[Values]) -> str:
    """Look up the row of the code x, or zeros where x is none."""
    graph, blocks = made.graph, []
    for part in parts:
        x = made.columns(made.present, [part])
        within = graph.node("Max", graph.node("Min", x, float(part.size)), -1.0)  # rows -1 and n hold zeros
        number = graph.node("Cast", within, to=TensorProto.INT64)
        same = graph.node("Equal", graph.node("Cast", number, to=graph.type), within)
        there = graph.node("Cast", made.columns(made.there, [part]), to=TensorProto.BOOL)
        known = graph.node("And", same, there)
        row = graph.node("Where", known, number, graph.constant([part.size], TensorProto.INT64))
        table = np.append(np.array(part.values), np.zeros((1, part.n_inputs)), axis=0)
        flat = graph.node("Reshape", row, graph.constant([-1], TensorProto.INT64))
        blocks.append(graph.node("Gather", table, flat, axis=0))
    return joined(graph, blocks)


NODES: dict[type[FeaturePart], Callable[..., str]] = {
    Number: lambda made, parts: made.columns(made.present, parts),
    Clipped: lambda made, parts: made.columns(made.clipped, parts),
    Missing: lambda made, parts: made.columns(made.missing, parts),
    Waves: waves,
    Values: values,
    Bins: bins,
    OneHot: one_hot,
}
