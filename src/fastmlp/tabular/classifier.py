"""`TabularClassifier`."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from ..losses import CROSS_ENTROPY, LOG_LOSS, Loss
from ..rows.labels import Labels, Target
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..rows.survey import classes_of
from ..sklearn.classes import ClassTarget, check_one_kind, class_weights
from ..typing import Table
from .ensemble import linked
from .estimator import TabularEstimator


class TabularClassifier(ClassifierMixin, TabularEstimator):  # type: ignore[misc]
    """Classes of the rows of a table, as it is."""

    _parameter_constraints: dict = {}  # noqa: RUF012

    def __init__(
        self, *, n_members: int | None = None, class_weight: dict | Literal["balanced"] | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None,
    ) -> None:  # fmt: skip
        self.n_members, self.class_weight = n_members, class_weight
        self.random_state, self.n_threads = random_state, n_threads

    def predict(self, X: Table) -> np.ndarray:
        """Return the most probable class of each row, array (n)."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def predict_proba(self, X: Table) -> np.ndarray:
        """Return probabilities of the classes in the order of `classes_`, array (n, K)."""
        return linked(self._loss(), self._average(X))

    def score(self, X: Table, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Return accuracy, by weight; a stream brings y and weights."""
        if isinstance(X, Stream):
            return self._score_of_stream(X, y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def _learn(self, y: np.ndarray) -> np.ndarray:
        check_one_kind("y", y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds only one class ({self.classes_[0]!r}); rows of two classes are required")
        return np.asarray(numbers)

    def _learn_stream(self, stream: Stream) -> None:
        self.classes_ = np.array(classes_of(stream))
        if len(self.classes_) < 2:
            raise ValueError(f"y holds only one class ({self.classes_[0]!r}); rows of two classes are required")

    def _target(self, name: str, others: bool = False) -> Target:
        return Labels(self._outputs(), self._loss(), self.classes_.tolist(), name, others)

    def _weigh(self, rows: StreamedRows) -> None:
        ClassTarget(self).weigh_stream(rows)

    def _loss(self) -> Loss:
        return LOG_LOSS if len(self.classes_) == 2 else CROSS_ENTROPY

    def _outputs(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _weighted(self, y: np.ndarray, w: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return w
        weights = class_weights(self.class_weight, self.classes_, y)[np.searchsorted(self.classes_, y)]
        return weights if w is None else weights * w
