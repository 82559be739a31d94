"""Tables as matrices of numbers, by what was learned of their columns."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..rows.record_batches import RecordBatches
from ..rows.streams.stream import located
from .encoding import TableEncoding
from .unknown_categories import WarningEncoder


def as_learned(rows: RecordBatches, names: list[str], named: bool, owner: str, stacklevel: int = 3) -> RecordBatches:
    """Return rows whose columns have the names that were learned; those without names are taken by their places.

    Parameters
    ----------
    names, named : the names that were learned, and whether the table had them itself
    owner : the class that learned them, for messages
    """
    if named and rows.named:
        return rows
    if named != rows.named:
        problem = ("has", "without") if rows.named else ("does not have valid", "with")
        message = f"X {problem[0]} feature names, but {owner} was fitted {problem[1]} feature names"
        warnings.warn(message, UserWarning, stacklevel=stacklevel)
    if len(rows.names) != len(names):
        raise ValueError(f"X has {len(rows.names)} features, but {owner} is expecting {len(names)} features as input")
    return rows.renamed(names)


def matrix(encoding: TableEncoding, rows: RecordBatches, dtype: Any, stacklevel: int = 2) -> np.ndarray:
    """Return all rows encoded, (n, n_features_out); warn of columns of which no value is known."""
    encoder, q = WarningEncoder(encoding), encoding.n_features_out
    whole = np.empty((rows.n_rows or 0, q), dtype)
    blocks, row = [], 0
    for batch, place in rows.batches:
        last = row + batch.num_rows
        block = whole[row:last] if last <= len(whole) else np.empty((batch.num_rows, q), dtype)
        with located(place):
            encoder.encode(batch, block)
        blocks.append(block)
        row = last
    encoder.warn(stacklevel + 1)
    if row == len(whole):
        return whole
    return np.concatenate(blocks) if blocks else whole[:0]


def blocks(encoding: TableEncoding, rows: RecordBatches, dtype: Any, stacklevel: int = 2) -> Iterator[np.ndarray]:
    """Yield the rows encoded as they come, (m, n_features_out) at a time; warn as `matrix` does."""
    encoder = WarningEncoder(encoding)
    for batch, place in rows.batches:
        block = np.empty((batch.num_rows, encoding.n_features_out), dtype)
        with located(place):
            encoder.encode(batch, block)
        yield block
    encoder.warn(stacklevel + 1)
