"""An `MLPClassifier` or `MLPRegressor` as the subject of a report."""

from typing import Any

import numpy as np

from ..network.network import Network
from ..plot.recorded import recorded
from ..rows.labels import Labels, Target, TargetNumbers
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..sklearn import view
from ..sklearn.data import predicted, rows_of
from ..sklearn.streams import StreamData
from .subject import WIDEST, Subject, notes_of, numbered, one_slice_each


def of_estimator(estimator: Any) -> Subject:
    """Return what a report needs of an estimator; NotFittedError before its first fit."""
    now, network, theta = view.present(estimator)
    loss, known = network.plan.loss, getattr(now, "feature_names_in_", None)
    names = numbered(now.n_features_in_) if known is None else [str(name) for name in known]
    target = target_of(now, network)
    classes = None if loss.numeric else now.classes_.tolist()
    if classes is not None and len(classes) == 1:
        classes.append("another class")  # which no row has

    def matrix(X: Any) -> np.ndarray:
        rows = rows_of(network, predicted(now, X))
        return rows.taken(np.arange(rows.n_rows))

    def streamed(stream: Stream) -> StreamedRows:
        rows = StreamData(now, stream).labelled_rows(network)
        rows.labels = target
        return rows

    def outputs_of(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
        return network.logits(rows_of(network, matrix), theta=theta)

    return Subject(
        type(estimator).__name__, loss, now._target().scaling, classes, target,
        None, names, one_slice_each(names), None, known is not None, dict(sorted(now.get_params(deep=False).items())),
        notes_of(now), curves(now), matrix, streamed, outputs_of,
    )  # fmt: skip


def target_of(estimator: Any, network: Network) -> Target:
    """Return what reads targets in units of the user."""
    if network.plan.loss.numeric:
        return TargetNumbers(estimator.n_outputs_, network.plan.loss, WIDEST)
    if estimator._target().labels:
        return Labels(estimator.n_outputs_, network.plan.loss)
    labels: Labels = estimator._target().reader(network, "y")
    return labels


def curves(estimator: Any) -> dict[str, Any] | str:
    """Return the arguments of `LossCurveDisplay`, or why there is no learning curve."""
    try:
        found = recorded(estimator)
    except ValueError as error:
        return f"There is no learning curve: {error}."
    return found if found["loss"] else "There is no learning curve: no epoch was recorded."
