"""Convert `MLPClassifier` to ONNX, and register the converters of both estimators with skl2onnx."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from skl2onnx.common.utils import check_input_and_output_numbers
from skl2onnx.common.utils_classifier import get_label_classes

from ..activations import resolve_all
from ..kernels.activations import OWN, SELU_ALPHA, SELU_SCALE
from ..sklearn.classifier import MLPClassifier
from .encoder import ENCODER
from .graph import Graph

# --- activations, of operators that onnxruntime has for float64, too; it lacks Elu, Erf, LeakyRelu, Selu, Softplus


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


def hidden_activations(classifier: MLPClassifier) -> list[str]:
    """Return the names of the hidden layers' activations.

    Raises
    ------
    ValueError : an activation is a function of the user's own
    """
    layers = resolve_all(classifier.activation, len(classifier.coefs_) - 1, np.dtype(np.float64))
    for g in layers:
        if g.number == OWN:
            raise ValueError(
                f"activation: {g.name} is a Python function, which ONNX cannot hold; train with an activation by name"
            )
    return [g.name for g in layers]


# --- the classifier -----------------------------------------------------------------------------------


def is_multilabel(classifier: MLPClassifier) -> bool:
    """Return whether a label is a row of 0 and 1."""
    return bool(classifier.n_outputs_ > 1 and classifier.out_activation_ == "logistic")


def labels_of(scope: Any, classifier: MLPClassifier) -> np.ndarray:
    """Return the label of each column of probabilities, as strings or int64.

    Raises
    ------
    ValueError : a class is a number that int64 cannot hold
    """
    classes = np.asarray(get_label_classes(scope, classifier))
    if len(classes) == 1:
        classes = np.repeat(classes, 2)  # predict_proba has two columns nevertheless
    if classes.dtype.kind == "U":
        return classes
    with np.errstate(invalid="ignore"):
        numbers = classes.astype(np.int64)
    wrong = [value for value, number in zip(classes.tolist(), numbers.tolist(), strict=True) if value != number]
    if wrong:
        raise ValueError(
            f"classes_ contains {wrong[0]!r}; ONNX has labels of int64 and strings only: fit with such a y"
        )
    return numbers


def set_output_types(operator: Any) -> None:
    """Set type and shape of the outputs; this is skl2onnx's shape calculator."""
    check_input_and_output_numbers(operator, input_count_range=1, output_count_range=2)
    X = operator.inputs[0]
    n, labels = X.get_first_dimension(), labels_of(operator.scope_inst, operator.raw_operator)
    label, probabilities = operator.outputs
    kind = StringTensorType if labels.dtype.kind == "U" else Int64TensorType
    label.set_type(kind([n, len(labels)] if is_multilabel(operator.raw_operator) else [n]))
    probabilities.set_type((DoubleTensorType if is_double(X) else FloatTensorType)([n, len(labels)]))


def is_double(X: Any) -> bool:
    """Return whether the graph computes in float64."""
    return isinstance(X.type, DoubleTensorType)


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a classifier; this is skl2onnx's converter."""
    classifier, X = operator.raw_operator, operator.inputs[0]
    label, P = (output.full_name for output in operator.outputs)
    graph = Graph(scope, container, np.float64 if is_double(X) else np.float32)
    A = graph.node("Cast", X.full_name, to=graph.type)
    *hidden, last = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    for name, (W, b) in zip(hidden_activations(classifier), hidden, strict=True):
        A = NODES[name](graph, graph.node("Gemm", A, W, b))
    Z = graph.node("Gemm", A, *last)
    if is_multilabel(classifier):
        graph.node("Sigmoid", Z, output=P)
        graph.node("Cast", graph.node("Greater", P, 0.5), output=label, to=TensorProto.INT64)
        return
    if classifier.out_activation_ == "softmax":
        graph.node("Softmax", Z, output=P, axis=1)
    else:
        positive = graph.node("Sigmoid", Z)
        graph.node("Concat", graph.node("Sub", 1.0, positive), positive, output=P, axis=1)
    choose(graph, labels_of(scope, classifier), P, label)


def choose(graph: Graph, labels: np.ndarray, P: str, output: str) -> None:
    """Add nodes that choose the label of the highest probability in each row."""
    if labels.dtype.kind == "U":
        constant = graph.constant([label.encode() for label in labels], TensorProto.STRING)
    else:
        constant = graph.constant(labels, TensorProto.INT64)
    graph.node("Gather", constant, graph.node("ArgMax", P, axis=1, keepdims=0), output=output, axis=0)


update_registered_converter(
    MLPClassifier,
    "FastmlpMLPClassifier",
    set_output_types,
    convert,
    options={"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [True, False]},
)
update_registered_converter(*ENCODER)
