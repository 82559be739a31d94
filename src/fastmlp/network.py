"""Plan, θ, workspace and threads: the gradient, training steps and predictions over windows of rows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np

from . import team
from .contention import BESIDE_READER, CROWDED, Contention
from .kernels import steps
from .kernels.barrier import BAD_ROW, PROGRESS, new_team
from .kernels.records import JOB, OPTIMIZER, Net, Sums, Team
from .optimizers import Optimizer
from .plan import Plan
from .rows.array import ArrayRows
from .rows.order import Order, Pass
from .rows.streamed import StreamedRows
from .rows.window import Window

CACHE_LINE = 64
CALL_FLOPS = 2e10  # of training in one call, some 0.1 s: then the number of threads may change
PART_ROWS = 2**18  # of outputs that `outputs` computes at a time
Watch = Callable[[int], None] | None
Rows = ArrayRows | StreamedRows


def aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Zeros that begin at the start of a cache line."""
    itemsize = np.dtype(dtype).itemsize
    buffer = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    skip = -buffer.ctypes.data % CACHE_LINE
    return buffer[skip : skip + size * itemsize].view(dtype)


class Shape(NamedTuple):
    """What a call needs: threads, how a batch is cut, rows of buffers and accumulators."""

    n_threads: int
    short: bool
    chunk_rows: int
    accumulators: int
    rows: int


class Workspace(NamedTuple):
    """Buffers of one call at a time."""

    net: Net
    total: np.ndarray
    losses: np.ndarray
    squares: np.ndarray


@dataclass
class Tally:
    """What calls have done: sums over all completed batches, and their rows; was the next loss not finite?"""

    J: float = 0.0
    weight: float = 0.0
    objective: float = 0.0  # Σ over batches of rows × (J + l2/2 ‖W‖²) / Σw, if l2 is shared by batches
    rows: int = 0
    diverged: bool = False


class Network:
    """A net that computes over rows of numbers.

    Parameters
    ----------
    plan : its shape
    theta : its parameters; read and written in place
    n_threads : at most so many; None: one per available core
    """

    def __init__(self, plan: Plan, theta: np.ndarray, n_threads: int | None = None) -> None:
        self.plan, self.theta, self.n_threads = plan, theta, n_threads
        self._idle: dict[tuple[int, int], Workspace] = {}
        self._compiled: set[Any] = set()
        self._contention = Contention()

    def gradient(
        self, rows: Rows, order: Order | Pass | None = None, backward: bool = True
    ) -> tuple[Tally, np.ndarray]:
        """J and its gradient, both summed over rows; the gradient as |θ| float64 numbers (backward=False: zeros)."""
        given: Any = order or rows.order()
        shape = self._shape(given.size, given.size, backward, *self.plan.chunks(given.size))
        workspace, tally = self._take(shape), Tally()
        workspace.total[:] = 0
        sums = Sums(np.zeros(1, OPTIMIZER), self.theta[:0], workspace.total, workspace.losses, workspace.squares)
        with closing(rows.windows(given, given.size)) as windows:
            for window in windows:
                job = self._job(shape, 0, window.size, window.size, backward=backward)
                self._train(rows, window, shape, job, workspace, sums, tally, None)
        gradient = workspace.total.copy()
        self._give_back(shape, workspace)
        return tally, gradient

    def train(
        self,
        rows: Rows,
        order: Any,
        batch_rows: int,
        optimizer: Optimizer,
        l2: float,
        watch: Watch,
        tally: Tally,
        seed: int = 0,
    ) -> None:
        """One pass over `order` in batches; θ, the optimizer and the tally change step by step.

        The seed is that of dropout; each step of the optimizer has masks of its own.

        Ends early, with θ as the last completed step left it, by KeyboardInterrupt, or when the loss of a batch
        is not finite (tally.diverged).
        """
        optimizer.prepare(self.plan.n_parameters, self.plan.dtype)
        assert optimizer.moments is not None
        batch_rows = min(batch_rows, order.size)
        # A batch that comes in several windows can only be summed in chunks.
        cut = self.plan.chunks if rows.splits(batch_rows) else self.plan.batch_chunks
        shape = self._shape(order.size, batch_rows, True, *cut(batch_rows), for_long=True)
        call_rows = max(1, int(CALL_FLOPS / self.plan.flops_per_row(True)) // batch_rows) * batch_rows
        drops = any(self.plan.dropout)
        workspace, record = self._take(shape), optimizer.record(l2)
        workspace.total[:] = 0
        sums = Sums(record, optimizer.moments, workspace.total, workspace.losses, workspace.squares)
        part = Tally()  # of a batch that comes in several windows
        limit = BESIDE_READER if rows.reads_ahead else CROWDED
        try:
            with closing(rows.windows(order, batch_rows)) as windows:
                for window in windows:
                    whole, first = window.ends_batch and part.rows == 0, 0
                    while first < window.size:
                        free = shape.n_threads if self.n_threads is not None else team.free_cores()
                        size = call_rows if whole else window.size
                        call = shape._replace(n_threads=min(free, self._contention.threads(shape.n_threads)))
                        if whole:
                            of_call = call_rows * self._contention.part_of_call(call.n_threads)
                            size = max(1, int(of_call) // batch_rows) * batch_rows
                        last = min(first + size, window.size)
                        job = self._job(
                            call, first, last, batch_rows, backward=True, updates=whole, drops=drops, seed=seed
                        )
                        took = self._train(rows, window, call, job, workspace, sums, tally if whole else part, watch)
                        self._contention.saw(call.n_threads, *took, limit)
                        if tally.diverged or part.diverged:
                            tally.diverged = True
                            return
                        first = last
                    if window.ends_batch and not whole:
                        job = self._job(shape, 0, 0, part.rows, backward=True, updates=True)
                        job["J"], job["weight"] = part.J, part.weight
                        self._train(rows, window, shape, job, workspace, sums, tally, watch)
                        tally.rows, part = tally.rows + part.rows, Tally()
        finally:
            optimizer.t = int(record["t"][0])
        self._give_back(shape, workspace)

    def step(self, optimizer: Optimizer, gradient: np.ndarray, weight: float, l2: float) -> None:
        """One step of the optimizer on a gradient that was summed elsewhere (|θ| numbers) over rows of this weight."""
        optimizer.prepare(self.plan.n_parameters, self.plan.dtype)
        assert optimizer.moments is not None
        shape = self._shape(1, 1, True, *self.plan.chunks(1))
        workspace, record = self._take(shape), optimizer.record(l2)
        workspace.total[:] = gradient
        sums = Sums(record, optimizer.moments, workspace.total, workspace.losses, workspace.squares)
        job = self._job(shape, 0, 0, 1, backward=True, updates=True)
        job["weight"] = weight
        nothing = np.zeros((1, self.plan.widths[0]), self.plan.dtype)
        rows = ArrayRows(nothing, n_features=self.plan.widths[0], dtype=self.plan.dtype)
        with closing(rows.windows(Order(1), 1)) as windows:
            for window in windows:
                self._train(rows, window, shape, job, workspace, sums, Tally(), None)
        optimizer.t = int(record["t"][0])
        self._give_back(shape, workspace)

    def outputs(
        self, rows: Rows, order: Order | Pass | None = None, probabilities: bool = False
    ) -> Iterator[tuple[np.ndarray, Window, int]]:
        """Z[L], or σ(Z[L]), of every row, a part at a time: (m, p[L]), the rows' window, and the first's position."""
        given: Any = order or rows.order()
        with closing(rows.windows(given, PART_ROWS if given.size is None else given.size)) as windows:
            for window in windows:
                shape = self._shape(window.size, window.size, False, self.plan.tile_rows, 0)
                workspace = self._take(shape)
                for first in range(0, window.size, PART_ROWS):
                    last = min(first + PART_ROWS, window.size)
                    out = np.empty((last - first, self.plan.widths[-1]), self.plan.dtype)
                    job = self._job(shape, first, last, last - first, probabilities=probabilities)
                    flags = new_team()
                    arguments = Team(flags, job), window.source, workspace.net, out.reshape(-1)
                    self._run(rows, window, flags, shape, steps.predict, arguments)
                    yield out, window, first
                self._give_back(shape, workspace)

    def logits(self, rows: Rows, order: Order | Pass | None = None, probabilities: bool = False) -> np.ndarray:
        """Z[L], or σ(Z[L]), of every row: (n, p[L])."""
        given: Any = order or rows.order()
        parts = self.outputs(rows, given, probabilities)
        if given.size is None:
            return np.concatenate([np.empty((0, self.plan.widths[-1]), self.plan.dtype), *(out for out, _, _ in parts)])
        result, at = np.empty((given.size, self.plan.widths[-1]), self.plan.dtype), 0
        for out, _, _ in parts:
            result[at : at + len(out)] = out
            at += len(out)
        return result

    def _train(
        self, rows: Rows, window: Window, shape: Shape, job: np.ndarray,
        workspace: Workspace, sums: Sums, tally: Tally, watch: Watch,
    ) -> tuple[float, float]:  # fmt: skip
        """Run steps.train over positions of a window, and add to the tally what came of it; seconds as `team.run`."""
        flags = new_team()
        before = tally.rows
        seen = None if watch is None else lambda progress: watch(before + progress)
        try:
            return self._run(
                rows, window, flags, shape, steps.train, (Team(flags, job), window.source, workspace.net, sums), seen
            )
        finally:
            done = job[0]
            tally.J, tally.weight = tally.J + float(done["J"]), tally.weight + float(done["weight"])
            tally.objective += float(done["objective"])
            tally.rows += int(flags[PROGRESS])
            tally.diverged = bool(done["diverged"])

    def _run(
        self, rows: Rows, window: Window, flags: np.ndarray, shape: Shape,
        kernel: Callable[..., None], arguments: tuple, watch: Watch = None,
    ) -> tuple[float, float]:  # fmt: skip
        """Run a kernel by all threads of the call, seconds as `team.run`; a row that it refused becomes an error."""
        if kernel not in self._compiled and hasattr(kernel, "compile"):
            # Here and not in a thread of the team: Ctrl-C must be able to end a compilation of seconds.
            kernel.compile(tuple(numba.typeof(argument) for argument in (0, *arguments)))
            self._compiled.add(kernel)
        took = team.run(lambda thread: kernel(thread, *arguments), flags, shape.n_threads, shape.short, watch)
        if flags[BAD_ROW] > 0:
            rows.refuse(window, int(flags[BAD_ROW]) - 1)
        return took

    def _shape(
        self, n: int, batch_rows: int, backward: bool, chunk_rows: int, accumulators: int, for_long: bool = False
    ) -> Shape:
        """Threads, which change no bit, and buffers for a call over n rows in batches that are cut into chunks.

        for_long: for several calls, between which cores may become free.
        """
        most = self.n_threads or (team.available_cores() if for_long else team.free_cores())
        flops = self.plan.flops_per_row(backward)
        n_threads = team.threads_for(flops * batch_rows, flops * n, most)
        if chunk_rows > 0:
            n_threads = min(n_threads, -(-batch_rows // chunk_rows) or 1)
        rows = n_threads * self.plan.tile_rows if chunk_rows > 0 else batch_rows
        return Shape(n_threads, flops * n < team.SHORT_FLOPS, chunk_rows, accumulators if backward else 0, rows)

    def _job(self, shape: Shape, first: int, last: int, batch_rows: int, **what: int) -> np.ndarray:
        job = np.zeros(1, JOB)
        job["n_threads"], job["batch_rows"] = shape.n_threads, max(1, batch_rows)
        job["first"], job["last"] = first, last
        job["tile_rows"], job["chunk_rows"] = self.plan.tile_rows, shape.chunk_rows
        job["accumulators"] = max(1, shape.accumulators)
        for name, value in what.items():
            job[name] = value
        return job

    def _take(self, shape: Shape) -> Workspace:
        """A workspace that no other call is using: the idle one of the same shape, or a new one."""
        workspace = self._idle.pop((shape.rows, shape.accumulators), None)
        if workspace is not None:
            return workspace
        layers, layout, size = self.plan.layout(shape.rows, shape.accumulators)
        work = aligned_zeros(size, self.plan.dtype)
        losses = np.zeros(shape.rows + 2 * max(1, shape.accumulators))
        net = Net(layers, layout, self.theta, work, np.zeros(shape.rows, np.intp))
        return Workspace(net, np.zeros(self.plan.n_parameters), losses, np.zeros(self.plan.n_squares))

    def _give_back(self, shape: Shape, workspace: Workspace) -> None:
        if len(self._idle) > 3:
            self._idle.clear()
        self._idle[shape.rows, shape.accumulators] = workspace
