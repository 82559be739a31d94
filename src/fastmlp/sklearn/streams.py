"""Streams as X of an estimator."""

from typing import Any

import numpy as np

from ..messages import difference
from ..network.network import Network
from ..rows.order import Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, check_alone, located
from ..training.validation import Validation
from . import view
from .classes import ClassTarget
from .numbers import NumberTarget


class StreamData:
    """A stream, which brings y and weights with its rows: parameters and methods as for `MemoryData`."""

    dtype = np.dtype(np.float32)

    def __init__(self, estimator: Any, X: Stream, y: Any = None, w: Any = None, suffix: str = "") -> None:
        check_alone(y, w, suffix)
        self.estimator, self.stream = estimator, X
        self.target: ClassTarget | NumberTarget = estimator._target()

    def learn(self, reset: bool, new_target: bool) -> None:
        """Set the estimator's features (reset) and target (new_target), or compare the stream's with them."""
        estimator, names = self.estimator, self.stream.names
        if reset:
            estimator.n_features_in_ = self.stream.n_features
            vars(estimator).pop("feature_names_in_", None)
            if names is not None:
                estimator.feature_names_in_ = np.array(names, dtype=object)
        self.compare()
        self.target.learn_stream(self.stream, new_target)

    def compare(self) -> None:
        """Raise ValueError unless the stream's features are those of `fit`."""
        estimator, stream = self.estimator, self.stream
        if stream.n_features != estimator.n_features_in_:
            raise ValueError(
                f"X has {stream.n_features} features, but {type(estimator).__name__} is expecting "
                f"{estimator.n_features_in_} features as input"
            )
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and stream.names is not None and list(known) != stream.names:
            raise ValueError(
                "The feature names should match those that were passed during fit: "
                f"X has {difference(stream.names, list(known))}"
            )

    def rows(self, network: Network) -> StreamedRows:
        """Return rows to predict."""
        self.compare()
        return StreamedRows(self.stream, n_features=network.plan.widths[0], dtype=network.plan.dtype)

    def labelled_rows(self, network: Network, others: bool = False) -> StreamedRows:
        """Return rows with targets; others: also those of classes that the estimator does not know."""
        plan, labels = network.plan, self.target.reader(network, self.name, others)
        return StreamedRows(self.stream, n_features=plan.widths[0], dtype=plan.dtype, labels=labels)

    @property
    def name(self) -> str:
        """Of the target, for messages."""
        return self.stream.target_name or "y"

    def training_rows(self, network: Network) -> StreamedRows:
        """Return rows with targets and weights."""
        rows = self.labelled_rows(network)
        self.target.weigh_stream(rows)
        return rows

    def all_rows(self, network: Network, rows: StreamedRows) -> Pass:
        """Return a pass over all rows."""
        order = rows.order()
        self.target.measure_stream(network, rows, order, self.name)
        return order

    def split(self, network: Network, rows: StreamedRows) -> tuple[Pass, Validation]:
        """Draw rows to train on and rows to validate on, one by one."""
        self.check_scoring()
        fraction = self.estimator.validation_fraction
        seed = int(self.estimator._random_state.randint(2**31))
        training, kept = rows.parts(fraction, seed)
        found = rows.survey(fraction, seed)
        if found.n_validation < 2 or found.n_training < 1:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        self.target.check_stream_split(found)
        self.target.measure_stream(network, rows, training, self.name)
        validated = self.labelled_rows(network)  # without the weights of classes
        validated.surveys = rows.surveys
        return training, Validation(validated, kept, None, own=True)

    def validation(self, network: Network) -> Validation:
        """Return what evaluates a network over all rows, after a check that they are like those of `learn`."""
        self.check_scoring()
        self.compare()
        with located("X_val, y_val"):
            rows = self.labelled_rows(network)
            order = rows.order()
        return Validation(rows, order, None, own=True)

    def check_scoring(self) -> None:
        """Raise ValueError where the estimator has a scorer, which would need all rows at once."""
        if self.estimator.scoring is not None:
            raise ValueError(
                f"scoring={self.estimator.scoring!r} needs X in memory; of a stream, the {self.target.score_name} is "
                "the score"
            )

    def score(self) -> float:
        """Return the score, by weight, of what `predict` would give."""
        now, network, theta = view.present(self.estimator)
        data = StreamData(now, self.stream)
        data.compare()
        return data.target.score_of_stream(network, data.labelled_rows(network, others=True), theta)
