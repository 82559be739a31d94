"""What tabular estimators do once they are fitted: predictions, importances of columns, copies and pickles."""

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..convertible import Convertible
from ..importances import FeatureImportances, importances_of
from ..losses import Loss
from ..model import Model
from ..rows.array import ArrayRows
from ..rows.streams.stream import Stream, check_alone
from ..sklearn.view import view
from ..sklearn_private import _check_feature_names_in
from ..system import fit_lock
from ..tables.table_reader import TableReading
from ..typing import FilePath, SparseMatrix, Table
from .given import readable
from .members.category_statistics import CategoryStatistics
from .members.ensemble import averaged, linked
from .members.recipe import NET, Recipe
from .model_file import load, save
from .streams import score


class FittedTabular(Convertible, BaseEstimator):  # type: ignore[misc]
    """Several nets on different encodings of a table, which predict together."""

    n_threads: int | None
    reading_: TableReading
    models_: list[Model]
    weights_: np.ndarray
    statistics_: CategoryStatistics
    recipe_: Recipe

    def _matrix(self, X: Any, stacklevel: int = 6) -> np.ndarray:
        """Return the rows of a table as numbers, (n, q)."""
        matrix: np.ndarray = self.reading_.matrix(readable(X), NET, type(self).__name__, stacklevel)
        if not len(matrix):
            shape = (0, self.n_features_in_)
            raise ValueError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")
        return matrix

    def _now(self) -> Self:
        """Return a view of this estimator to predict with, which does not change whatever becomes of it."""
        now: Self = fit_lock.present(self, lambda: view(self))
        check_is_fitted(now, "models_")
        return now

    def _average(self, X: Any) -> np.ndarray:
        """Return the mean output of the nets, before the link: (n, p[L]) in float64."""
        if isinstance(X, Stream):
            blocks = self.reading_.blocks(X, NET, type(self).__name__, stacklevel=6)
            return np.concatenate([np.empty((0, self.models_[0].widths[-1])), *map(self._average_of, blocks)])
        return self._average_of(self._matrix(X))

    def _average_of(self, matrix: np.ndarray) -> np.ndarray:
        """Return what `_average` does, of rows of numbers."""
        matrix = self.statistics_.appended(matrix)
        rows = ArrayRows(matrix, n_features=matrix.shape[1], dtype=NET, with_missing=True)
        for model in self.models_:
            model.network.n_threads = self.n_threads
        return averaged(self.models_, self.weights_, rows)

    def _scored(self, X: Any, y: Any, w: Any, score_of_table: Callable[..., float]) -> float:
        """Return what `score` does: of a stream, read block by block, or else what score_of_table(X, y, w) returns."""
        if not isinstance(X, Stream):
            return float(score_of_table(X, y, w))
        check_alone(y, w)
        now = self._now()
        return float(score(now, X, now._average_of))

    def _linked(self, X: Any, link: Callable[[Loss, np.ndarray], np.ndarray] = linked) -> np.ndarray:
        """Return probabilities (n, K), or predictions of numbers, (n, p[L])."""
        return link(self.models_[0].network.plan.loss, self._average(X))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return names of the numbers that X becomes, before each member makes inputs of its own of them.

        Columns of numbers and of categories keep their names, a date has one for each of its parts ("day year", "day
        month", …), and columns that are left out have none.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The columns of X, to be compared with those of `fit`.

        Returns
        -------
        array of str
        """
        now = self._now()
        _check_feature_names_in(now, input_features)
        return np.array(now.reading_.encoding.feature_names_out, object)

    def feature_importances(
        self, X: Table | SparseMatrix, y: ArrayLike, sample_weight: ArrayLike | None = None, n_repeats: int = 5, *,
        scoring: Any = None, random_state: int | np.random.RandomState | None = 0,
    ) -> FeatureImportances:  # fmt: skip
        """Measure by how much the score falls where a column of X is shuffled, the most important column first.

        Rows that were not trained on tell what the model has learned of more than those rows.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`; no target may be missing
        n_repeats : int, default=5
            How often to shuffle each column.
        scoring : str, callable or None, default=None
            scikit-learn's name of a scorer, or a scorer, in place of `score`.
        random_state : int, RandomState or None, default=0
            Shuffles.

        Returns
        -------
        FeatureImportances
            `fastmlp.plot.importances` draws them.
        """
        return importances_of(self._now(), X, y, sample_weight, n_repeats, scoring, random_state)

    def save(self, path: FilePath) -> None:
        """Write all that predictions need to a file, which is replaced in one step.

        Parameters
        ----------
        path : str or path

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

        Parameters
        ----------
        path : str or path
        n_threads : int or None, default=None
            As for the constructor.

        Returns
        -------
        TabularClassifier or TabularRegressor

        Raises
        ------
        ModelFormatError
            The file holds another estimator or a `Model`, is damaged, or of a newer version.
        OSError
            The file cannot be read.
        """
        estimator: Self = load(cls, path, n_threads)
        return estimator

    def __copy__(self) -> Self:
        """Return an independent estimator: parameters are shared, what fits have made is copied."""
        fit_lock.check_at_rest(self)
        other = view(self)
        state = vars(other)
        state.update({name: copy.deepcopy(state[name]) for name in state.keys() - self.get_params(deep=False).keys()})
        return other  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        fit_lock.check_at_rest(self)
        return dict(super().__getstate__())
