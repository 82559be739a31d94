"""Predictions for Dask's collections: lazy, a partition at a time."""

import copy
from typing import Any

import numpy as np
from dask.base import tokenize

from ..model import Model
from ..rows.frame import names_of
from ..rows.offers import offers
from ..training.inputs import check_names
from ..typing import DaskCollection
from .task_network import functions


def predict_proba(model: Model, X: DaskCollection) -> Any:
    """Return what `Model.predict_proba` gives, for a Dask collection.

    Parameters
    ----------
    model : Model
    X : Dask array (n, p) or dataframe

    Returns
    -------
    Dask array (n) or (n, K) that is not yet computed

    Raises
    ------
    AttributeError
        The model predicts numbers.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import fastmlp.dask
    >>> x = np.random.default_rng(0).standard_normal((1000, 3))
    >>> model = fastmlp.Model([3, 16, 1]).fit(x, x[:, 0] > 0, epochs=3, batch_size=100)
    >>> fastmlp.dask.predict_proba(model, da.from_array(x, chunks=(500, 3))).compute().shape
    (1000,)
    """
    return lazy(model, X, "predict_proba", model.dtype)


def predict(model: Model, X: DaskCollection) -> Any:
    """Return what `Model.predict` gives, for a Dask collection.

    Parameters
    ----------
    model : Model
    X : Dask array (n, p) or dataframe

    Returns
    -------
    Dask array (n) or (n, K) that is not yet computed

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import fastmlp.dask
    >>> x = np.random.default_rng(0).standard_normal((1000, 3))
    >>> model = fastmlp.Model([3, 16, 1]).fit(x, x[:, 0] > 0, epochs=3, batch_size=100)
    >>> fastmlp.dask.predict(model, da.from_array(x, chunks=(500, 3))).compute().shape
    (1000,)
    """
    if model.target_scaling is not None:
        return lazy(model, X, "predict", np.dtype(np.float64))
    return lazy(model, X, "predict", model.dtype if model.network.plan.loss.numeric else np.dtype(np.int64))


def lazy(model: Model, X: Any, method: str, dtype: np.dtype) -> Any:
    """Return a Dask array of what a method of the model returns for each partition."""
    loss = model.network.plan.loss
    if method == "predict_proba":
        model._check_classes(method)
    light = lightened(model)
    if offers(X, "to_dask_array"):
        check_names(model, names_of(X) if hasattr(X, "columns") else None)
        X = X.to_dask_array()
    elif not offers(X, "map_blocks"):
        raise TypeError(f"X is a {type(X).__name__}; it must be a Dask array or dataframe")
    if X.ndim != 2 or X.shape[1] != model.n_columns:
        raise ValueError(f"X has shape {X.shape}, but the model was made for {model.n_columns} features")
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    # Of the whole state, so that no attribute is left out that decides what is returned.
    state = {**light.__getstate__(), "activation": functions(light.network.plan)}
    token = tokenize(type(light), state, X.name)
    K = model.widths[-1]
    wide = K > 1 and (method == "predict_proba" or not loss.exclusive)
    shape: dict[str, Any] = {"chunks": (X.chunks[0], (K,))} if wide else {"drop_axis": 1}
    return X.map_blocks(
        called, light, method, dtype=dtype, name=f"fastmlp-{method.replace('_', '-')}-{token}",
        meta=np.empty((0, K) if wide else (0,), dtype), **shape,
    )  # fmt: skip


def lightened(model: Model) -> Model:
    """Return the model without moments and history, on one thread: workers run several tasks at a time."""
    light = copy.copy(model)
    light.__setstate__({**model.__getstate__(), "optimizer": None, "history": [], "n_threads": 1})
    return light


def called(X: np.ndarray, model: Model, method: str) -> np.ndarray:
    """Return what a method of the model returns for a partition, which may have no rows."""
    found: np.ndarray = getattr(model, method)(X)
    return found
