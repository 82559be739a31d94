"""Tell users who convert an estimator to ONNX which import is missing."""

import sys


class Convertible:
    """A base class of estimators for which `fastmlp.onnx` has a converter."""

    def onnx_parser(self) -> None:
        """Raise ImportError if `fastmlp.onnx` was not imported; skl2onnx calls this method first."""
        if "fastmlp.onnx" not in sys.modules:
            name = type(self).__name__
            raise ImportError(f"skl2onnx can convert {name} only after: import fastmlp.onnx")
