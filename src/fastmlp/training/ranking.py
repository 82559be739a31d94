"""The area under the ROC curve, exactly, of any number of rows in bounded memory."""

import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ..system.atomic_write import naming

ROWS_IN_MEMORY = 2**21  # 48 MiB of rows; some three times as much while they are sorted
ROW = np.dtype([("z", np.float64), ("negative", np.float64), ("positive", np.float64)])


class Runs:
    """Sorted rows of one ranking or several in a temporary file, in the folder that `tempfile` chooses (TMPDIR)."""

    def __init__(self) -> None:
        self.file: IO[bytes] | None = None
        self.n_rows = 0

    def append(self, rows: np.ndarray) -> slice:
        """Write the rows of a run, and return where they are."""
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115, it is needed for as long as the runs
            weakref.finalize(self, self.file.close)
        with naming(tempfile.gettempdir()):
            self.file.write(rows.view(np.uint8).data)
            self.file.flush()
        self.n_rows += len(rows)
        return slice(self.n_rows - len(rows), self.n_rows)

    def stored(self) -> np.ndarray:
        """Return all rows, mapped from the file."""
        return np.empty(0, ROW) if self.file is None else np.memmap(self.file, ROW, mode="r", shape=(self.n_rows,))


class Ranking:
    """The weights of both classes at each logit, sorted: in memory, and beyond it in runs in a temporary file.

    Parameters
    ----------
    rows_in_memory : at least 2; more are sorted, rows of equal logits are added up, and if more than half are left,
        they become a run
    runs : the file of runs, which rankings may share; None: one of its own
    """

    def __init__(self, rows_in_memory: int = ROWS_IN_MEMORY, runs: Runs | None = None) -> None:
        self.most = rows_in_memory
        self.parts: list[np.ndarray] = []
        self.n_waiting = 0
        self.runs = Runs() if runs is None else runs
        self.own: list[slice] = []  # of the runs
        self.has_nan = False

    def add(self, z: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Add rows with logits z (n), labels y (n) of 0 and 1, and weights w (n), or None: 1."""
        for first in range(0, len(z), self.most):
            part = slice(first, first + self.most)
            rows = np.zeros(len(z[part]), ROW)
            rows["z"] = z[part]
            v = 1.0 if w is None else w[part]
            rows["negative"], rows["positive"] = (y[part] == 0) * v, (y[part] == 1) * v
            self.has_nan |= bool(np.isnan(rows["z"]).any())
            self.parts.append(rows)
            self.n_waiting += len(rows)
            if self.n_waiting >= self.most:
                self._sort()
                if self.n_waiting > self.most // 2:
                    self._spill()

    def auc(self) -> float:
        """Return the chance that a row of class 1 has a higher logit than one of class 0, ties for half.

        NaN where it is undefined: there are no rows of one of the classes with a weight above 0, or a logit is NaN.
        """
        if self.has_nan:
            return float("nan")
        below = above = pairs = 0.0
        for rows in self._sorted():
            lower = below + np.cumsum(rows["negative"]) - rows["negative"] / 2
            pairs += float(rows["positive"] @ lower)
            below += float(rows["negative"].sum())
            above += float(rows["positive"].sum())
        return pairs / (below * above) if below and above else float("nan")

    def _sort(self) -> None:
        """Sort the rows in memory into one part."""
        self.parts = [summed(np.concatenate([np.empty(0, ROW), *self.parts]))]
        self.n_waiting = len(self.parts[0])

    def _spill(self) -> None:
        """Move the sorted part to the file, as a run."""
        self.own.append(self.runs.append(self.parts[0]))
        self.parts, self.n_waiting = [], 0

    def _sorted(self) -> Iterator[np.ndarray]:
        """Yield all rows in the order of their logits, a part at a time; equal logits come in one part."""
        self._sort()
        runs: list[Any] = [self.parts[0]]
        stored = self.runs.stored()
        runs += [stored[place] for place in self.own]
        each = max(1, self.most // len(runs))
        while runs := [run for run in runs if len(run)]:
            heads = [run[:each] for run in runs]
            bound = min(head["z"][-1] for head in heads)
            sizes = [int(np.searchsorted(head["z"], bound, side="right")) for head in heads]
            yield summed(np.concatenate([head[:size] for head, size in zip(heads, sizes, strict=True)]))
            runs = [run[size:] for run, size in zip(runs, sizes, strict=True)]


def summed(rows: np.ndarray) -> np.ndarray:
    """Return rows sorted by logit, with the weights of equal logits added up."""
    rows = rows[np.argsort(rows["z"], kind="stable")]
    firsts = np.flatnonzero(np.append(True, rows["z"][1:] != rows["z"][:-1])[: len(rows)])
    sums = rows[firsts]
    for name in ("negative", "positive"):
        if len(rows):
            sums[name] = np.add.reduceat(rows[name], firsts)
    return sums
