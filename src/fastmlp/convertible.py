"""What skl2onnx asks of an estimator that it is to convert."""

import sys


class Convertible:
    """An estimator whose converter skl2onnx has once `fastmlp.onnx` is imported."""

    def onnx_parser(self) -> None:
        """Raise ImportError, which names the import, where it was forgotten; skl2onnx calls this before all else."""
        if "fastmlp.onnx" not in sys.modules:
            name = type(self).__name__
            raise ImportError(f"skl2onnx converts {name} once fastmlp.onnx is imported; add: import fastmlp.onnx")
