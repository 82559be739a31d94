"""A `Model` as the subject of a report."""

from typing import Any

import numpy as np

from ..arguments import dtype_name
from ..model import Model
from ..plot.recorded import recorded
from ..rows.labels import Labels, Target, TargetNumbers
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..training.inputs import Encoded, rows_of
from .subject import WIDEST, Subject, numbered, one_slice_each, slices_of


def of_model(model: Model) -> Subject:
    """Return what a report needs of a model."""
    loss, outputs, encoding = model.network.plan.loss, model.widths[-1], model.encoding
    theta = model._present()
    names = list(encoding.columns) if encoding is not None else model.feature_names or numbered(model.n_columns)
    classes: list[Any] | None = None
    if not loss.numeric:
        classes = model.classes or list(range(max(2, outputs)))

    def target(known: list[Any] | None = None) -> Target:
        name = model.target_name or "y"
        return TargetNumbers(outputs, loss, WIDEST, None, name) if loss.numeric else Labels(outputs, loss, known, name)

    def matrix(X: Any) -> np.ndarray:
        rows: Any = rows_of(model, X)
        if isinstance(rows, StreamedRows):  # of an Arrow table
            return np.concatenate([window.X[: window.size].copy() for window in rows.windows(rows.order(), 1)])
        return np.asarray(rows.taken(np.arange(rows.n_rows)))

    def streamed(stream: Stream) -> StreamedRows:
        rows = rows_of(model, stream, labelled=True)
        assert isinstance(rows, StreamedRows)
        if loss.numeric:
            rows.labels = target()  # in units of the user
        return rows

    def outputs_of(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
        return model.network.logits(rows_of(model, Encoded(matrix)), theta=theta)

    return Subject(
        "Model", loss, model.target_scaling, classes, target(), model.target_name, names,
        one_slice_each(names) if encoding is None else slices_of(encoding), encoding,
        encoding is not None or model.feature_names is not None, settings(model), [], curves(model),
        matrix, streamed, outputs_of,
    )  # fmt: skip


def curves(model: Model) -> dict[str, Any] | str:
    """Return the arguments of `LossCurveDisplay`, or why there is no learning curve."""
    return recorded(model) if model.history else "The model has not been trained: its history is empty."


def settings(model: Model) -> dict[str, Any]:
    """Return what a model was made with."""
    made: dict[str, Any] = {
        "widths": list(model.widths), "activation": model.activation_names, "bias": model.bias,
        "dtype": dtype_name(model.dtype, model.mixed), "seed": model.seed, "dropout": list(model.dropout),
    }  # fmt: skip
    made |= model.network.plan.loss.arguments()
    if model.features is not None:
        made["features"] = model.features
    if model.optimizer is not None:
        made["optimizer"] = model.optimizer
    return made
