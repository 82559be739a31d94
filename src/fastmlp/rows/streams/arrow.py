"""Blocks of rows of Arrow's tables and readers, and of frames of pandas and polars."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...typing import ArrowTable, Frame
from ..columns import check_named, refuse_lazy
from ..record_batches import record_batches
from .stream import Block, equal_blocks, located
from .table import Table

BLOCK_ROWS = 2**13


class Arrow(Table):
    """Rows of a table in memory, or of a stream of record batches.

    Parameters
    ----------
    data : pyarrow.Table or RecordBatch, pandas or polars DataFrame, any object with __arrow_c_stream__, or callable
        Columns are not copied where that can be avoided. A callable returns such an object or a
        pyarrow.RecordBatchReader, a new one each time, as rows are read once per epoch.
    target, weight, columns, window_rows : as for `Parquet`

    Attributes
    ----------
    n_features : int
        The number of features, p.
    names : list of str
        Names of the features.
    target_name : str or None
        Name of the target.

    Examples
    --------
    >>> import numpy as np
    >>> import pyarrow
    >>> from fastmlp import Model, rows
    >>> x = np.random.default_rng(0).standard_normal(5000)
    >>> stream = rows.Arrow(pyarrow.table({"x": x, "label": x > 0}), target="label")
    >>> model = Model([1, 8, 1]).fit(stream, epochs=3)
    """

    def __init__(
        self, data: ArrowTable | Frame | Callable[[], object], target: str | None = None, *,
        weight: str | None = None, columns: list[str] | None = None, window_rows: int | None = None,
    ) -> None:  # fmt: skip
        import pyarrow

        if isinstance(data, pyarrow.RecordBatchReader):
            raise TypeError(
                "data is a RecordBatchReader, which can be read only once; give a function that returns a new one, "
                "as in rows.Arrow(lambda: dataset.scanner().to_reader())"
            )
        self.make: Any = data if callable(data) else None
        self.table: Any = None if callable(data) else as_arrow(data)
        schema = self.reader().schema if self.table is None else self.table.schema
        super().__init__(schema, target, weight, columns, window_rows)
        if self.table is not None:
            self.block_rows = equal_blocks(self.table.num_rows, BLOCK_ROWS)

    def reader(self) -> Any:
        """Return a new reader of what the user's function returns."""
        import pyarrow

        data = self.make()
        return data if isinstance(data, pyarrow.RecordBatchReader) else as_arrow(data).to_reader()

    def table_blocks(self, columns: list[str], order: np.ndarray | None) -> Iterator[Block]:
        if self.table is None:
            first = 0
            for number, batch in enumerate(self.reader()):
                place = f"record batch {number}"
                with located(place):
                    for name in columns:
                        check_named(batch.schema.names, name)
                yield Block(batch.select(columns), None, None, first, place)
                first += batch.num_rows
            return
        firsts, table = self.first_rows, self.table.select(columns)
        for k in range(len(firsts)) if order is None else order:
            rows = table.slice(firsts[k], self.block_rows[k])  # type: ignore[index]
            for batch in rows.combine_chunks().to_batches():
                yield Block(batch, None, None, int(firsts[k]), "")


def as_arrow(data: Any) -> Any:
    """Return data of a user as a pyarrow.Table."""
    import pyarrow

    refuse_lazy("data", data)
    if not isinstance(data, (pyarrow.Table, pyarrow.RecordBatch)):
        if len(np.shape(data)) != 2:
            raise TypeError(f"data is a {type(data).__name__}; it must be an Arrow table, a frame, or a function")
        found = record_batches(data)
        data = pyarrow.Table.from_batches([batch for batch, _ in found.batches], found.schema)
    if isinstance(data, pyarrow.RecordBatch):
        data = pyarrow.Table.from_batches([data])
    return data
