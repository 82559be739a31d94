"""`fit` over Dask's collections."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

from .. import lbfgs, optimizers, training
from ..arguments import checked_float, checked_int
from ..model import Model
from ..rows.labels import Labels
from ..rows.order import Pass
from .cluster import Cluster
from .network import DaskNetwork
from .partitions import Partitions


def fit(
    model: Model, X: Any, y: Any, sample_weight: Any = None, *,
    client: Any = None, epochs: int = 10, batch_size: int | None = None, optimizer: Any = "adam", l2: float = 0.0,
    validation_fraction: float = 0.0, early_stopping: bool = False, n_iter_no_change: int = 10, tol: float = 1e-4,
    verbose: int = 0, callback: Callable[[Model, dict[str, Any]], bool | None] | None = None, timeout: float = 600.0,
) -> Model:  # fmt: skip
    """Train a `fastmlp.Model` on the rows of Dask's arrays or dataframes, where they lie.

    Parameters
    ----------
    model : Model
        Trained from its present weights on.
    X : Dask array (n, p) or dataframe
    y : Dask array or series (n), or the name of a column of X
        0 and 1, or classes 0 … K-1, as the model has it.
    sample_weight : as y, or None
    client : distributed.Client or None
        None: the default one.
    epochs : int
        Or, for "lbfgs", iterations at most.
    batch_size : int or None
        None: an epoch is one step on the gradient of all rows, exactly as on one machine. Else each worker makes an
        epoch of steps on batches of its own rows, and parameters and moments are averaged after it.
    optimizer : str or Optimizer
        As for `Model.fit`, or "lbfgs": scipy's L-BFGS over all rows, on the client.
    l2, validation_fraction, early_stopping, n_iter_no_change, tol, verbose, callback : as for `Model.fit`
    timeout : float
        Seconds that an answer of the cluster may take: a step over all rows, say.

    Returns
    -------
    model

    Raises
    ------
    ValueError, TypeError
        Names the argument, or the partition, and what is wrong with it.
    TimeoutError
        The cluster did not answer in time, for example because no worker is left.
    DivergenceError, KeyboardInterrupt
        As from `Model.fit`.
    """
    if model.encoding is not None:
        raise ValueError("the model has an encoding, which reads tables; encode X first, with map_partitions")
    settings = training.Settings(
        checked_int("epochs", epochs, 0), None if batch_size is None else checked_int("batch_size", batch_size, 1),
        checked_float("l2", l2, 0), True, model.seed, bool(early_stopping),
        checked_int("n_iter_no_change", n_iter_no_change, 1), checked_float("tol", tol, 0), int(verbose),
    )  # fmt: skip
    if not 0 <= checked_float("validation_fraction", validation_fraction, 0) < 1:
        raise ValueError(f"validation_fraction={validation_fraction}: must be at least 0 and less than 1")
    if early_stopping and not validation_fraction:
        raise ValueError("early_stopping needs a validation set: give validation_fraction")
    cluster = Cluster(client, checked_float("timeout", timeout, 0))
    partitions = Partitions(cluster, X, y, sample_weight)
    network = connected(model, cluster, partitions)
    order, held = partitions.parts_for(validation_fraction, model.seed)
    if optimizer == "lbfgs":
        minimise(network, order, settings)
        return model
    resolved = optimizers.resolve(optimizer)
    model.optimizer = resolved
    training.train(
        network, resolved, training.Part(partitions, order),  # type: ignore[arg-type]
        (lambda: network.evaluate(held)) if validation_fraction else None, settings, model.history,
        None if callback is None else lambda record: callback(model, record),
    )  # fmt: skip
    return model


def connected(model: Model, cluster: Cluster, partitions: Partitions, classes: list[Any] | None = None) -> DaskNetwork:
    """The model's net over the partitions; classes: what 0, 1, … stand for in y."""
    if partitions.n_features != model.widths[0]:
        raise ValueError(f"X has {partitions.n_features} features, but the model was made for {model.widths[0]}")
    if partitions.names is not None:
        if model.feature_names is not None and model.feature_names != partitions.names:
            raise ValueError(
                f"X has the columns {partitions.names}, but the model was trained with {model.feature_names}"
            )
        model.feature_names = partitions.names
    if len(partitions.classes) < 2:
        raise ValueError(f"y holds only one class ({partitions.classes[0]}); two are required")
    labels = Labels(model.widths[-1], model.out_activation == "softmax", classes)
    if classes is None:
        labels.encode(np.array(partitions.classes), len(partitions.classes))
    partitions.convert(str(model.dtype), labels)
    return DaskNetwork(model.network, model, cluster, partitions)


def minimise(network: DaskNetwork, order: Pass, settings: training.Settings) -> Any:
    """L-BFGS on the client: each evaluation is a pass over all rows; scipy's result."""
    weight = network.sums(order).weight
    theta = network.theta.astype(np.float64)
    result = minimize(
        lambda theta: lbfgs.objective(network, order, settings.l2 * weight, theta), theta,
        jac=True, method="L-BFGS-B", options={"maxiter": settings.epochs, "gtol": settings.tol},
    )  # fmt: skip
    network.theta[:] = result.x
    return result
