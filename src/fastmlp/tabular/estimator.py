"""What `TabularClassifier` and `TabularRegressor` have in common: reading the table, the members, predictions."""

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, check_random_state

from ..losses import Loss
from ..model import Model
from ..rows.labels import Target
from ..rows.moments import Moments
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, check_alone, located
from ..sklearn.view import view
from ..sklearn_private import Interval, StrOptions, _fit_context
from ..system import fit_lock
from ..system.interrupts import postponed
from ..system.machine import available_cores
from ..tables.table_reader import read_columns
from ..training.checkpoint import CheckpointFile
from ..training.split import given_validation
from ..typing import FilePath, Scaling, SparseMatrix, Table, Verbose
from .fitted import FittedTabular
from .given import usable
from .held_out import scores_of
from .members.checkpoint import FitCheckpoint, arguments_of
from .members.data import Data
from .members.fit import INTERRUPTED, Runner, fit
from .members.member import Member
from .members.recipe import Recipe, recipe_for
from .members.streamed_data import StreamedData
from .members.time_limit import Limit, compiled
from .model_file import name_of
from .streams import data_of, held_of

CONSTRAINTS: dict[str, list[Any]] = {
    "n_members": [None, Interval(Integral, 1, None, closed="left")],
    "categories": ["array-like"],
    "numbers": ["array-like"],
    "time_limit": [None, Interval(Real, 0, None, closed="left")],
    "random_state": ["random_state"],
    "n_threads": [None, Interval(Integral, 1, None, closed="left")],
    "verbose": ["verbose", StrOptions({"bar"})],
}
USER = 5  # stacklevel of warnings that point to the line that calls fit


class TabularEstimator(FittedTabular, ABC):
    """Several nets on different encodings of a table, averaged; what is about y is a matter of the subclasses."""

    n_members: int | None
    categories: Sequence[str]
    numbers: Sequence[str]
    time_limit: float | None
    random_state: Any
    verbose: Verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Table | SparseMatrix | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, *,
        X_val: Table | SparseMatrix | Stream | None = None, y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None, checkpoint: FilePath | None = None,
        checkpoint_every: float = 60.0, resume: bool = False,
    ) -> Self:  # fmt: skip
        """Train.

        Until this has ended, predictions in other threads are those of the former fit; where it fails, so are all that
        follow.

        Parameters
        ----------
        X : frame of pandas or polars, Arrow table, array-like or sparse matrix (n, p), or stream of `fastmlp.rows`
            Numbers, categories, text, booleans, dates and missing values as they are. A sparse matrix is read as
            columns of numbers, and made dense. A stream brings y and weights.
        y : array-like (n)
            Rows where it is missing are left out, with a warning; of a stream, they are an error.
        sample_weight : array-like (n), finite and not negative, or None
        X_val, y_val, sample_weight_val : as the first three, or None
            Rows to validate all members on, in place of those that each keeps from its training.
        checkpoint : path or None, default=None
            A file in which the fit is kept, so that it can go on where it was interrupted: at its beginning, whenever
            a member has ended, and in between every checkpoint_every seconds.
        checkpoint_every : float, default=60
            Seconds from one write to the next.
        resume : bool, default=False
            Go on with the fit in the file, if there is one; rows and parameters must be the same, and then the result
            has the bits of a fit that was never interrupted. Where random_state is no number, the seed is the file's.

        Returns
        -------
        self

        Raises
        ------
        KeyboardInterrupt
            Before the first net has been validated; later, the best so far is kept, with a warning.
        RuntimeError
            Another thread is fitting this estimator.
        FileExistsError
            The file has a fit that has not ended, and resume is False.
        ValueError
            An argument or a column is wrong, which it names; or the file has a fit on other rows, or with other
            parameters.
        """
        if y is None and not isinstance(X, Stream):
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        held = given_validation(X_val, y_val, sample_weight_val)
        file = CheckpointFile.checked(checkpoint, checkpoint_every, resume)
        with fit_lock.fitting(self, lambda: view(self)):
            learned = self._unfitted()
            learned._fit(X, y, sample_weight, held, file)
            with postponed():
                parameters = self.get_params(deep=False).keys()
                self.__dict__.update({name: value for name, value in vars(learned).items() if name not in parameters})
                if not self.reading_.named:
                    self.__dict__.pop("feature_names_in_", None)
        return self

    def _unfitted(self) -> Self:
        """Return another estimator with the same parameters."""
        other = object.__new__(type(self))
        other.__dict__.update(self.get_params(deep=False))
        return other

    def _fit(self, X: Any, y: Any, w: Any, held: tuple | None, file: CheckpointFile | None = None) -> None:
        """Learn from rows; this estimator is one that nobody else knows."""
        limit = None
        if self.time_limit is not None:
            if file is not None:
                raise ValueError(
                    f"time_limit={self.time_limit!r}: a fit that is measured cannot be resumed; leave checkpoint out"
                )
            compiled()
            limit = Limit(self.time_limit, time.perf_counter(), more_members=self.n_members is None)
        if isinstance(X, Stream):
            check_alone(y, w)
        else:
            X, y, w = usable(self, "", X, y, w, USER)
            if len(y) == 1:
                raise ValueError("X has 1 sample with a target; at least 2 are required")
        self.reading_ = read_columns(X, categories=self.categories, numbers=self.numbers, stacklevel=USER)
        self.n_features_in_ = len(self.reading_.names)
        self.target_name_ = X.target_name if isinstance(X, Stream) else None
        if self.reading_.named:
            self.feature_names_in_ = np.array(self.reading_.names, object)
        data: Data | StreamedData
        if isinstance(X, Stream):
            data = data_of(self, X)
        else:
            data = self._data(X, self._learn(y), self._weighted(y, w))
        recipe = recipe_for(data.n_rows, not data.loss.numeric)
        self.recipe_ = replace(recipe, n_members=self.n_members or recipe.n_members)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        held_data, kept = self._held(held), None
        if file is not None:
            kept = FitCheckpoint(file, name_of(type(self)))
            seed = seed if isinstance(self.random_state, Integral) else kept.seed(seed)
        data = data.with_statistics(seed)
        self.statistics_ = data.statistics
        if held_data is not None:
            held_data = held_data.with_columns_of(data)
        if kept is not None:
            kept.begin(self.recipe_.n_members, arguments_of(self, data, held_data, seed))
        trained, self.weights_, self.recipe_ = fit(
            data, self.recipe_, seed, self.n_threads or available_cores(), partial(self._start, data),
            held=held_data, checkpoint=kept, runner=self._runner(),
            limit=limit, verbose=self.verbose, owner=type(self).__name__, told=self._begin,
        )  # fmt: skip
        self.models_ = [member.model for member in trained]
        self._judge(trained)
        self._end(trained)

    def _judge(self, trained: Sequence[Member]) -> None:
        """Set the scores of rows kept for validation; a Ctrl-C that comes now ends these, and keeps the nets."""
        self.validation_scores_ = None
        try:
            self.validation_scores_ = scores_of(trained, self.weights_)
        except KeyboardInterrupt:
            warnings.warn(INTERRUPTED, stacklevel=USER)

    def _begin(self, recipe: Recipe, n: int) -> None:
        """Do nothing; called before training with the recipe, and the number of rows that each net is trained on."""

    def _end(self, members: Sequence[Member]) -> None:
        """Do nothing; called with the members once they are trained."""

    def _runner(self) -> Runner | None:
        """Return what trains members elsewhere."""
        return None

    def _held(self, given: tuple | None) -> Data | None:
        """Return the rows of (X_val, y_val, sample_weight_val)."""
        if given is None:
            return None
        X, y, w = given
        with located("X_val, y_val"):
            if isinstance(X, Stream):
                check_alone(y, w, "_val")
                return held_of(self, X)
            X, y, w = usable(self, "_val", X, y, w, USER + 1)
            return self._data(X, self._encoded(y), self._weighted(y, w), USER + 3)

    def _data(self, X: Any, target: np.ndarray, w: np.ndarray | None, stacklevel: int = USER + 2) -> Data:
        """Return rows to train or to validate on."""
        matrix = self._matrix(X, stacklevel)
        check_consistent_length(matrix, target, w)
        codes = [n_codes for _, n_codes in self.reading_.encoding.outputs]
        return Data(matrix, codes, target, w, self._loss(), self._outputs(), self._scaling())

    @abstractmethod
    def _checked(self, name: str, y: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return targets of the rows where they are known; raise ValueError or TypeError for what they cannot be."""

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
    def _encoded(self, y: np.ndarray) -> np.ndarray:
        """Return other targets as nets take them; raise ValueError for classes that were not learned."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss that nets are to be trained for."""

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inputs = tags.input_tags
        inputs.sparse = inputs.allow_nan = inputs.string = inputs.categorical = True
        return tags
