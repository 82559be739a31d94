"""Convert `MLPClassifier` to ONNX, by a converter for skl2onnx."""

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import Int64TensorType, StringTensorType
from skl2onnx.common.utils import check_input_and_output_numbers
from skl2onnx.common.utils_classifier import get_label_classes

from ..sklearn.classifier import MLPClassifier
from .graph import Graph
from .layers import graph_to_outputs, tensor_type


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
    probabilities.set_type(tensor_type(X)([n, len(labels)]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a classifier; this is skl2onnx's converter."""
    classifier = operator.raw_operator
    label, P = (output.full_name for output in operator.outputs)
    graph, Z = graph_to_outputs(scope, operator, container)
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
