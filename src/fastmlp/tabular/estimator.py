"""What `TabularClassifier` and `TabularRegressor` have in common: reading the table, the members, predictions."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from ..losses import Loss
from ..model import Model
from ..rows.array import ArrayRows
from ..rows.labels import Target
from ..rows.moments import Moments
from ..rows.record_batches import is_missing
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, check_alone
from ..sklearn_private import _fit_context, _safe_indexing
from ..system import fit_lock
from ..system.machine import available_cores
from ..tables.table_reader import TableReading, read_columns
from ..typing import FilePath, Scaling, Table
from .ensemble import averaged
from .fit import Data, fit
from .model_file import load, save
from .recipe import NET, Recipe, recipe_for
from .streamed_data import StreamedData
from .streams import data_of, score


class TabularEstimator(BaseEstimator, ABC):  # type: ignore[misc]
    """Several nets on different encodings of a table, averaged; what is about y is a matter of the subclasses."""

    n_members: int | None
    n_threads: int | None
    random_state: Any
    reading_: TableReading
    models_: list[Model]
    recipe_: Recipe

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Table, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Train.

        Parameters
        ----------
        X : frame of pandas or polars, Arrow table, array-like (n, p), or stream of `fastmlp.rows`
            Numbers, categories, text, booleans, dates and missing values as they are. A stream brings y and weights.
        y : array-like (n)
            Rows where it is missing are left out, with a warning; of a stream, they are an error.
        sample_weight : array-like (n), finite and not negative, or None

        Returns
        -------
        self
        """
        if y is None and not isinstance(X, Stream):
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        if isinstance(X, Stream):
            check_alone(y, sample_weight)
            w = None
        else:
            X, y, w = rows_with_target(X, y, sample_weight)
        self.reading_ = read_columns(X, stacklevel=4)
        self.n_features_in_ = len(self.reading_.names)
        if self.reading_.named:
            self.feature_names_in_ = np.array(self.reading_.names, object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        data = data_of(self, X) if isinstance(X, Stream) else self._data(X, y, w)
        recipe = recipe_for(data.n_rows, not data.loss.numeric)
        self.recipe_ = replace(recipe, n_members=self.n_members or recipe.n_members)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        start = partial(self._start, data)
        self.models_, self.weights_ = fit(data, self.recipe_, seed, self.n_threads or available_cores(), start)
        return self

    def _data(self, X: Table, y: np.ndarray, w: np.ndarray | None) -> Data:
        """Return the rows of a table in memory to train on, once classes or moments of y are learned."""
        matrix = self.reading_.matrix(X, owner=type(self).__name__)
        check_consistent_length(matrix, y, w)
        numbers = self._learn(y)
        codes = [n_codes for _, n_codes in self.reading_.encoding.outputs]
        return Data(matrix, codes, numbers, self._weighted(y, w), self._loss(), self._outputs(), self._scaling())

    def _score_of_stream(self, X: Stream, y: Any, sample_weight: Any) -> float:
        """Return what `score` does of a stream, read block by block."""
        check_is_fitted(self, "models_")
        check_alone(y, sample_weight)
        return score(self, X, self._average_of)

    def _average(self, X: Table) -> np.ndarray:
        """Return the mean output of the nets, before the link: (n, p[L])."""
        check_is_fitted(self, "models_")
        if isinstance(X, Stream):
            blocks = self.reading_.blocks(X, NET, type(self).__name__, stacklevel=4)
            return np.concatenate([np.empty((0, self._outputs())), *map(self._average_of, blocks)])
        return self._average_of(self.reading_.matrix(X, NET, type(self).__name__, stacklevel=4))

    def _average_of(self, matrix: np.ndarray) -> np.ndarray:
        """Return the mean output of the nets for rows of numbers."""
        rows = ArrayRows(matrix, n_features=matrix.shape[1], dtype=NET)
        for model in self.models_:
            model.network.n_threads = self.n_threads
        return averaged(self.models_, self.weights_, rows)

    def save(self, path: FilePath) -> None:
        """Write all that predictions need to a file, which is replaced in one step.

        Raises
        ------
        ValueError
            A file cannot hold the model: classes are dates, for example.
        OSError
            The file cannot be written; an old one is as before.
        """
        check_is_fitted(self, "models_")
        fit_lock.check_at_rest(self)
        save(self, path)

    @classmethod
    def load(cls, path: FilePath, *, n_threads: int | None = None) -> Self:
        """Return the estimator that `save` wrote; a parameter that no file can hold, such as an object, is the default.

        Raises
        ------
        ModelFormatError
            The file holds another estimator or a `Model`, is damaged, or of a newer version.
        OSError
            The file cannot be read.
        """
        estimator: Self = load(cls, path, n_threads)
        return estimator

    @abstractmethod
    def _learn(self, y: np.ndarray) -> np.ndarray:
        """Learn classes or scale of y, and return it as nets take it."""

    @abstractmethod
    def _target(self, name: str, others: bool = False) -> Target:
        """Return what reads the target of a stream, in units of y; others: also classes that are not known."""

    def _learn_stream(self, stream: Stream) -> None:
        """Learn classes of a stream's target."""

    def _learn_moments(self, moments: Moments) -> None:
        """Learn the scale of a target that is numbers."""

    def _weigh(self, rows: StreamedRows) -> None:
        """Multiply the weights of a stream's rows by those of classes."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss of the nets."""

    @abstractmethod
    def _outputs(self) -> int:
        """Return p[L]."""

    def _scaling(self) -> Scaling | None:
        """Return (shift, factor) of targets that are numbers."""
        return None

    def _weighted(self, y: np.ndarray, w: np.ndarray | None) -> np.ndarray | None:
        """Return weights of rows times weights of classes."""
        return w

    def _start(self, data: Data | StreamedData, model: Model) -> None:
        """Set the bias of the outputs where training starts."""


def rows_with_target(X: Any, y: Any, w: Any) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Return X, y and weights of the rows whose y is there; warn of the others."""
    y = column_or_1d(y, warn=True)
    there = np.array([not is_missing(value) for value in y], bool) if y.dtype.kind in "fO" else np.ones(len(y), bool)
    w = None if w is None else column_or_1d(w)
    if there.all():
        return X, y, w
    if not there.any():
        raise ValueError(f"y is missing in all {len(y):,} rows; at least 2 are required")
    check_consistent_length(X, y, w)
    warnings.warn(f"y is missing in {np.sum(~there):,} of {len(y):,} rows, which are left out", stacklevel=4)
    return _safe_indexing(X, np.flatnonzero(there)), y[there], None if w is None else w[there]
