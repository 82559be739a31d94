"""`TabularRegressor`."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from ..losses import Loss, loss_of
from ..model import Model
from ..rows.labels import Target, TargetNumbers
from ..rows.moments import Moments
from ..rows.streams.stream import Stream
from ..typing import Scaling, Table
from .ensemble import linked
from .estimator import TabularEstimator
from .fit import Data
from .streamed_data import StreamedData

WIDEST = np.dtype(np.float64)


class TabularRegressor(RegressorMixin, TabularEstimator):  # type: ignore[misc]
    """Numbers, counts or quantiles for the rows of a table, as it is."""

    _parameter_constraints: dict = {}  # noqa: RUF012

    def __init__(
        self, *, loss: Literal["squared_error", "poisson", "quantile", "huber"] = "squared_error",
        quantile: float | Sequence[float] = 0.5, delta: float = 1.0, n_members: int | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None,
    ) -> None:  # fmt: skip
        self.loss, self.quantile, self.delta, self.n_members = loss, quantile, delta, n_members
        self.random_state, self.n_threads = random_state, n_threads

    def predict(self, X: Table) -> np.ndarray:
        """Return predictions, array (n), or (n, K) for K quantiles."""
        loss = self._loss()
        return loss.predictions(linked(loss, self._average(X)), self._scaling())

    def score(self, X: Table, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Return R², by weight; a stream brings y and weights."""
        if isinstance(X, Stream):
            return self._score_of_stream(X, y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def _learn(self, y: np.ndarray) -> np.ndarray:
        numbers = np.asarray(y, np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError("Input y contains infinity or a value too large for dtype('float64').")
        found = Moments()
        found.add(numbers, None)
        self._learn_moments(found)
        return numbers

    def _learn_moments(self, moments: Moments) -> None:
        self._moments = moments.scaling()

    def _target(self, name: str, others: bool = False) -> Target:
        return TargetNumbers(self._outputs(), self._loss(), WIDEST, None, name)

    def _loss(self) -> Loss:
        return loss_of(self.loss, self._outputs(), None, self.quantile, self.delta)

    def _outputs(self) -> int:
        return int(np.size(self.quantile)) if self.loss == "quantile" else 1

    def _scaling(self) -> Scaling | None:
        return None if self.loss == "poisson" else self._moments

    def _start(self, data: Data | StreamedData, model: Model) -> None:
        if self.loss == "poisson":
            model.biases[-1][:] = np.log(data.mean)
