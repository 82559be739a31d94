"""A model file of either kind, and the table it is used on."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..losses import Loss
from ..model import Model
from ..precision import warn_of_float32
from ..rows.streams.files import open_table
from ..rows.streams.table import Table
from ..tabular import streams
from ..tabular.classifier import TabularClassifier
from ..tabular.regressor import TabularRegressor
from ..tabular.saved import load_any
from ..training.inputs import rows_of
from ..training.scores import ClassScores, NumberScores, scores
from .csv_options import csv_options


class SavedModel(NamedTuple):
    """What the commands need of a model.

    Attributes
    ----------
    model : as it was loaded
    loss, outputs : of its nets
    classes : values of the target, in ascending order; None: it holds numbers
    target_name : of the table that the model was trained on, or None
    columns : that it reads, or None where it does not know their names
    predictions : yields, for a table, probabilities (m, K), (m) of the second of two classes, or predictions of numbers
    scores : returns the figures of a table with a target
    """

    model: Model | TabularClassifier | TabularRegressor
    loss: Loss
    outputs: int
    classes: list[Any] | None
    target_name: str | None
    columns: list[str] | None
    predictions: Callable[[Table], Iterator[np.ndarray]]
    scores: Callable[[Table], ClassScores | NumberScores]


def loaded(options: Namespace) -> SavedModel:
    """Load the model; raise ValueError where a row has several targets, as a table has one."""
    model = load_any(options.model, options.threads)
    return of_network(model, options.model) if isinstance(model, Model) else of_estimator(model)


def of_network(model: Model, path: str) -> SavedModel:
    """Return what the commands need of a `Model`."""
    loss, outputs = model.network.plan.loss, model.widths[-1]
    if loss.targets(outputs) > 1:
        raise ValueError(
            f"{path}: the model has {outputs} targets for each row, but a table has one target; "
            "load it by fastmlp.Model.load"
        )

    def scores_of(table: Table) -> ClassScores | NumberScores:
        warn_of_float32(model.mixed)
        rows = rows_of(model, table, labelled=True)
        return scores(model.network, rows, rows.order(), model.target_scaling)

    columns = model.feature_names if model.encoding is None else list(model.encoding.columns)
    classes = None if loss.numeric else model.classes or list(range(max(2, outputs)))
    predictions = model.iter_predict if loss.numeric else model.iter_proba
    return SavedModel(model, loss, outputs, classes, model.target_name, columns, predictions, scores_of)


def of_estimator(estimator: TabularClassifier | TabularRegressor) -> SavedModel:
    """Return what the commands need of a tabular estimator."""
    first, reading = estimator.models_[0], estimator.reading_
    loss, outputs = first.network.plan.loss, first.widths[-1]

    def predictions(table: Table) -> Iterator[np.ndarray]:
        for A in streams.predictions(estimator, table):
            yield A if loss.numeric or outputs > 1 else A[:, 1]

    classes = estimator.classes_.tolist() if isinstance(estimator, TabularClassifier) else None
    columns = list(reading.encoding.columns) if reading.named else None
    return SavedModel(
        estimator, loss, outputs, classes, estimator.target_name_, columns, predictions,
        lambda table: streams.scores(estimator, table),
    )  # fmt: skip


def model_table(model: SavedModel, options: Namespace, target: str | None = None) -> Table:
    """Open a table with the columns that the model was trained on, in its order; ignore others."""
    weight = getattr(options, "weight", None)  # predict has no such option
    return open_table(options.data, target, csv_options(options), weight=weight, columns=model.columns)
