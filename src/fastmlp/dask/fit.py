"""`fit` over Dask's collections."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import optimizers
from ..arguments import checked_callbacks, checked_fraction
from ..losses import Loss
from ..model import Model
from ..optimizers import Optimizer
from ..precision import check_smooth
from ..rows.order import Pass
from ..system.interrupts import postponed
from ..training.checkpoint import CheckpointFile
from ..training.fit import check_parameters, settings_of
from ..training.inputs import Learned, check_names
from ..training.loop import Part, run_callbacks
from ..training.progress import Settings
from ..training.rules import train
from ..typing import Callbacks, DaskCollection, OptimizerName, Record, Verbose
from .checkpoint import check_exact, checkpoint_of
from .cluster import Cluster
from .network import DaskNetwork
from .partitions import Partitions
from .worker import target_of

if TYPE_CHECKING:
    from distributed import Client

Rule = OptimizerName | Literal["lbfgs"] | Optimizer


def fit(
    model: Model, X: DaskCollection, y: DaskCollection | str | list[str],
    sample_weight: DaskCollection | str | None = None, *,
    client: "Client | None" = None, epochs: int = 10, batch_size: int | None = None,
    optimizer: Rule = "adam", l2: float = 0.0,
    validation_fraction: float = 0.0, early_stopping: bool = False, n_iter_no_change: int = 10, tol: float = 1e-4,
    verbose: Verbose = 0, callbacks: Callbacks[Model] = None, timeout: float = 600.0,
    checkpoint: str | os.PathLike | None = None, checkpoint_every: float = 60.0, resume: bool = False,
) -> Model:  # fmt: skip
    """Train a `fastmlp.Model` on the rows of Dask's arrays or dataframes, where they lie.

    Parameters
    ----------
    model : Model
        Trained from its present weights on.
    X : Dask array (n, p) or dataframe
    y : Dask array, series or dataframe, (n) or (n, K), or the name of a column of X, or a list of names
        0 and 1, classes 0 … K-1, or numbers, as the model has it.
    sample_weight : Dask array or series (n), the name of a column of X, or None
    client : distributed.Client or None, default=None
        None: the default one.
    epochs : int, default=10
        Or, for "lbfgs", iterations at most.
    batch_size : int or None, default=None
        None: an epoch is one step on the gradient of all rows, exactly as on one machine; rows stay where they are.
        Else rows are dealt to the workers, once, each of which makes an epoch of steps on batches of its own; then
        parameters and moments are averaged. Each of k workers makes 1/k of the steps, at k times the learning_rate,
        8 times at most.
    optimizer : str or Optimizer, default="adam"
        As for `Model.fit`, or "lbfgs": scipy's L-BFGS over all rows, on the client; it takes no batch_size and no
        validation.
    l2, validation_fraction, early_stopping, n_iter_no_change, tol, verbose, callbacks : as for `Model.fit`
    timeout : float, default=600
        Seconds that an answer of the cluster may take: a step over all rows, say.
    checkpoint, checkpoint_every, resume : as for `Model.fit`
        The file lies on the client. Only for exact steps (batch_size=None), and not for "lbfgs". A fit that goes on
        over the same partitions, on whatever workers, ends with the bits of one that was not interrupted.

    Returns
    -------
    model

    Raises
    ------
    ValueError, TypeError
        Names the argument, or the partition, and what is wrong with it.
    FileExistsError, ModelFormatError, OSError
        About the checkpoint, as from `Model.fit`.
    TimeoutError
        The cluster did not answer in time, for example because no worker is left.
    ConnectionError
        The cluster was closed or restarted, or lost rows that it cannot make again.
    distributed.KilledWorker
        A task has killed one worker after the other, for example because a partition does not fit into memory.
    DivergenceError, KeyboardInterrupt
        As from `Model.fit`.
    UnsupportedCPUError
        The model is of mixed_bfloat16, and a worker's CPU has no instructions for it; the client needs none.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from distributed import Client
    >>> import fastmlp.dask
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")   # or the address of a cluster
    >>> X = da.from_array(np.random.default_rng(0).standard_normal((1000, 3)), chunks=(500, 3))
    >>> model = fastmlp.dask.fit(fastmlp.Model([3, 16, 1]), X, X[:, 0] > 0, epochs=5, batch_size=100)
    >>> bool(model.history[-1]["loss"] < model.history[0]["loss"])
    True
    >>> client.close()
    """
    settings = settings_of(model, epochs, batch_size, l2, True, early_stopping, n_iter_no_change, tol, verbose)
    check(model, settings, validation_fraction, optimizer)
    functions, file = checked_callbacks(callbacks), CheckpointFile.checked(checkpoint, checkpoint_every, resume)
    if file is not None:
        check_exact(file, settings.batch_size, isinstance(optimizer, str) and optimizer == "lbfgs")
    with Cluster(client, timeout) as cluster:
        partitions = Partitions(cluster, X, y, sample_weight, model.network.plan.loss.numeric)
        run(model, partitions, None, settings, validation_fraction, optimizer, functions, file)
    return model


def check(model: Model, settings: Settings, validation_fraction: float, optimizer: Rule) -> None:
    """Raise ValueError for what is wrong whatever the rows are."""
    if model.encoding is not None:
        raise ValueError("the model has an encoding, which reads tables; encode X first, with TableEncoder.transform")
    if any(model.network.plan.dropout):
        raise ValueError("the model has dropout, which workers do not train with; make a model without")
    check_parameters(model)
    checked_fraction("validation_fraction", validation_fraction)
    if settings.early_stopping and not validation_fraction:
        raise ValueError("early_stopping needs a validation set: give validation_fraction")
    if isinstance(optimizer, str) and optimizer == "lbfgs":
        if settings.batch_size is not None or validation_fraction:
            raise ValueError("optimizer='lbfgs' takes all rows at once; leave out batch_size and validation_fraction")
        check_smooth(model.mixed, "optimizer='lbfgs'", "optimizer='adam'")
    else:
        optimizers.resolve(optimizer).prepare(model.parameters.size, model.dtype)


def run(
    model: Model, partitions: Partitions, classes: list | None, settings: Settings, validation_fraction: float,
    optimizer: Rule, callbacks: list[Callable[..., Any]], file: CheckpointFile | None = None,
) -> None:  # fmt: skip
    """Train over partitions; classes: the values of y that 0, 1, … stand for; file: where exact steps are kept."""
    order, held = partitions.parts(validation_fraction, model.seed)
    network, learned = connected(model, partitions, classes), Learned(partitions.names)
    steps = None if isinstance(optimizer, str) and optimizer == "lbfgs" else optimizers.resolve(optimizer)

    def after(record: Record) -> bool:
        try:
            return run_callbacks(callbacks, model, record)
        finally:
            model.optimizer = steps  # the one that trains, and that a checkpoint keeps

    if steps is None:
        model.optimizer = None
        learned.adopt(model)
        train_exactly(network, order, settings, model.history, after)
        return
    steps.prepare(model.parameters.size, model.dtype)
    with postponed():
        keep = progress = None
        if file is not None:
            keep = checkpoint_of(file, model, learned, settings, steps, partitions, order, held)
            progress = keep.resumed()
        model.optimizer = steps
        learned.adopt(model)
        if progress is None or not progress.ended:
            validate = (lambda: network.evaluate(held)) if validation_fraction else None
            part = Part(partitions, order)  # type: ignore[arg-type]
            train(network, steps, part, validate, settings, model, after, progress, keep)


def connected(model: Model, partitions: Partitions, classes: list | None) -> DaskNetwork:
    """Return the model's net over the partitions, once all that is known of these is checked."""
    if partitions.n_features != model.n_columns:
        raise ValueError(f"X has {partitions.n_features} features, but the model was made for {model.n_columns}")
    check_names(model, partitions.names)
    loss, K = model.network.plan.loss, model.widths[-1]
    target = target_of(loss, K, model.dtype, classes, model.target_scaling)
    if loss.numeric:
        check_columns(partitions.targets, loss, K)
    elif len(partitions.classes) < 2:
        raise ValueError(f"y holds only one class ({partitions.classes[0]}); two are required")
    elif classes is None and target.shape == ():
        target.encode(np.array(partitions.classes), len(partitions.classes))
    partitions.convert(str(model.dtype), target, model.features is not None)
    return DaskNetwork(model.network, model, partitions.cluster, partitions)


def check_columns(columns: int, loss: Loss, outputs: int) -> None:
    """Raise ValueError unless y has as many columns as a model of numbers has targets."""
    if columns != loss.targets(outputs):
        what = f"loss={loss.name!r} and {outputs} outputs" if outputs > 1 else "one output"
        raise ValueError(f"y has {columns} columns, but the model, with {what}, takes {loss.targets(outputs)}")


def train_exactly(
    network: DaskNetwork, order: Pass, settings: Settings, history: list[Record], after: Callable[[Record], bool]
) -> None:  # fmt: skip
    """Minimize on the client, with a pass over all rows for each evaluation; θ is that of the last iteration."""
    from ..training.lbfgs import minimise  # not above: workers import this module, and have no use for scipy

    theta = network.theta.astype(np.float64)
    first, n_weights, begin = len(history), network.plan.n_weights, time.perf_counter()

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        network.theta[:] = x
        found, W = network.sums(order), np.where(np.arange(x.size) < n_weights, x, 0)
        return found.J / found.weight + settings.l2 / 2 * float(W @ W), found.gradient / found.weight + settings.l2 * W

    def iterated(loss: float) -> bool:
        nonlocal begin
        W, now = theta[:n_weights], time.perf_counter()
        history.append({
            "epoch": history[-1]["epoch"] + 1 if history else 1, "loss": loss - settings.l2 / 2 * float(W @ W),
            "loss_with_l2": loss, "seconds": now - begin,
        })  # fmt: skip
        begin = now
        if settings.verbose:
            print(f"Iteration {len(history) - first}, loss = {loss:.8f}")
        return after(history[-1])

    try:
        minimise(objective, theta, iterated, settings.epochs, settings.tol)
    finally:
        network.theta[:] = theta
