"""`TabularClassifier`."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from ..losses import CROSS_ENTROPY, LOG_LOSS, Loss
from ..messages import few, shown
from ..rows.labels import Labels, Target
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..rows.survey import classes_of
from ..sklearn.classes import ClassTarget, check_one_kind, class_weights, refuse_weightless
from ..sklearn_private import StrOptions
from ..typing import SparseMatrix, Table, Verbose
from .estimator import CONSTRAINTS, TabularEstimator
from .members.ensemble import log_linked


class TabularClassifier(ClassifierMixin, TabularEstimator):  # type: ignore[misc]
    """Classes of the rows of a table as it is: numbers, categories, text, booleans, dates and missing values.

    What columns are is found, several nets are trained on different encodings of them, side by side, and their outputs
    are averaged. Nothing has to be set; with the same `random_state`, the result has the same bits for any number of
    threads.

    Parameters
    ----------
    n_members : int or None, default=None
        The number of nets. None: 8, or 4 above 100,000 rows and 2 above 300,000; `time_limit` may change it.
    categories : sequence of str, default=()
        Columns that are categories, such as numbers that are codes, or text that looks like identifiers.
    numbers : sequence of str, default=()
        Columns of text that spells numbers; other text in them counts as missing.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes, by which those of rows are multiplied, for training and validation; "balanced": n / (K × the
        class's number of rows).
    time_limit : float or None, default=None
        Seconds that `fit` may take. None: no limit; then nothing that is measured decides anything.
    random_state : int, RandomState or None, default=None
        For first weights, rows for validation, and the order of rows.
    n_threads : int or None, default=None
        The largest number of threads. None: one per available core.
    verbose : bool, int or "bar", default=0
        Print a line for each net, or show a progress bar over the rows of all of them.

    Attributes
    ----------
    classes_ : array (K)
        The classes in ascending order.
    n_features_in_ : int
        Number of columns of X, also of those that are left out.
    feature_names_in_ : array of str
        Their names; only if X has names.
    reading_ : TableReading
        How each column is read; `left_out` names those that are not, and why.
    models_ : list of Model
        The nets; their `history` has the losses of each round.
    weights_ : array
        The weight of each net in the average.
    recipe_ : Recipe
        The settings of the nets and of their training, such as `n_members`, `width` and `epochs`.
    validation_scores_ : scores, or None
        Figures over the rows that nets kept for validation, each predicted by the nets that were not trained on it:
        `log_loss`, `auc`, `accuracy` and ``rows``, the number of rows; `print` shows them. Files do not keep them.
        None: of fewer than 40 rows, none are kept; or Ctrl-C came while they were found.
    target_name_ : str or None
        The name of a stream's target.

    Examples
    --------
    >>> import pyarrow
    >>> from fastmlp import TabularClassifier
    >>> table = pyarrow.table({"age": [20, 40, None, 60] * 50, "job": ["clerk", "smith", "clerk", "cook"] * 50})
    >>> y = ["no", "yes", "no", "yes"] * 50
    >>> model = TabularClassifier(n_members=2, random_state=0).fit(table, y)
    >>> model.predict(table.slice(0, 4)).tolist()
    ['no', 'yes', 'no', 'yes']
    >>> model.predict_proba(table).shape
    (200, 2)
    """

    _parameter_constraints: dict = {**CONSTRAINTS, "class_weight": [dict, StrOptions({"balanced"}), None]}  # noqa: RUF012

    def __init__(
        self, *, n_members: int | None = None, categories: Sequence[str] = (), numbers: Sequence[str] = (),
        class_weight: dict | Literal["balanced"] | None = None, time_limit: float | None = None,
        random_state: int | np.random.RandomState | None = None, n_threads: int | None = None, verbose: Verbose = 0,
    ) -> None:  # fmt: skip
        self.n_members, self.categories, self.numbers = n_members, categories, numbers
        self.class_weight, self.time_limit = class_weight, time_limit
        self.random_state, self.n_threads, self.verbose = random_state, n_threads, verbose

    def predict(self, X: Table | SparseMatrix | Stream) -> np.ndarray:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : as for `fit`
            Columns are found by name, in any order, where both tables have names.

        Returns
        -------
        array (n)
        """
        now = self._now()
        return np.asarray(now.classes_[now._linked(X).argmax(axis=1)])

    def predict_proba(self, X: Table | SparseMatrix | Stream) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : as for `predict`

        Returns
        -------
        array (n, K)
            Columns in the order of `classes_`.
        """
        return np.asarray(self._now()._linked(X))

    def predict_log_proba(self, X: Table | SparseMatrix | Stream) -> np.ndarray:
        """Return logarithms of `predict_proba`, which are finite also where a probability is rounded to 0.

        Parameters
        ----------
        X : as for `predict`

        Returns
        -------
        array (n, K)
        """
        return np.asarray(self._now()._linked(X, log_linked))

    def score(
        self, X: Table | SparseMatrix | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy, by weight.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`; no target may be missing

        Returns
        -------
        float
        """
        return self._scored(X, y, sample_weight, super().score)

    def _checked(self, name: str, y: np.ndarray, known: np.ndarray) -> np.ndarray:
        labels = y[known]
        check_one_kind(name, labels)
        if labels.dtype == object and len(labels) and not isinstance(labels[0], str):
            labels = plain(labels)
        if labels.dtype.kind == "f" and np.isinf(labels).any():
            raise ValueError(f"{name} contains infinity; drop such rows")
        check_classification_targets(labels)
        return np.asarray(labels)

    def _learn(self, y: np.ndarray) -> np.ndarray:
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self._check_classes()
        if self.class_weight is not None:
            self._by_class = class_weights(self.class_weight, self.classes_, y)
        return np.asarray(numbers)

    def _learn_stream(self, stream: Stream) -> None:
        self.classes_ = np.array(classes_of(stream))
        self._check_classes()

    def _check_classes(self) -> None:
        """Raise ValueError for a single class."""
        if len(self.classes_) < 2:
            raise ValueError(f"y holds only one class ({shown(self.classes_[0])}); rows of two classes are required")

    def _target(self, name: str, others: bool = False) -> Target:
        return Labels(self._outputs(), self._loss(), self.classes_.tolist(), name, others)

    def _weigh(self, rows: StreamedRows) -> None:
        ClassTarget(self).weigh_stream(rows)
        if rows.class_weights is not None:
            self._by_class = rows.class_weights[: len(self.classes_)]

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        new = np.setdiff1d(y, self.classes_)
        if len(new):
            raise ValueError(f"y_val has classes that y has not: {few(new.tolist())}")
        return np.asarray(np.searchsorted(self.classes_, y))

    def _loss(self) -> Loss:
        return LOG_LOSS if len(self.classes_) == 2 else CROSS_ENTROPY

    def _outputs(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _weighted(self, y: np.ndarray, w: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return w
        by_class = self._by_class[np.searchsorted(self.classes_, y)]
        refuse_weightless(self.class_weight, by_class)
        with np.errstate(over="ignore"):  # what becomes inf is refused where rows are made
            return by_class if w is None else by_class * w


def plain(labels: np.ndarray) -> np.ndarray:
    """Return objects that are all booleans or numbers as an array of these, others as they are."""
    values: Any = np.array(labels.tolist())
    return values if values.dtype.kind in "biuf" and values.shape == labels.shape else labels
