"""`TabularRegressor`."""

from collections.abc import Sequence
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.metrics import mean_pinball_loss

from ..losses import Loss, loss_of
from ..model import Model
from ..rows.labels import Target, TargetNumbers
from ..rows.moments import Moments
from ..rows.streams.stream import Stream
from ..rows.targets import refused
from ..sklearn.numbers import converted
from ..sklearn_private import Interval, StrOptions
from ..typing import Scaling, SparseMatrix, Table, Verbose
from .estimator import CONSTRAINTS, TabularEstimator
from .members.data import Data
from .members.streamed_data import StreamedData

WIDEST = np.dtype(np.float64)

LEAST_MEAN = 1e-6  # of counts, where training begins: counts of 0 alone have no logarithm


class TabularRegressor(RegressorMixin, TabularEstimator):  # type: ignore[misc]
    """Numbers, counts or quantiles for the rows of a table as it is.

    As `TabularClassifier`, for targets that are numbers.

    Counts with exposure, such as claims of contracts that lasted for part of a year, need no other argument: the target
    is the rate, y = count / exposure, the exposure is the `sample_weight`, and the loss is "poisson".

    Parameters
    ----------
    loss : {"squared_error", "poisson", "quantile", "huber"}, default="squared_error"
        What is minimised. "poisson" is for counts or rates, which are not negative; predictions are means then, as for
        "squared_error". "quantile" predicts quantiles, and "huber" is less drawn to outliers.
    quantile : float or ascending sequence of float, default=0.5
        Levels in (0, 1) for loss="quantile"; for a sequence, a prediction has one column for each.
    delta : float, default=1.0
        The error, in standard deviations of y, up to which loss="huber" is quadratic.
    n_members, categories, numbers, time_limit, random_state, n_threads, verbose : as for `TabularClassifier`

    Attributes
    ----------
    n_features_in_, feature_names_in_, reading_, models_, weights_, recipe_, target_name_ : as for `TabularClassifier`
    validation_scores_ : as for `TabularClassifier`, with `r2`, `rmse`, `mae`, `poisson_deviance`, `pinball`

    Examples
    --------
    >>> import numpy as np
    >>> import pyarrow
    >>> from fastmlp import TabularRegressor
    >>> age, job = np.arange(20, 70).repeat(4), np.resize(["clerk", "smith", "cook", None], 200)
    >>> wage = age + np.where(job == "cook", 20, 0)
    >>> table = pyarrow.table({"age": age, "job": job})
    >>> model = TabularRegressor(n_members=2, random_state=0).fit(table, wage)
    >>> bool(model.score(table, wage) > 0.9)
    True
    """

    _classifier = "TabularClassifier"  # what messages name for classes
    _parameter_constraints: dict = {  # noqa: RUF012
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson", "quantile", "huber"})],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "delta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self, *, loss: Literal["squared_error", "poisson", "quantile", "huber"] = "squared_error",
        quantile: float | Sequence[float] = 0.5, delta: float = 1.0, n_members: int | None = None,
        categories: Sequence[str] = (), numbers: Sequence[str] = (), time_limit: float | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None, verbose: Verbose = 0,
    ) -> None:  # fmt: skip
        self.loss, self.quantile, self.delta = loss, quantile, delta
        self.n_members, self.categories, self.numbers = n_members, categories, numbers
        self.time_limit, self.random_state, self.n_threads, self.verbose = time_limit, random_state, n_threads, verbose

    def predict(self, X: Table | SparseMatrix | Stream) -> np.ndarray:
        """Return the predicted target of each row, in the units of y.

        Parameters
        ----------
        X : as for `fit`
            Columns are found by name, in any order, where both tables have names.

        Returns
        -------
        array (n), or (n, K) for K quantiles, which ascend
        """
        now = self._now()
        model = now.models_[0]
        return np.asarray(model.network.plan.loss.predictions(now._linked(X), model.target_scaling))

    def score(
        self, X: Table | SparseMatrix | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return R² of what `predict` gives or, of several quantiles, the mean of their pinball losses, negative.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`; no target may be missing

        Returns
        -------
        float
        """
        return self._scored(X, y, sample_weight, self._score_of_table)

    def _score_of_table(self, X: Table | SparseMatrix, y: ArrayLike, w: ArrayLike | None) -> float:
        """Return what `score` does, of rows in memory."""
        levels = self._now().models_[0].network.plan.loss.parameters
        if len(levels) < 2:
            return float(super().score(X, y, w))
        quantiles = zip(levels, self.predict(X).T, strict=True)
        losses = [mean_pinball_loss(y, each, sample_weight=w, alpha=level) for level, each in quantiles]
        return -float(np.mean(losses))

    def _checked(self, name: str, y: np.ndarray, known: np.ndarray) -> np.ndarray:
        if y.dtype.kind in "mM":
            raise TypeError(f"{name} has dtype {y.dtype}; convert dates to numbers first")
        if y.dtype.kind not in "fiub":
            y = converted(name, np.where(known, y.astype(object), np.nan), self._classifier)
        numbers = y.astype(np.float64)
        loss = self._loss()
        least, most = loss.bounds(self._outputs(), numbers.dtype)
        bad = known & ~((numbers >= least) & (numbers <= most))
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(refused(name, numbers[row], f"in row {row}", loss, numbers.dtype))
        return np.asarray(numbers[known])

    def _learn(self, y: np.ndarray) -> np.ndarray:
        found = Moments()
        found.add(y, None)
        self._learn_moments(found)
        return y

    def _learn_moments(self, moments: Moments) -> None:
        self._moments = moments.scaling()

    def _target(self, name: str, others: bool = False) -> Target:
        return TargetNumbers(self._outputs(), self._loss(), WIDEST, None, name)

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        return y

    def _loss(self) -> Loss:
        return loss_of(self.loss, self._outputs(), None, self.quantile, self.delta)

    def _outputs(self) -> int:
        return int(np.size(self.quantile)) if self.loss == "quantile" else 1

    def _scaling(self) -> Scaling | None:
        return None if self.loss == "poisson" else self._moments

    def _start(self, data: Data | StreamedData, model: Model) -> None:
        if self.loss == "poisson":
            model.biases[-1][:] = np.log(max(data.mean, LEAST_MEAN))
