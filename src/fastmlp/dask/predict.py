"""Predictions of Dask's collections: lazy, a block at a time."""

import copy
from typing import Any

import numpy as np
from dask.base import tokenize

from ..model import Model
from ..rows.frame import names_of
from ..training.inputs import check_names
from ..typing import DaskCollection
from .borrow import functions


def predict_proba(model: Model, X: DaskCollection) -> Any:
    """Probabilities of each row, as `Model.predict_proba` gives them: a Dask array (n) or (n, K), not yet computed.

    Parameters
    ----------
    model : Model
    X : Dask array (n, p) or dataframe
    """
    return lazy(model, X, "predict_proba", model.dtype)


def predict(model: Model, X: DaskCollection) -> Any:
    """0 or 1, or the number of its class, of each row: a Dask array, not yet computed."""
    return lazy(model, X, "predict", np.dtype(np.int64))


def lazy(model: Model, X: Any, method: str, dtype: np.dtype) -> Any:
    """A Dask array of what a method of the model says of each block."""
    light = lightened(model)
    if hasattr(X, "to_dask_array"):
        check_names(model, names_of(X) if hasattr(X, "columns") else None)
        X = X.to_dask_array()
    elif not hasattr(X, "map_blocks"):
        raise TypeError(f"X is a {type(X).__name__}; it must be a Dask array or dataframe")
    if X.ndim != 2 or X.shape[1] != model.widths[0]:
        raise ValueError(f"X has shape {X.shape}, but the model was made for {model.widths[0]} features")
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    # Of the whole state, so that no attribute is left out that decides what is said.
    state = {**light.__getstate__(), "activation": functions(light.network.plan)}
    token = tokenize(type(light), state, X.name)
    K = model.widths[-1]
    wide = K > 1 and (method == "predict_proba" or model.out_activation == "logistic")
    shape: dict[str, Any] = {"chunks": (X.chunks[0], (K,))} if wide else {"drop_axis": 1}
    return X.map_blocks(
        said, light, method, dtype=dtype, name=f"fastmlp-{method.replace('_', '-')}-{token}",
        meta=np.empty((0, K) if wide else (0,), dtype), **shape,
    )  # fmt: skip


def lightened(model: Model) -> Model:
    """The model without moments and history, on one thread: workers run several tasks at a time."""
    light = copy.copy(model)
    light.__setstate__({**model.__getstate__(), "optimizer": None, "history": [], "n_threads": 1})
    return light


def said(X: np.ndarray, model: Model, method: str) -> np.ndarray:
    """What the model says of a block, one of no rows included."""
    found: np.ndarray = getattr(model, method)(X)
    return found
