"""The layers of an estimator's net as nodes of a graph, up to Z[L]: what classifier and regressor have in common.

Activations are made of operators that onnxruntime has for float64, too; it lacks Elu, Erf, LeakyRelu, Selu and
Softplus.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from ..activations import resolve_all
from ..kernels.activations import OWN, SELU_ALPHA, SELU_SCALE
from ..sklearn.estimator import MLPEstimator
from .graph import Graph


def leaky_relu(graph: Graph, Z: str) -> str:
    """max(z, 0.01 z)."""
    return graph.node("Max", Z, graph.node("Mul", Z, 0.01))


def elu(graph: Graph, Z: str, alpha: float = 1.0) -> str:
    """max(z, 0) + α (e^min(z, 0) - 1)."""
    expm1 = graph.node("Sub", graph.node("Exp", graph.node("Min", Z, 0.0)), 1.0)
    return graph.node("Add", graph.node("Relu", Z), graph.node("Mul", expm1, alpha))


def selu(graph: Graph, Z: str) -> str:
    """λ elu(z) with SELU's α."""
    return graph.node("Mul", elu(graph, Z, SELU_ALPHA), SELU_SCALE)


def softplus(graph: Graph, Z: str) -> str:
    """max(z, 0) + log(1 + e^-|z|)."""
    e = graph.node("Exp", graph.node("Neg", graph.node("Abs", Z)))
    return graph.node("Add", graph.node("Relu", Z), graph.node("Log", graph.node("Add", e, 1.0)))


def gelu(graph: Graph, Z: str) -> str:
    """z (1 + erf(z / √2)) / 2; onnxruntime has erf for float32 only."""
    x = graph.node("Cast", graph.node("Mul", Z, math.sqrt(0.5)), to=TensorProto.FLOAT)
    erf = graph.node("Cast", graph.node("Erf", x), to=graph.type)
    return graph.node("Mul", graph.node("Mul", Z, graph.node("Add", erf, 1.0)), 0.5)


def silu(graph: Graph, Z: str) -> str:
    """z / (1 + e^-z); for z σ(z), onnxruntime may use QuickGelu, which it lacks for float64 (its issue 32421)."""
    return graph.node("Div", Z, graph.node("Add", graph.node("Exp", graph.node("Neg", Z)), 1.0))


NODES: dict[str, Callable[[Graph, str], str]] = {
    "identity": lambda graph, Z: Z,
    "logistic": lambda graph, Z: graph.node("Sigmoid", Z),
    "tanh": lambda graph, Z: graph.node("Tanh", Z),
    "relu": lambda graph, Z: graph.node("Relu", Z),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "softplus": softplus,
    "gelu": gelu,
    "silu": silu,
}


def hidden_activations(estimator: MLPEstimator) -> list[str]:
    """Return the names of the hidden layers' activations.

    Raises
    ------
    ValueError : an activation is a function of the user's own
    """
    layers = resolve_all(estimator.activation, len(estimator.coefs_) - 1, np.dtype(np.float64))
    for g in layers:
        if g.number == OWN:
            raise ValueError(
                f"activation: {g.name} is a Python function, which ONNX cannot hold; train with an activation by name"
            )
    return [g.name for g in layers]


def tensor_type(X: Any) -> Any:
    """Return the type of the tensors of numbers in the graph of an estimator with this input."""
    return DoubleTensorType if isinstance(X.type, DoubleTensorType) else FloatTensorType


def graph_to_outputs(scope: Any, operator: Any, container: Any) -> tuple[Graph, str]:
    """Add the nodes from the operator's input to Z[L]; return the graph, and the name of Z[L] (n, K)."""
    estimator, X = operator.raw_operator, operator.inputs[0]
    graph = Graph(scope, container, np.float64 if tensor_type(X) is DoubleTensorType else np.float32)
    A = graph.node("Cast", X.full_name, to=graph.type)
    *hidden, last = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    for name, (W, b) in zip(hidden_activations(estimator), hidden, strict=True):
        A = NODES[name](graph, graph.node("Gemm", A, W, b))
    return graph, graph.node("Gemm", A, *last)
