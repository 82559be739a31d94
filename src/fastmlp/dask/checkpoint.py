"""Checkpoints of fits by exact steps over a cluster: what must be the same where one goes on."""

import hashlib
from typing import Any

from ..messages import few
from ..optimizers import Optimizer
from ..rows.order import Pass
from ..training.checkpoint import Checkpoint, CheckpointFile
from ..training.fit import arguments, digest, extent_of, sampled
from ..training.inputs import Learned
from ..training.progress import Settings
from .partitions import Partitions
from .worker import Partition


class DaskCheckpoint(Checkpoint):
    """A checkpoint of a fit over partitions; parameters as for `Checkpoint`."""

    of = "Model on Dask"


def check_exact(file: CheckpointFile, batch_size: int | None, lbfgs: bool) -> None:
    """Raise ValueError for fits that cannot be resumed: by local steps, or by L-BFGS."""
    if lbfgs:
        raise ValueError(f"checkpoint={file.path!r}: optimizer='lbfgs' cannot be resumed; use 'adam', or another one")
    if batch_size is not None:
        raise ValueError(
            f"checkpoint={file.path!r}: steps on batches, which workers make, cannot be resumed; "
            f"use batch_size=None in place of {batch_size}, for exact steps over all rows"
        )


def checkpoint_of(
    file: CheckpointFile, model: Any, learned: Learned, settings: Settings, optimizer: Optimizer,
    partitions: Partitions, order: Pass, held: Pass,
) -> DaskCheckpoint:  # fmt: skip
    """Return the checkpoint of a fit over these partitions, which are converted; held: the rows for validation."""
    assert order.size is not None
    rows = f"{order.size}, of weight {partitions.weight:.9g} with those for validation, {digest_of(partitions)}"
    same = {
        "partitions": f"{len(partitions.sizes)}, of {few(partitions.sizes)} rows",
        **arguments(model, learned, settings, optimizer, rows, str(held.size)),
        "validation_fraction": order.fraction,
    }
    return DaskCheckpoint(file, model, optimizer, same, extent_of(settings, order.size))


def digest_of(partitions: Partitions) -> str:
    """Return a digest of the classes, the sizes of the partitions, and some rows of each."""
    cluster = partitions.cluster
    found = cluster.all(cluster.map("digest", digest_of_one, partitions.converted))
    text = repr(([str(value) for value in partitions.classes], partitions.sizes, found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_one(partition: Partition) -> str:
    """Return a digest of some rows of a partition, with their labels and weights; a task of workers."""
    n = len(partition.X)
    arrays = (partition.X, partition.y, partition.w)
    return digest(*(None if values is None else values[sampled(n)[:n]] for values in arrays))
