"""Buffers that calls of a network compute in, kept from one call to the next: memory costs time at its first touch."""

from typing import NamedTuple

import numpy as np

from ..kernels.records import Net
from .plan import Plan

CACHE_LINE = 64


def aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Zeros that begin at the start of a cache line."""
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
        """Rows that the threads sum dW over at the same time, each those of a tile or of a small batch."""
        return self.rows if self.chunk_rows > 0 else self.n_threads * self.rows

    @property
    def size(self) -> tuple[int, int, int]:
        """What a workspace is laid out for."""
        return self.rows, self.accumulators, self.sum_rows if self.accumulators > 0 else 0


def aligned_copy(theta: np.ndarray) -> np.ndarray:
    """The same numbers, from the start of a cache line on."""
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
        """The same buffers, and other parameters."""
        return self if theta is None else self._replace(net=self.net._replace(theta=theta))


class Workspaces:
    """Those of a net that no call is using; dict operations are atomic, so that calls at the same time share them.

    Parameters
    ----------
    plan : shape of the net
    theta : its parameters
    """

    def __init__(self, plan: Plan, theta: np.ndarray) -> None:
        self.plan, self.theta = plan, theta
        self._idle: dict[tuple[int, int, int], Workspace] = {}

    def take(self, shape: Shape) -> Workspace:
        """A workspace that no other call is using: the idle one of the same shape, or a new one."""
        workspace = self._idle.pop(shape.size, None)
        if workspace is not None:
            return workspace
        layers, layout, size = self.plan.layout(*shape.size)
        work = aligned_zeros(size, self.plan.dtype)
        self.plan.fill_padding(layers[-1], work)
        losses = np.zeros(shape.rows + 2 * max(1, shape.accumulators))
        net = Net(layers, layout, self.theta, work, np.zeros(shape.rows, np.intp))
        return Workspace(self.plan, net, np.zeros(self.plan.n_parameters), losses, np.zeros(self.plan.n_squares))

    def give_back(self, shape: Shape, workspace: Workspace) -> None:
        if len(self._idle) > 3:
            self._idle.clear()
        self._idle[shape.size] = workspace
