"""Convert `TabularClassifier` and `TabularRegressor` to ONNX: the table, all nets, and their average.

As in the estimators, numbers are scaled in float64, nets compute in float32, and a regressor's predictions are of
float64. Each column of the table is an input; columns that were left out may be inputs, too.
"""

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

from ..tabular.classifier import TabularClassifier
from ..tabular.regressor import TabularRegressor
from .category_statistics import appended
from .classifier import choose, labels_of
from .columns import GraphColumn, check_kind, columns_of
from .features import GraphFeatures
from .graph import Graph
from .layers import NODES
from .table import matrix


def inputs_of(operator: Any) -> list[GraphColumn]:
    """Return the columns that are used, among the inputs of the graph; raise for those that cannot be converted."""
    owner, reading = type(operator.raw_operator).__name__, operator.raw_operator.reading_
    columns = columns_of(owner, reading.encoding.columns, reading.names, reading.named, operator.inputs)
    for part, column in zip(reading.encoding.parts, columns, strict=True):
        check_kind(owner, part, column)
    return columns


def set_types_of_classifier(operator: Any) -> None:
    """Set type and shape of label and probabilities; this is skl2onnx's shape calculator."""
    inputs_of(operator)
    n, labels = operator.inputs[0].get_first_dimension(), labels_of(operator.scope_inst, operator.raw_operator)
    label, probabilities = operator.outputs
    label.set_type((StringTensorType if labels.dtype.kind == "U" else Int64TensorType)([n]))
    probabilities.set_type(FloatTensorType([n, len(labels)]))


def set_type_of_regressor(operator: Any) -> None:
    """Set type and shape of the predictions; this is skl2onnx's shape calculator."""
    inputs_of(operator)
    n, outputs = operator.inputs[0].get_first_dimension(), operator.raw_operator.models_[0].widths[-1]
    operator.outputs[0].set_type(DoubleTensorType([n, outputs]))


def averaged(graph: Graph, wide: Graph, operator: Any) -> str:
    """Add the nodes up to the weighted mean of the nets' outputs; return its name."""
    estimator = operator.raw_operator
    X, places = matrix(wide, graph, estimator.reading_.encoding.parts, inputs_of(operator))
    made = GraphFeatures(graph, *appended(graph, X, places, estimator.statistics_))
    Z = []
    for model, weight in zip(estimator.models_, estimator.weights_, strict=True):
        A, order = made.inputs(model.features)
        first, *others = model.weights
        *hidden, last = zip([first[order], *others], biases_of(model), strict=True)
        for name, (W, b) in zip(model.activation_names, hidden, strict=True):
            A = NODES[name](graph, graph.node("Gemm", A, W, *b))
        W, b = last
        Z.append(graph.node("Gemm", A, W, *b, alpha=float(weight), beta=float(weight)))
    return Z[0] if len(Z) == 1 else graph.node("Sum", *Z)


def biases_of(model: Any) -> list[list[np.ndarray]]:
    """Return for each layer a list with its bias, or without one."""
    return [[b] for b in model.biases] if model.bias else [[] for _ in model.weights]


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a classifier; this is skl2onnx's converter."""
    graph = Graph(scope, container, np.float32)
    Z = averaged(graph, Graph(scope, container, np.float64), operator)
    label, P = (output.full_name for output in operator.outputs)
    if operator.raw_operator.models_[0].network.plan.loss.link == "softmax":
        graph.node("Softmax", Z, output=P, axis=1)
    else:
        positive = graph.node("Sigmoid", Z)
        graph.node("Concat", graph.node("Sub", 1.0, positive), positive, output=P, axis=1)
    choose(graph, labels_of(scope, operator.raw_operator), P, label)


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a regressor; this is skl2onnx's converter."""
    model, wide = operator.raw_operator.models_[0], Graph(scope, container, np.float64)
    loss, scaling = model.network.plan.loss, model.target_scaling
    A = wide.node("Cast", averaged(Graph(scope, container, np.float32), wide, operator), to=wide.type)
    if loss.link == "exp":
        A = wide.node("Exp", A)
    if loss.of_one_target:  # quantiles ascend; TopK is the operator that sorts
        K = wide.constant([model.widths[-1]], TensorProto.INT64)
        A = wide.node("TopK", A, K, n_outputs=2, axis=1, largest=0, sorted=1)
    if scaling is not None:
        shift, factor = scaling
        A = wide.node("Add", wide.node("Div", A, factor), shift)
    wide.node("Identity", A, output=operator.outputs[0].full_name)


update_registered_converter(
    TabularClassifier,
    "FastmlpTabularClassifier",
    set_types_of_classifier,
    convert_classifier,
    options={"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [True, False]},
)
update_registered_converter(TabularRegressor, "FastmlpTabularRegressor", set_type_of_regressor, convert_regressor)
