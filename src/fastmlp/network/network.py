"""Plan, θ, workspace and threads: the gradient, training steps and predictions over windows of rows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from ..exceptions import RowError
from ..kernels.records import OPTIMIZER, Sums
from ..optimizers import Optimizer
from ..rows.array import ArrayRows
from ..rows.order import Order, Pass
from ..rows.rows import Rows
from ..rows.targets import weight_factor
from ..rows.window import Window
from ..system import machine
from ..system.interrupts import check
from . import call, threads
from .call import Tally, Watch
from .chunks import Chunks
from .contention import BESIDE_READER, CROWDED, Contention
from .plan import Plan
from .workspace import Shape, Workspaces

CALL_FLOPS = 2e10  # of training in one call of several threads, some 0.1 s, after which their number may change
PART_ROWS = 2**18  # that `outputs` computes at a time, unless it writes all into one array
PART_NUMBERS = 2**22  # of their outputs, at most


class Network:
    """A net that computes over rows of numbers.

    Parameters
    ----------
    plan : its shape
    theta : its parameters; read and written in place
    n_threads : the most threads of a call; None: one per available core
    """

    def __init__(self, plan: Plan, theta: np.ndarray, n_threads: int | None = None) -> None:
        self.plan, self.theta, self.n_threads = plan, theta, n_threads
        self._chunks, self._workspaces = Chunks(plan), Workspaces(plan, theta)
        self._contention = Contention()

    def gradient(
        self, rows: Rows, order: Order | Pass | None = None, backward: bool = True, theta: np.ndarray | None = None
    ) -> tuple[Tally, np.ndarray]:
        """Return J and its gradient, both summed over rows; the gradient in float64 (|θ|; zeros if not backward).

        theta : parameters to use instead of the network's own, aligned as by `aligned_copy`
        """
        given: Any = order or rows.order()
        shape = self._shape(given.size, given.size, backward, self._chunks.of_rows(given.size))
        workspace, tally = self._workspaces.take(shape), Tally()
        used = workspace.with_theta(theta)
        workspace.total[:] = 0
        sums = Sums(np.zeros(1, OPTIMIZER), self.theta[:0], workspace.total, workspace.losses, workspace.squares)
        with closing(rows.windows(given, given.size)) as windows:
            for window in windows:
                job = call.job_of(self.plan, shape, 0, window.size, window.size, backward=backward)
                call.train(rows, window, shape, job, used, sums, tally, None)
                check()
        gradient = workspace.total / rows.w_factor
        self._workspaces.give_back(shape, workspace)
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
        after: Callable[[], None] | None = None,
    ) -> None:
        """Train one pass over `order` in batches; θ, the optimizer and the tally change step by step.

        The pass begins with the first row that the tally has not counted, so that an interrupted pass can be
        continued. The seed is that of dropout; each step of the optimizer has masks of its own. `after` is called
        some ten times a second, when θ, optimizer and tally belong to the same completed step.

        The pass ends early by KeyboardInterrupt, or when the loss of a batch is not finite (tally.diverged); θ is then
        that of the last completed step. Where Ctrl-C is `postponed`, tally and optimizer belong to that step, too.
        """
        optimizer.prepare(self.plan.n_parameters, self.plan.dtype)
        assert optimizer.moments is not None
        batch_rows = min(batch_rows, order.size)
        # A batch that comes in several windows can only be summed in chunks.
        cut = self._chunks.of_rows if rows.splits(batch_rows) else self._chunks.of_batch
        shape = self._shape(order.size, batch_rows, True, cut(batch_rows), for_long=True)
        drops = any(self.plan.dropout)
        workspace, record = self._workspaces.take(shape), optimizer.record(l2, rows.w_factor)
        workspace.total[:] = 0
        sums = Sums(record, optimizer.moments, workspace.total, workspace.losses, workspace.squares)
        part = Tally()  # of a batch that comes in several windows
        done, position = tally.rows, 0
        limit = BESIDE_READER if rows.reads_ahead else CROWDED
        with closing(rows.windows(order, batch_rows)) as windows:
            for window in windows:
                first, position = min(max(done - position, 0), window.size), position + window.size
                if first == window.size:
                    continue
                whole = window.ends_batch and part.rows == 0
                while first < window.size:
                    now = shape._replace(n_threads=self._threads_now(shape))
                    call_rows = self._call_rows(now, window.size, batch_rows) if whole else window.size
                    last = min(first + call_rows, window.size)
                    patience = self._contention.patience(now.n_threads, limit) if whole else None
                    counted = tally if whole else part
                    before = counted.rows
                    job = call.job_of(
                        self.plan, now, first, last, batch_rows, backward=True, updates=whole,
                        rows_before=part.rows, drops=drops, seed=seed,
                    )  # fmt: skip
                    took = call.train(rows, window, now, job, workspace, sums, counted, watch, optimizer, patience)
                    self._contention.saw(now.n_threads, *took, limit)
                    if counted.diverged:
                        tally.diverged = True
                        return
                    check()
                    first += counted.rows - before  # fewer after a crowded call or Ctrl-C
                    if after is not None and whole:
                        after()
                if window.ends_batch and not whole:
                    t = optimizer.t
                    while optimizer.t == t and part.weight > 0:
                        check()
                        job = call.job_of(self.plan, shape, 0, 0, part.rows, backward=True, updates=True)
                        call.train(rows, window, shape, job, workspace, sums, part, watch, optimizer)
                    tally.add(part)
                    part = Tally()
                    check()
                    if after is not None:
                        after()
        self._workspaces.give_back(shape, workspace)

    def _call_rows(self, shape: Shape, n: int, batch_rows: int) -> int:
        """Return the rows of each training call over n rows: whole batches, in calls of about the same size."""
        batches = -(-n // batch_rows)
        if shape.n_threads == 1:
            calls = -(-batches // max(1, int(threads.CALLER_FLOPS // (batch_rows * shape.row_flops))))
        else:
            calls = min(max(1, round(n * shape.row_flops / CALL_FLOPS)), batches)
        return -(-batches // calls) * batch_rows

    def _threads_now(self, shape: Shape) -> int:
        """Return the threads of the next call: fewer while others use the cores."""
        if shape.n_threads == 1:
            return 1
        free = shape.n_threads if self.n_threads is not None else threads.free_cores()
        return min(free, self._contention.threads(shape.n_threads))

    def step(self, optimizer: Optimizer, gradient: np.ndarray, weight: float, l2: float) -> None:
        """Take a step of the optimizer on a gradient (|θ|) that was summed elsewhere, over rows of this weight."""
        optimizer.prepare(self.plan.n_parameters, self.plan.dtype)
        assert optimizer.moments is not None
        shape = self._shape(1, 1, True, self._chunks.of_rows(1))
        factor = weight_factor(weight, 1)
        workspace, record = self._workspaces.take(shape), optimizer.record(l2, factor)
        workspace.total[:] = gradient * factor
        sums = Sums(record, optimizer.moments, workspace.total, workspace.losses, workspace.squares)
        job = call.job_of(self.plan, shape, 0, 0, 1, backward=True, updates=True)
        nothing = np.zeros((1, self.plan.n_columns), self.plan.dtype)
        rows = ArrayRows(nothing, n_features=self.plan.n_columns, dtype=self.plan.dtype)
        with closing(rows.windows(Order(1), 1)) as windows:
            for window in windows:
                call.train(rows, window, shape, job, workspace, sums, Tally(weight=weight * factor), None, optimizer)
        self._workspaces.give_back(shape, workspace)

    def outputs(
        self, rows: Rows, order: Order | Pass | None = None, links: bool = False,
        theta: np.ndarray | None = None, into: np.ndarray | None = None,
    ) -> Iterator[tuple[np.ndarray, Window, int]]:  # fmt: skip
        """Yield Z[L], or g[L](Z[L]), of every row, a part at a time: (m, p[L]), its window, and its first position.

        Numbers are NaN where a layer overflows; `predicted` raises an error then.

        theta : as for `gradient`
        into : an array (n, p[L]) that all parts are written into; None: each part has an array of its own
        """
        given: Any = order or rows.order()
        some = min(PART_ROWS, max(1, PART_NUMBERS // self.plan.widths[-1]))
        at, part_rows = 0, some if into is None else max(1, len(into))
        with closing(rows.windows(given, PART_ROWS if given.size is None else given.size)) as windows:
            for window in windows:
                shape = self._shape(window.size, window.size, False, (self.plan.tile_rows, 0))
                workspace = self._workspaces.take(shape)
                for first in range(0, window.size, part_rows):
                    last = min(first + part_rows, window.size)
                    if into is None:
                        out = np.empty((last - first, self.plan.widths[-1]), self.plan.dtype)
                    else:
                        out = into[at : at + last - first]
                    at += last - first
                    job = call.job_of(self.plan, shape, first, last, last - first, links=links)
                    call.predict(rows, window, shape, job, workspace.with_theta(theta), out)
                    yield out, window, first
                self._workspaces.give_back(shape, workspace)

    def predicted(
        self, rows: Rows, order: Order | Pass | None = None, links: bool = False,
        theta: np.ndarray | None = None, into: np.ndarray | None = None,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        """Yield the arrays of `outputs`. Raise an error that names a row with NaN, or with an infinite number."""
        refused = (lambda Z: ~np.isfinite(Z)) if self.plan.loss.numeric else np.isnan
        for out, window, first in self.outputs(rows, order, links, theta, into):
            if out.size and (refused(out.min()) or refused(out.max())):
                if not np.isfinite(self.theta if theta is None else theta).all():
                    raise ValueError("parameters contain NaN or inf; fit again or set them before predicting")
                position = first + int(np.argmax(refused(out).any(axis=1)))
                place = rows.place_of(window, int(window.order.rows(position, position + 1)[0]))
                own = ", or an activation is not defined there" if any(g.own for g in self.plan.activations) else ""
                wider = "" if self.plan.dtype == np.float64 else ", or use dtype='float64'"
                what = "NaN" if np.isnan(out[position - first]).any() else "infinite"
                raise RowError(
                    f"X, {place}: the output is {what}, as a layer overflows {self.plan.dtype}{own}; scale X{wider}"
                )
            yield out

    def logits(
        self, rows: Rows, order: Order | Pass | None = None, links: bool = False,
        theta: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Return Z[L], or g[L](Z[L]), of every row: (n, p[L]), none of them NaN; theta as for `gradient`."""
        given: Any = order or rows.order()
        result = np.empty((given.size or 0, self.plan.widths[-1]), self.plan.dtype)
        if given.size is None:
            return np.concatenate([result, *self.predicted(rows, given, links, theta)])
        for _ in self.predicted(rows, given, links, theta, result):
            pass
        return result

    def _shape(self, n: int, batch_rows: int, backward: bool, chunks: tuple[int, int], for_long: bool = False) -> Shape:
        """Return `call.shape_of` this net; for_long: for several calls, between which cores may become free."""
        most = self.n_threads or (machine.available_cores() if for_long else threads.free_cores())
        return call.shape_of(self.plan, n, batch_rows, backward, chunks, most)
