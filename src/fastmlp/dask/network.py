"""A net whose rows lie on the workers of a cluster: the same gradient, summed there."""

import copy
from typing import Any

import numpy as np
from dask.base import tokenize

from ..network import Network, Tally
from ..optimizers import Optimizer
from ..rows.order import Pass
from . import worker
from .cluster import Cluster
from .partitions import Partitions


class DaskNetwork:
    """What training asks of a network, over partitions.

    Attributes
    ----------
    theta, plan : those of the net on the client
    """

    def __init__(self, network: Network, model: Any, cluster: Cluster, partitions: Partitions) -> None:
        self.network, self.cluster, self.partitions = network, cluster, partitions
        self.theta, self.plan = network.theta, network.plan
        threads = cluster.threads
        share = max(1, sum(threads.values()) // max(1, len(partitions.parts)))
        what = (
            model.widths, model.activation, model.bias, str(model.dtype), model.out_activation == "softmax",
            min(share, min(threads.values(), default=1)), model.scaling,
        )  # fmt: skip
        self.net = worker.Net(tokenize(what), *what)

    def sums(self, order: Pass) -> worker.Sums:
        """J, its gradient and Σ w over a pass."""
        cluster = self.cluster
        theta = cluster.shared(self.theta)
        parts = cluster.map("gradient", worker.gradient, self.partitions.rows, theta=theta, net=self.net, order=order)
        found: worker.Sums = cluster.total(parts)
        return found

    def gradient(self, order: Pass) -> tuple[Tally, np.ndarray]:
        """As `Network.gradient`, for a pass over the partitions."""
        found = self.sums(order)
        assert found.gradient is not None
        return Tally(J=found.J, weight=found.weight, rows=found.rows), found.gradient

    def evaluate(self, order: Pass) -> dict[str, float]:
        """Mean log loss and accuracy over the rows kept for validation."""
        theta = self.cluster.shared(self.theta)
        parts = self.cluster.map(
            "score", worker.score, self.partitions.rows, theta=theta, net=self.net, order=order
        )  # fmt: skip
        loss, right, weight = self.cluster.total(parts)
        if weight == 0:
            raise ValueError("the rows kept for validation have no weight; at least one must have a weight above 0")
        return {"validation_loss": float(loss / weight), "validation_accuracy": float(right / weight)}

    def train(
        self, rows: Any, order: Pass, batch_rows: int, optimizer: Optimizer, l2: float,
        watch: Any, tally: Tally, seed: int = 0,
    ) -> None:  # fmt: skip
        """One pass: a step on the gradient of all rows, or steps of each worker over its own."""
        assert order.size is not None
        if batch_rows >= order.size:
            self.one_step(order, optimizer, l2, tally)
        else:
            self.local_steps(order, batch_rows, optimizer, l2, tally)

    def one_step(self, order: Pass, optimizer: Optimizer, l2: float, tally: Tally) -> None:
        """Exactly the step that one machine makes on all rows."""
        found = self.sums(order)
        tally.J, tally.weight, tally.rows = found.J, found.weight, found.rows
        tally.diverged = not np.isfinite(found.J)
        if not tally.diverged and found.weight > 0:
            assert found.gradient is not None
            self.network.step(optimizer, found.gradient, found.weight, l2)

    def local_steps(self, order: Pass, batch_rows: int, optimizer: Optimizer, l2: float, tally: Tally) -> None:
        """An epoch of each worker over its rows; then the mean of parameters and moments, weighted by rows."""
        cluster, partitions = self.cluster, self.partitions
        optimizer.prepare(self.theta.size, self.theta.dtype)
        light = copy.copy(optimizer)
        light.moments = None
        theta, moments = cluster.shared(self.theta), cluster.shared(np.asarray(optimizer.moments))
        futures = [
            cluster.submit(
                "epoch", worker.epoch, [partitions.rows[i] for i in group], theta, moments, self.net, light, l2,
                batch_rows, order,
            )
            for group in cluster.where(partitions.rows)
        ]  # fmt: skip
        found = [part for part in cluster.all(futures) if part.rows]
        tally.J, tally.weight = sum(part.J for part in found), sum(part.weight for part in found)
        tally.rows = sum(part.rows for part in found)
        tally.diverged = not np.isfinite(tally.J)
        if tally.diverged:
            return
        share = np.array([part.rows for part in found]) / tally.rows
        self.theta[:] = sum(s * part.theta.astype(np.float64) for s, part in zip(share, found, strict=True))
        assert optimizer.moments is not None
        optimizer.moments[:] = sum(s * part.moments.astype(np.float64) for s, part in zip(share, found, strict=True))
        optimizer.t = round(float(share @ [part.t for part in found]))
