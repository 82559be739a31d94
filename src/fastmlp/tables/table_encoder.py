"""`TableEncoder`, an estimator after scikit-learn that learns a `TableEncoding` in one pass over a table."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..convertible import Convertible
from ..exceptions import ColumnWarning
from ..rows.columns import check_named, column_of
from ..rows.offers import is_partitioned, offers
from ..rows.record_batches import RecordBatches, record_batches
from ..rows.streams.stream import Stream, located
from ..sklearn_private import Interval, StrOptions, _check_feature_names_in, _fit_context
from ..typing import Table
from .encoding import TableEncoding
from .findings import finding
from .matrix import as_learned, matrix
from .statistics import ColumnSoFar, roles_of


class TableEncoder(Convertible, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode tables of numbers, strings and missing values as arrays of numbers, learned in one pass over their rows.

    Numbers are scaled, and each category becomes a column of 0 and 1. Where `fit` saw missing values, another column of
    0 and 1 says where a value is missing.

    Parameters
    ----------
    scaling : {"standard", "robust"} or None, default="standard"
        How to scale numbers: by mean and standard deviation, by median and interquartile range, or not at all.
    max_categories : int, default=128
        If a column has more categories, the max_categories - 1 most frequent ones have columns of their own, and the
        others share one, which `transform` uses for unknown categories, too. Without such a shared column, an unknown
        category is 0 in all columns.
    missing_indicator : bool, default=True
        Whether to add a column of 0 and 1 for missing values. Missing numbers become the mean (robust: the median).
    dtype : {"float32", "float64"}, default="float32"
        Type of the output.
    categories : sequence of str, default=()
        Columns of numbers that are categories, such as codes.
    numbers : sequence of str, default=()
        Columns of text that spells numbers, such as " 1.5" or "-2e3". Other text counts as missing: "-", for example,
        and also "1,234", which means another number in other countries, and "$5.00".
    random_state : int, RandomState or None, default=0
        Draws the 100,000 rows from which median and quartiles are computed, if there are more.

    Attributes
    ----------
    encoding_ : TableEncoding
        How each column is encoded.
    findings_ : tuple of Finding
        Columns that may have been misread: dates, identifiers or spoiled numbers that were taken for categories, codes
        or row numbers that were taken for numbers. `fit` warns of each by a `ColumnWarning` that names the parameter to
        change it. There are none for columns that `categories` names.
    n_rows_ : int
        Number of rows seen.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : array of str
        Names of the columns; only if X has names.

    Examples
    --------
    >>> import pyarrow
    >>> from fastmlp import TableEncoder
    >>> table = pyarrow.table({"age": [20, 40, None], "job": ["clerk", "smith", "clerk"]})
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age missing', 'job=clerk', 'job=smith']
    >>> encoder.transform(table).tolist()
    [[-1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    """

    _parameter_constraints: dict = {  # noqa: RUF012
        "scaling": [StrOptions({"standard", "robust"}), None],
        "max_categories": [Interval(Integral, 1, None, closed="left")],
        "missing_indicator": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "categories": ["array-like"],
        "numbers": ["array-like"],
        "random_state": ["random_state"],
    }

    def __init__(
        self, scaling: Literal["standard", "robust"] | None = "standard", *, max_categories: int = 128,
        missing_indicator: bool = True, dtype: Literal["float32", "float64"] = "float32",
        categories: Sequence[str] = (), numbers: Sequence[str] = (),
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:  # fmt: skip
        self.scaling = scaling
        self.max_categories = max_categories
        self.missing_indicator = missing_indicator
        self.dtype = dtype
        self.categories = categories
        self.numbers = numbers
        self.random_state = random_state

    def fit(self, X: Table | Stream, y: object = None) -> "TableEncoder":
        """Learn the encoding.

        Parameters
        ----------
        X : table
            A data frame of pandas, polars or Dask, of which one partition is read at a time; pyarrow's Table,
            RecordBatch or RecordBatchReader; an array-like (n, p) of numbers or objects; or a source with `names`, the
            columns to use, and `batches()`, which yields RecordBatches. All columns are numbers (of any kind), strings
            or dictionaries.
        y : ignored

        Returns
        -------
        self
        """
        for name in ("_columns", "feature_names_in_", "encoding_"):
            self.__dict__.pop(name, None)
        self.partial_fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Table | Stream, y: object = None) -> "TableEncoder":
        """Learn from more rows of the same columns.

        Parameters
        ----------
        X, y : as for `fit`

        Returns
        -------
        self
        """
        rows = self._rows(X, first="_columns" not in vars(self))
        n_rows = 0
        for batch, place in rows.batches:
            with located(place):
                for column in self._columns:
                    column.add(column_of(batch, column.name))
            n_rows += batch.num_rows
        self._check_any(n_rows)
        self.n_rows_ += n_rows
        self.encoding_ = TableEncoding(
            tuple(column.part(self.scaling, self.max_categories, self.missing_indicator) for column in self._columns)
        )
        found = (finding(column, self.n_rows_) for column in self._columns)
        self.findings_ = tuple(each for each in found if each is not None)
        for each in self.findings_:
            if each.column not in self._warned:
                warnings.warn(each.for_encoder(), ColumnWarning, stacklevel=4)
        self._warned |= {each.column for each in self.findings_}
        return self

    def transform(self, X: Table | Stream) -> Any:
        """Encode the rows of a table as numbers.

        Warns of a column of categories that has at least two values of which none was learned.

        Parameters
        ----------
        X : as for `fit`
            If both have names, columns are found by name, in any order.

        Returns
        -------
        array (n, n_features_out)
            In the encoder's dtype. A Dask dataframe becomes a Dask array that is not yet computed.
        """
        check_is_fitted(self, "encoding_")
        rows = self._rows(X, first=False)
        if is_partitioned(X):
            for name in self.encoding_.columns if rows.named and hasattr(self, "feature_names_in_") else ():
                check_named(rows.names, name)
            frame: Any = X
            meta = np.empty((0, self.encoding_.n_features_out), self.dtype)
            return frame.map_partitions(of_partition, self, meta=meta)
        out = matrix(self.encoding_, rows, self.dtype, stacklevel=3)
        self._check_any(len(out))
        return out

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names for an X that had none.

        Returns
        -------
        array (n_features_out) of str
        """
        check_is_fitted(self, "encoding_")
        parts = self.encoding_.parts
        if input_features is not None:
            names = _check_feature_names_in(self, input_features)
            parts = tuple(replace(part, name=str(name)) for part, name in zip(parts, names, strict=True))
        return np.array(TableEncoding(parts).feature_names_out, dtype=object)

    def _rows(self, X: Table | Stream, first: bool) -> RecordBatches:
        """Return X in batches, with the names that `fit` saw."""
        if offers(X, "with_text"):
            known = getattr(self, "encoding_", TableEncoding(()))
            X = X.with_text(known.text_columns, list(map(str, self.numbers)) if first else known.spelled_columns)
        rows = record_batches(X)
        if first:
            self._start(rows)
        names, named = [column.name for column in self._columns], hasattr(self, "feature_names_in_")
        return as_learned(rows, names, named, type(self).__name__, stacklevel=4)

    def _start(self, rows: RecordBatches) -> None:
        """Begin to learn, from the names of the columns."""
        names, roles = rows.names, roles_of(rows.names, self.categories, self.numbers)
        seed = check_random_state(self.random_state).randint(2**31)
        seeds = [[seed, k] if self.scaling == "robust" else None for k in range(len(names))]
        self._columns = [ColumnSoFar(name, roles[name], each) for name, each in zip(names, seeds, strict=True)]
        self.n_features_in_, self.n_rows_ = len(names), 0
        self._warned: set[str] = set()  # columns of which a warning was given
        if rows.named:
            self.feature_names_in_ = np.array(names, dtype=object)

    def _check_any(self, n_rows: int) -> None:
        if n_rows == 0:
            shape = (0, self.n_features_in_)
            raise ValueError(f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def of_partition(part: Any, encoder: TableEncoder) -> np.ndarray:
    """Encode a partition, also one without rows."""
    return encoder.transform(part) if len(part) else np.empty((0, encoder.encoding_.n_features_out), encoder.dtype)
