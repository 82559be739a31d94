"""One call of a kernel by a team of threads: its size, its job, and its results."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from ..jit.bfloat16_instructions import require_bfloat16
from ..kernels import steps
from ..kernels.barrier import BAD_ROW, BAD_Z, PROGRESS, STOP, new_team
from ..kernels.records import JOB, Net, Sums, Team
from ..optimizers import Optimizer
from ..rows.rows import Rows
from ..rows.window import Window
from ..system.interrupts import check
from ..system.machine import Patience
from . import threads
from .plan import Plan
from .workspace import Shape, Workspace

Watch = Callable[[int], None] | None
_compiled: set[tuple[Any, ...]] = set()  # kernels, each with the dtypes that tell its signatures apart


SUMS = ("J", "weight", "objective", "objective_rows")  # of a Tally and of a job


@dataclass
class Tally:
    """What calls have done: sums over all completed batches, their rows, and whether the next loss was not finite."""

    J: float = 0.0
    weight: float = 0.0
    objective: float = 0.0  # Σ over batches of rows × (J / averaged + l2/2 ‖W‖²) / Σw, if l2 is shared
    objective_rows: float = 0.0  # of these batches, if they have weight
    rows: int = 0
    diverged: bool = False

    def add(self, part: "Tally") -> None:
        """Add the sums of a batch that came in several windows."""
        for name in (*SUMS, "rows"):
            setattr(self, name, getattr(self, name) + getattr(part, name))

    @property
    def mean_objective(self) -> float:
        """Mean of (J / averaged + l2/2 ‖W‖²) / Σw over the rows of batches; NaN if none has weight."""
        return self.objective / self.objective_rows if self.objective_rows else float("nan")


def shape_of(plan: Plan, n: int, batch_rows: int, backward: bool, chunks: tuple[int, int], most: int) -> Shape:
    """Return the threads, which change no bit, and the buffers of a call over n rows in batches.

    Parameters
    ----------
    chunks : (rows of the chunks that batches are cut into, accumulators), see `Chunks`
    most : of threads
    """
    chunk_rows, accumulators = chunks
    flops = plan.flops_per_row(backward)
    row_flops = flops + threads.ROW_FLOPS
    n_threads = threads.threads_for(flops * batch_rows, n * row_flops, most)
    if chunk_rows > 0:
        n_threads = min(n_threads, -(-batch_rows // chunk_rows) or 1)
    rows = n_threads * plan.tile_rows if chunk_rows > 0 else batch_rows
    return Shape(n_threads, row_flops, chunk_rows, accumulators if backward else 0, rows)


def job_of(plan: Plan, shape: Shape, first: int, last: int, batch_rows: int, **what: int) -> np.ndarray:
    """Return the record that tells kernels what to do with the positions first … last-1."""
    job = np.zeros(1, JOB)
    job["n_threads"], job["batch_rows"] = shape.n_threads, max(1, batch_rows)
    job["first"], job["last"] = first, last
    job["tile_rows"], job["chunk_rows"] = plan.tile_rows, shape.chunk_rows
    job["accumulators"] = max(1, shape.accumulators)
    for name, value in what.items():
        job[name] = value
    return job


def train(
    rows: Rows, window: Window, shape: Shape, job: np.ndarray, workspace: Workspace, sums: Sums,
    tally: Tally, watch: Watch, optimizer: Optimizer | None = None, patience: Patience | None = None,
) -> tuple[float, float]:  # fmt: skip
    """Run steps.train over positions of a window, adding to the tally. Return seconds as `threads.run` does."""
    flags = new_team()
    before = tally.rows
    scale = {"J": window.w_factor, "weight": window.w_factor}  # which kernels multiply weights by
    for name in SUMS:
        job[name] = getattr(tally, name) * scale.get(name, 1.0)
    seen = None if watch is None else lambda progress: watch(before + progress)
    arguments = Team(flags, job), window.source, workspace.net, sums
    try:
        took = run(rows, window, shape, workspace.plan, steps.train, arguments, seen, patience)
    finally:
        for name in SUMS:
            setattr(tally, name, float(job[name][0]) / scale.get(name, 1.0))
        tally.rows += int(flags[PROGRESS])
        tally.diverged = bool(job["diverged"][0])
        if optimizer is not None:
            optimizer.t = int(sums.optimizer["t"][0])
    if flags[STOP] and not job["updates"]:  # the sum is not complete, and cannot be continued
        check()
        raise KeyboardInterrupt
    return took


def predict(rows: Rows, window: Window, shape: Shape, job: np.ndarray, workspace: Workspace, out: np.ndarray) -> None:
    """Run steps.predict over positions of a window: out (m, p[L])."""
    flags = new_team()
    arguments = Team(flags, job), window.source, workspace.net, out.reshape(-1)
    run(rows, window, shape, workspace.plan, steps.predict, arguments)
    check()
    while flags[STOP]:  # by a Ctrl-C whose handler, the user's own, has not raised anything
        flags[:] = 0
        run(rows, window, shape, workspace.plan, steps.predict, arguments)


def compile_once(kernel: Callable[..., None], arguments: tuple) -> None:
    """Compile a kernel in the calling thread, where Ctrl-C can end a compilation of seconds."""
    _, _, net, _ = arguments
    signature = kernel, net.theta.dtype, net.pairs.dtype, net.features.dtype
    if signature not in _compiled and hasattr(kernel, "compile"):
        kernel.compile(tuple(numba.typeof(argument) for argument in (0, *arguments)))
        _compiled.add(signature)


@functools.cache
def ask_once(process: int) -> None:
    """Ask for the instructions of bfloat16, once in each process."""
    require_bfloat16()


def run(
    rows: Rows, window: Window, shape: Shape, plan: Plan, kernel: Callable[..., None], arguments: tuple,
    watch: Watch = None, patience: Patience | None = None,
) -> tuple[float, float]:  # fmt: skip
    """Run a kernel by all threads of the call. Return seconds as `threads.run` does.

    Raise the error for a row that the kernel refused, or for an activation of the user's own that raised.
    """
    if plan.mixed:
        ask_once(os.getpid())
    compile_once(kernel, arguments)
    flags, job = arguments[0]
    short = bool(shape.row_flops * (job["last"][0] - job["first"][0]) <= threads.CALLER_FLOPS)
    took = threads.run(lambda thread: kernel(thread, *arguments), flags, shape.n_threads, short, watch, patience)
    if flags[BAD_ROW] > 0:
        rows.refuse(window, int(flags[BAD_ROW]) - 1)
    if flags[BAD_Z] > 0:
        refuse_z(plan, arguments[2], int(flags[BAD_Z]) - 1)
    return took


def refuse_z(plan: Plan, net: Net, at: int) -> None:
    """Raise the error of the user's own activation at the z that lies there in the workspace."""
    begins = net.layers["Z"]
    layer = int(np.argmax(np.where(begins <= at, begins, -1)))
    own = plan.activations[layer].own
    assert own is not None
    raise own.error(net.work[at])
