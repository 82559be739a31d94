"""A network whose rows lie on the workers of a cluster; they sum its gradient."""

import copy
import math
from typing import Any

import numpy as np
from dask.base import tokenize

from ..network.call import SUMS, Tally
from ..network.network import Network
from ..optimizers import Optimizer
from ..rows.order import Pass
from ..system.interrupts import check
from ..training.figures import Figures
from . import worker
from .cluster import Cluster
from .partitions import Partitions
from .task_network import NetSpec, functions

MOST_RATE = 8  # times the optimizer's learning rate, at most


class DaskNetwork:
    """The methods of a `Network` that training calls, over partitions.

    Attributes
    ----------
    theta, plan : those of the net on the client
    """

    def __init__(self, network: Network, model: Any, cluster: Cluster, partitions: Partitions) -> None:
        self.network, self.cluster, self.partitions = network, cluster, partitions
        self.theta, self.plan = network.theta, network.plan
        self.epochs: int | None = None  # of the optimizer's schedule
        threads = cluster.threads
        share = max(1, sum(threads.values()) // max(1, len(partitions.sizes)))
        what = (
            model.widths, model.activation, model.bias, str(model.dtype), model.mixed, model.network.plan.loss,
            min(share, min(threads.values(), default=1)), model.scaling, model.features,
        )  # fmt: skip
        net = NetSpec("", *what)
        self.net = net._replace(token=tokenize(net._replace(activation=functions(self.plan))))

    def sums(self, order: Pass) -> worker.GradientSum:
        """Return J, its gradient and Σ w over a pass."""
        cluster = self.cluster
        theta = cluster.shared(self.theta)
        converted = self.partitions.converted
        futures = cluster.map("gradient", worker.gradient, converted, theta=theta, net=self.net, order=order)
        total: worker.GradientSum = cluster.total(futures)
        return total

    def evaluate(self, order: Pass) -> dict[str, float]:
        """Return mean loss and score over the rows kept for validation, by the names of `history`."""
        if self.partitions.shares:  # no other rows are left
            order = Pass(order.size)
        theta, converted = self.cluster.shared(self.theta), self.partitions.converted
        futures = self.cluster.map("score", worker.score, converted, theta=theta, net=self.net, order=order)
        found: Figures = self.cluster.total(futures)
        return found.record(self.plan.loss)

    def train(
        self, rows: Any, order: Pass, batch_rows: int, optimizer: Optimizer, l2: float,
        watch: Any, tally: Tally, seed: int = 0, after: Any = None,
    ) -> None:  # fmt: skip
        """Make a pass: one step on the gradient of all rows, or steps of each worker over its share.

        A step that the tally has counted is not made again; `after` is called after a step, as by `Network.train`.
        """
        assert order.size is not None
        if tally.rows == order.size:
            return
        if batch_rows >= order.size:
            self.one_step(order, optimizer, l2, tally)
        else:
            self.local_steps(order, batch_rows, optimizer, l2, tally)
        if after is not None and not tally.diverged:
            after()

    def one_step(self, order: Pass, optimizer: Optimizer, l2: float, tally: Tally) -> None:
        """Make the step that one machine makes on all rows, and count its rows."""
        found = self.sums(order)
        tally.diverged = not np.isfinite(found.J)
        if tally.diverged:
            return
        if found.weight > 0:
            t, objective = optimizer.t, 0.0
            if optimizer.like_scikit_learn:
                W = self.theta[: self.plan.n_weights].astype(np.float64)
                J = found.J / self.plan.loss.averaged(self.plan.widths[-1])
                objective = found.rows * (J + l2 / 2 * float(W @ W)) / found.weight
            while optimizer.t == t:  # Ctrl-C may end the call before its step
                check()
                self.network.step(optimizer, found.gradient, found.weight, l2)
            if optimizer.like_scikit_learn:
                tally.objective, tally.objective_rows = objective, float(found.rows)
        tally.J, tally.weight, tally.rows = found.J, found.weight, found.rows

    def local_steps(self, order: Pass, batch_rows: int, optimizer: Optimizer, l2: float, tally: Tally) -> None:
        """Have each worker make an epoch over its share; average parameters and moments, weighted by rows."""
        assert order.size is not None
        cluster, partitions = self.cluster, self.partitions
        optimizer.prepare(self.theta.size, self.theta.dtype)
        if not partitions.shares:
            partitions.deal(order)
        theta, moments = cluster.shared(self.theta), cluster.shared(np.asarray(optimizer.moments))
        light = self.for_workers(optimizer, order.size, batch_rows)
        futures = [
            cluster.submit(
                "epoch", worker.epoch, share.rows, theta, moments, self.net, light, l2, batch_rows, order.key,
                workers=[share.home] if share.home else None,
            )
            for share in partitions.shares
        ]  # fmt: skip
        found: worker.EpochSum = cluster.total(futures)
        for name in (*SUMS, "rows"):
            setattr(tally, name, getattr(found, name))
        tally.diverged = not np.isfinite(found.J)
        if tally.diverged or found.rows == 0:
            return
        assert optimizer.moments is not None
        self.theta[:] = found.theta / found.rows
        optimizer.moments[:] = found.moments / found.rows
        optimizer.t = round(found.t / found.rows)

    def for_workers(self, optimizer: Optimizer, n: int, batch_rows: int) -> Optimizer:
        """Return the optimizer of each worker: without moments, for fewer and longer steps than on one machine.

        Averaged parameters of k workers move as far as those of one worker, which makes 1/k of the steps; so the rate
        is k times as high (Goyal et al. 2017, arXiv:1706.02677).
        """
        fractions = np.array([share.size for share in self.partitions.shares], float)
        fractions /= fractions.sum()
        if self.epochs is None:
            self.epochs = optimizer.schedule_steps // -(-n // batch_rows)
        optimizer.schedule_steps = self.epochs * math.ceil(n * fractions.max() / batch_rows)
        light = copy.copy(optimizer)
        light.moments = None
        light.learning_rate *= min(1 / float(fractions @ fractions), MOST_RATE)
        return light
