"""Add nodes to an ONNX graph through skl2onnx."""

from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

ML: dict[str, Any] = {
    "op_domain": "ai.onnx.ml",
    "op_version": 2,
}  # where ONNX has LabelEncoder


class Graph:
    """The nodes of one estimator.

    Attributes
    ----------
    dtype : type of all its numbers
    """

    def __init__(self, scope: Any, container: Any, dtype: type) -> None:
        self.scope, self.container, self.dtype = scope, container, dtype
        self.type = TensorProto.DOUBLE if dtype is np.float64 else TensorProto.FLOAT

    def node(
        self, operator: str, *inputs: Any, output: str | None = None, n_outputs: int = 1, **attributes: Any
    ) -> str:
        """Add an operator, whose inputs are names of values, numbers or arrays; return the name of its first output."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        outputs = [str(self.scope.get_unique_variable_name(operator)) for _ in range(n_outputs)]
        outputs[0] = output or outputs[0]
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, names, outputs, name=name, **attributes)
        return outputs[0]

    def constant(self, value: Any, type: int | None = None) -> str:
        """Add a number or an array, of the graph's type by default; return its name."""
        name = str(self.scope.get_unique_variable_name("constant"))
        array = np.asarray(value, None if type else self.dtype)
        # Of an array, skl2onnx makes a list of Python's numbers, which takes seconds for large nets.
        content = numpy_helper.from_array(np.ascontiguousarray(array)) if type is None and array.ndim else array.ravel()
        self.container.add_initializer(name, type or self.type, array.shape, content)
        return name
