"""Types of what users give, for editors and type checkers."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

M = TypeVar("M", contravariant=True)


class Frame(Protocol):
    """A dataframe, of pandas or polars."""

    @property
    def columns(self) -> Iterable[object]: ...
    def __len__(self) -> int: ...


class SparseMatrix(Protocol):
    """A sparse matrix or array of SciPy, in any format."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def tocsr(self) -> object: ...


class ArrowTable(Protocol):
    """A table that hands out Arrow's record batches without a copy: of PyArrow, pandas or polars."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class BatchSource(Protocol):
    """A table that is read in batches: names of columns, and an iterator of record batches of PyArrow."""

    @property
    def names(self) -> Sequence[str]: ...
    def batches(self) -> Iterable[object]: ...


class DaskCollection(Protocol):
    """An array, dataframe or series of Dask."""

    @property
    def ndim(self) -> int: ...
    def to_delayed(self) -> object: ...


MatrixLike = ArrayLike | Frame | SparseMatrix | ArrowTable
Table = ArrayLike | Frame | ArrowTable | BatchSource | DaskCollection
FilePath = str | os.PathLike[str]

ActivationName = Literal[
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu"
]
Pair = tuple[Callable[[float], float], Callable[[float], float]]  # g and g'
Activations = ActivationName | Pair | list[ActivationName | Pair]
OptimizerName = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
LossName = Literal["log_loss", "squared_error", "poisson", "quantile", "huber"]
Schedule = Literal["constant", "cosine", "one_cycle"]
Verbose = bool | int | Literal["bar"]

Scaling = tuple[np.ndarray, np.ndarray]  # (shift, factor) of columns, which are read as (x - shift) factor
Record = dict[str, float]  # what the history tells of an epoch


class Callback(Protocol[M]):
    """A function that `fit` calls after each epoch; training ends if it returns True."""

    def __call__(self, model: M, record: Record, /) -> bool | None: ...


Callbacks = Callback[M] | list[Callback[M]] | None
