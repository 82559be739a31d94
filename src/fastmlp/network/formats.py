"""How the numbers of a workspace are stored: dtype, padding to whole vectors, and offsets."""

from typing import NamedTuple

import numpy as np

from ..jit.compile import TILE_ROWS, VECTOR_BYTES


def round_up(size: int, multiple: int) -> int:
    """Return the least multiple that is not below size."""
    return -(-size // multiple) * multiple


class Format(NamedTuple):
    """The dtype of some numbers of a net, and how their rows are padded: to whole vectors, `together` at least."""

    dtype: np.dtype
    together: int = TILE_ROWS

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return int(self.dtype.itemsize)

    @property
    def lanes(self) -> int:
        """Numbers per vector."""
        return int(VECTOR_BYTES // self.itemsize)

    def padded(self, width: int) -> int:
        """Return a width rounded up to whole vectors and whole tiles of products."""
        return round_up(width, max(self.lanes, self.together))

    def leading_dimension(self, width: int) -> int:
        """Return a padded width that is no multiple of 512 bytes: columns would share few cache sets."""
        padded = self.padded(width)
        return padded + self.lanes if padded * self.itemsize % 512 == 0 else padded


class Allocator:
    """Hands out offsets in a buffer of numbers of one format, each at the start of a vector."""

    def __init__(self, lanes: int) -> None:
        self.lanes, self.size = lanes, 0

    def __call__(self, size: int) -> int:
        """Reserve `size` numbers; return where they begin."""
        at = self.size
        self.size += round_up(int(size), self.lanes)
        return at
