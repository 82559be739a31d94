"""A `TabularClassifier` or `TabularRegressor` as the subject of a report."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..losses import Loss
from ..plot.recorded import recorded
from ..rows.array import ArrayRows
from ..rows.labels import TargetNumbers
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..tabular.given import usable
from ..tabular.members.ensemble import averaged, shares
from ..tabular.members.recipe import NET
from ..tabular.model_file import name_of
from ..tabular.streams import rows_of
from .subject import WIDEST, Subject, notes_of, slices_of

USER = 5  # stacklevel of warnings that point to the line that calls `report`


def of_tabular(estimator: Any, nets: np.ndarray | None = None) -> Subject:
    """Return what a report needs of a tabular estimator; NotFittedError before its first fit.

    nets : which nets predict each row of the report, (n, number of nets) of bool; None: all of them
    """
    now = estimator._now()
    reading, first = now.reading_, now.models_[0]
    loss: Loss = first.network.plan.loss
    classes = None if loss.numeric else now.classes_.tolist()
    name = now.target_name_ or "y"
    target = TargetNumbers(first.widths[-1], loss, WIDEST, None, name) if loss.numeric else now._target(name)

    def streamed(stream: Stream) -> StreamedRows:
        return rows_of(reading, stream, target)

    def outputs_of(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
        if nets is None:
            return np.asarray(now._average_of(matrix))
        return by_some(now, matrix, nets[at])

    return Subject(
        name_of(type(estimator)), loss, first.target_scaling, classes, target, now.target_name_,
        list(reading.names), slices_of(reading.encoding), reading.encoding, reading.named, settings(now), notes_of(now),
        curves(now), lambda X: np.asarray(now._matrix(X)), streamed, outputs_of,
        lambda X, y, w: usable(now, "", X, y, w, USER),
    )  # fmt: skip


def by_some(now: Any, matrix: np.ndarray, nets: np.ndarray) -> np.ndarray:
    """Return the mean output, before the link, of those nets that predict each row: (n, p[L])."""
    matrix = now.statistics_.appended(matrix)
    Z = np.empty((len(matrix), now.models_[0].widths[-1]))
    for chosen in np.unique(nets, axis=0):
        rows = np.flatnonzero((nets == chosen).all(axis=1))
        models = [model for model, is_chosen in zip(now.models_, chosen, strict=True) if is_chosen]
        part = ArrayRows(matrix[rows], n_features=matrix.shape[1], dtype=NET, with_missing=True)
        Z[rows] = averaged(models, shares(now.weights_, chosen), part)
    return Z


def curves(estimator: Any) -> dict[str, Any] | str:
    """Return the arguments of `LossCurveDisplay`, or why there is no learning curve."""
    if not any(model.history for model in estimator.models_):
        return "There is no learning curve: the file of the model has no history of its training."
    return recorded(estimator)


def settings(estimator: Any) -> dict[str, Any]:
    """Return the parameters, and what the recipe made of them."""
    recipe, models = estimator.recipe_, estimator.models_
    made = dict(sorted(estimator.get_params(deep=False).items()))
    return made | {
        "nets": len(models), "encodings": list(recipe.encodings), "hidden layers": [recipe.width] * recipe.depth,
        "weights of nets": [round(float(weight), 4) for weight in estimator.weights_], "epochs": recipe.epochs,
        "rows per step": recipe.batch_rows, "dropout of hidden layers": recipe.dropout,
    }  # fmt: skip


def all_nets(groups: Sequence[tuple[Sequence[int], np.ndarray]], n_nets: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers (n) and which nets predict each of these rows, (n, n_nets) of bool.

    groups : of `held_out.held_rows`: places of nets, and the rows that they were not trained on
    """
    index = np.concatenate([rows for _, rows in groups])
    nets = np.zeros((len(index), n_nets), bool)
    first = 0
    for places, rows in groups:
        nets[first : first + len(rows), list(places)] = True
        first += len(rows)
    return index, nets
