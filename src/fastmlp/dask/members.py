"""Members of tabular estimators, trained by the workers of a cluster at the same time."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from distributed import wait

from ..model import Model
from ..rows.record_batches import RecordBatches, batches_of_pandas
from ..system.interrupts import postponed
from ..tables.table_reader import TableReading
from ..tabular.members.data import Data
from ..tabular.members.member import Member
from ..tabular.members.new_members import parts_of
from ..tabular.members.recipe import NET, Recipe
from ..tabular.members.streamed_data import StreamedData
from ..tabular.members.time_limit import Limit
from ..typing import Record
from .cluster import Cluster
from .dask_private import cancelled

WATCH_SECONDS = 0.2  # from one look for Ctrl-C to the next
RETURN_SECONDS = 0.3  # before a limit, at which members end, so that what they have arrives in time


class Trained(NamedTuple):
    """What a task returns: θ of a net, and its history."""

    theta: np.ndarray
    history: list[Record]


class TaskStop(threading.Event):
    """Tells a member to end where nobody waits for its task any more, or at a time, as `time.time` has it."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self.end, self.cancelled = end, cancelled()

    def is_set(self) -> bool:
        return time.time() > self.end or self.cancelled()


class PartitionedTable:
    """A Dask dataframe whose partitions are read one after the other, or encoded by the workers.

    Attributes
    ----------
    names : of its columns
    """

    def __init__(self, cluster: Cluster, frame: Any) -> None:
        self.cluster, self.names = cluster, [str(name) for name in frame.columns]
        self.partitions = cluster.compute(list(frame.to_delayed()))

    def record_batches(self) -> RecordBatches:
        """Return all rows, a partition at a time."""
        batches = (
            (batch, f"partition {number}")
            for number, partition in enumerate(self.partitions)
            for batch, _ in batches_of_pandas(self.cluster.result(partition)).batches
        )
        return RecordBatches(self.names, True, None, batches)

    def matrix(self, reading: TableReading) -> np.ndarray:
        """Return all rows as numbers (n, q), which the workers have encoded."""
        tasks = self.cluster.map("encode", encoded, self.partitions, reading=reading)
        return np.concatenate([self.cluster.result(task) for task in tasks])


def encoded(partition: Any, reading: TableReading) -> np.ndarray:
    """Return the rows of a partition, which may have none, as numbers; a task of workers."""
    return reading.matrix(partition, NET)


class Workers:
    """Trains members on the workers of a cluster, each with one thread; see `tabular.members.fit.Runner`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @property
    def n_threads(self) -> int:
        """Threads of all workers."""
        return max(1, sum(self.cluster.threads.values()))

    def train(
        self, data: Data | StreamedData, held: Data | None, members: Sequence[Member], recipe: Recipe, seed: int,
        limit: Limit | None, stop: threading.Event, look: Callable[[], None],
    ) -> None:  # fmt: skip
        """Set θ and history of each member as its task ends.

        Ctrl-C, a limit that is over, or an error of a task cancels those that have not ended.

        Raises
        ------
        TimeoutError : nothing has ended for the timeout of the cluster, and no worker is there
        ValueError : the rows are those of a stream, which are not in memory
        """
        if isinstance(data, StreamedData):
            raise ValueError("X is a stream that is not kept in memory; give a Dask dataframe, or fit on one machine")
        cluster = self.cluster
        table, given = sent(cluster, data), None if held is None else sent(cluster, held)
        end = np.inf if limit is None else time.time() + limit.left - RETURN_SECONDS
        homes, tasks = homes_of(cluster), {}
        for k, member in enumerate(members):
            task = cluster.submit(
                "member", trained, table, given, recipe, seed, end, member.encoding, member.turn, member.model,
                workers=[homes[k % len(homes)]] if homes else None,
            )  # fmt: skip
            tasks[task] = member
        with postponed(stop.set):
            self.collect(tasks, stop, look)

    def collect(self, tasks: dict[Any, Member], stop: threading.Event, look: Callable[[], None]) -> None:
        """Wait for the tasks of members, and take what they return."""
        heard = time.monotonic()
        while tasks and not stop.is_set():
            done = finished(list(tasks))
            for task in done:
                found, model = self.cluster.result(task), tasks.pop(task).model
                model.parameters[:] = found.theta
                model.history[:] = found.history
                task.release()
            if done:
                heard = time.monotonic()
            elif time.monotonic() - heard > self.cluster.timeout:
                check_alive(self.cluster)
                heard = time.monotonic()
            look()
        for task in tasks:
            task.cancel()


def finished(tasks: list[Any]) -> list[Any]:
    """Return the tasks that have ended, well or not, once any has, or some time has passed."""
    try:
        wait(tasks, timeout=WATCH_SECONDS, return_when="FIRST_COMPLETED")
    except TimeoutError:
        return []
    return [task for task in tasks if task.done()]


def check_alive(cluster: Cluster) -> None:
    """Raise TimeoutError where no worker is left to train."""
    if not cluster.threads:
        raise TimeoutError(f"no member was trained within timeout={cluster.timeout:g} seconds; there are 0 workers")


def homes_of(cluster: Cluster) -> list[str]:
    """Return the addresses of workers in the order in which they shall get members, one for each of their threads."""
    threads = sorted(cluster.threads.items())
    most = max((n for _, n in threads), default=0)
    return [name for turn in range(most) for name, n in threads if turn < n]


def sent(cluster: Cluster, data: Data) -> Any:
    """Return rows as an argument for tasks, sent to each worker once."""
    matrix, y = cluster.shared(data.matrix), cluster.shared(np.asarray(data.y))
    w = None if data.w is None else cluster.shared(data.w)
    return cluster.submit("table", Data, matrix, data.codes, y, w, data.loss, data.outputs, data.scaling)


def trained(
    data: Data, held: Data | None, recipe: Recipe, seed: int, end: float, encoding: str, turn: int, model: Model
) -> Trained:
    """Return a net, trained until a time at most; a task of workers. Parameters as of `tabular.members.fit`."""
    validation, part = parts_of(data, held, recipe)(seed + turn)
    member = Member(encoding, turn, model, part, validation)
    stop = TaskStop(end)
    member.train(recipe, stop)
    if stop.cancelled():
        raise RuntimeError("the task was cancelled")  # what it has is not the whole training
    return Trained(model.parameters, model.history)
