"""Buffers that calls of a network compute in, kept for later calls: the first touch of memory costs time."""

from typing import NamedTuple

import numpy as np

from ..kernels.records import Net
from .blocks import operand_blocks
from .layout import fill_constants, lay_out
from .plan import Plan

CACHE_LINE = 64


def aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Return zeros that begin at the start of a cache line."""
    itemsize = np.dtype(dtype).itemsize
    buffer = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    skip = -buffer.ctypes.data % CACHE_LINE
    return buffer[skip : skip + size * itemsize].view(dtype)


class Shape(NamedTuple):
    """What a call needs: threads, operations for each row, how a batch is cut, rows of buffers and accumulators."""

    n_threads: int
    row_flops: int
    chunk_rows: int
    accumulators: int
    rows: int

    @property
    def sum_rows(self) -> int:
        """Rows that all threads together sum dW over at a time: a tile each, or a small batch each."""
        return self.rows if self.chunk_rows > 0 else self.n_threads * self.rows

    @property
    def gradient_rows(self) -> int:
        """Rows whose gradient one accumulator sums."""
        return (self.chunk_rows or self.rows) if self.accumulators > 0 else 0

    @property
    def slots(self) -> int:
        """Parts of a gradient that are summed at the same time: chunks, or columns of all threads."""
        return max(self.accumulators, self.n_threads) if self.accumulators > 0 else 0

    @property
    def size(self) -> tuple[int, ...]:
        """What a workspace is laid out for, see `lay_out`."""
        sum_rows = self.sum_rows if self.accumulators > 0 else 0
        return self.rows, self.accumulators, sum_rows, self.gradient_rows, self.n_threads


def aligned_copy(theta: np.ndarray) -> np.ndarray:
    """Return a copy of θ that begins at the start of a cache line."""
    copy = aligned_zeros(theta.size, theta.dtype)
    copy[:] = theta
    return copy


class Workspace(NamedTuple):
    """Buffers of one call at a time, for nets of this plan."""

    plan: Plan
    net: Net
    total: np.ndarray
    losses: np.ndarray
    squares: np.ndarray

    def with_theta(self, theta: np.ndarray | None) -> "Workspace":
        """Return the same buffers with other parameters; None: its own."""
        return self if theta is None else self._replace(net=self.net._replace(theta=theta))


class Workspaces:
    """The workspaces of a net that no call is using. Concurrent calls share them, by atomic operations of a dict.

    Parameters
    ----------
    plan : shape of the net
    theta : its parameters
    """

    def __init__(self, plan: Plan, theta: np.ndarray) -> None:
        self.plan, self.theta = plan, theta
        self._idle: dict[tuple[int, ...], Workspace] = {}

    def take(self, shape: Shape) -> Workspace:
        """Return a workspace that no other call is using: an idle one of this shape, or a new one."""
        workspace = self._idle.pop(shape.size, None)
        if workspace is not None:
            return workspace
        layers, layout, size = lay_out(self.plan, *shape.size)
        work = aligned_zeros(size, self.plan.dtype)
        fill_constants(self.plan, layers[-1], layout[0], work)
        losses = np.zeros(shape.rows + 2 * max(1, shape.accumulators))
        features, lookups, constants = self.plan.inputs.arrays(self.plan.dtype, self.plan.widths[1])
        found = np.zeros(shape.rows * len(lookups), np.intp)
        touched = np.zeros(shape.slots * int(layout["slot_size"][0]), np.intp)
        index = np.zeros(shape.rows, np.intp)
        pairs = operand_blocks(layout[0]) if self.plan.mixed else np.zeros(0, self.plan.dtype)
        net = Net(layers, layout, self.theta, work, index, features, lookups, constants, found, touched, pairs)
        return Workspace(self.plan, net, np.zeros(self.plan.n_parameters), losses, np.zeros(self.plan.n_squares))

    def give_back(self, shape: Shape, workspace: Workspace) -> None:
        """Keep a workspace for the next call."""
        if len(self._idle) > 3:
            self._idle.clear()
        self._idle[shape.size] = workspace
