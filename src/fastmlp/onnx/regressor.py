"""Convert `MLPRegressor` to ONNX, by a converter for skl2onnx."""

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.utils import check_input_and_output_numbers

from ..sklearn.regressor import MLPRegressor
from ..training.figures import exp_limit
from .layers import graph_to_outputs, tensor_type


def set_output_types(operator: Any) -> None:
    """Set type and shape of the output; this is skl2onnx's shape calculator."""
    check_input_and_output_numbers(operator, input_count_range=1, output_count_range=1)
    X = operator.inputs[0]
    operator.outputs[0].set_type(tensor_type(X)([X.get_first_dimension(), operator.raw_operator.n_outputs_]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a regressor; this is skl2onnx's converter."""
    regressor = operator.raw_operator
    target = regressor._target()
    graph, A = graph_to_outputs(scope, operator, container)
    if target.loss().link == "exp":
        A = graph.node("Exp", graph.node("Min", A, exp_limit(np.dtype(graph.dtype))))
    if target.loss().of_one_target:  # quantiles ascend; TopK is the operator that sorts
        K = graph.constant([regressor.n_outputs_], TensorProto.INT64)
        A = graph.node("TopK", A, K, n_outputs=2, axis=1, largest=0, sorted=1)
    if target.scaling is not None:
        shift, factor = target.scaling
        A = graph.node("Add", graph.node("Div", A, factor), shift)
    graph.node("Identity", A, output=operator.outputs[0].full_name)


update_registered_converter(MLPRegressor, "FastmlpMLPRegressor", set_output_types, convert)
