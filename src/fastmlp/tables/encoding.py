"""How each column of a table becomes numbers, as `TableEncoder` learns it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rows.columns import all_missing, column_of
from .columns.category_code import CategoryCode
from .columns.category_column import CategoryColumn
from .columns.description import AnyColumn, as_dict, part_from
from .columns.number_column import NumberColumn
from .columns.scaled_number import ScaledNumber

BLOCK_ROWS = 8192  # whose output stays in cache


@dataclass(frozen=True)
class TableEncoding:
    """How the columns of a table become numbers; plain data that `TableEncoder` learns and model files keep."""

    parts: tuple[AnyColumn, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the input columns."""
        return [part.name for part in self.parts]

    @property
    def text_columns(self) -> list[str]:
        """Names of the columns whose categories are strings."""
        categories = (part for part in self.parts if isinstance(part, CategoryColumn | CategoryCode))
        return [part.name for part in categories if part.value_type == "string"]

    @property
    def spelled_columns(self) -> list[str]:
        """Names of the columns whose numbers may be spelled as text."""
        return [part.name for part in self.parts if isinstance(part, NumberColumn | ScaledNumber) and part.text]

    @property
    def slices(self) -> list[slice]:
        """For each part, the numbers of a row that it writes."""
        ends = np.cumsum([part.n_features_out for part in self.parts]).tolist()
        return [slice(end - part.n_features_out, end) for part, end in zip(self.parts, ends, strict=True)]

    @property
    def n_features_out(self) -> int:
        return sum(part.n_features_out for part in self.parts)

    @property
    def feature_names_out(self) -> list[str]:
        """Names of the output columns: 'age', 'age missing', 'job=clerk', 'job=other', 'job missing'."""
        return [name for part in self.parts for name in part.feature_names_out]

    @property
    def outputs(self) -> tuple[tuple[str, int], ...]:
        """Name and number of codes of each output column; 0 codes: a number."""
        return tuple(output for part in self.parts for output in part.outputs)

    def encode(self, table: Any, out: np.ndarray) -> None:
        """Encode rows.

        Parameters
        ----------
        table : pyarrow.Table or RecordBatch
            Has at least `columns`, in any order.
        out : array (n, n_features_out) of float32 or float64
            Is overwritten.

        Raises
        ------
        ValueError : a column is missing, is not of the kind that was learned, or contains inf
        TypeError : a column's type is neither number nor category
        """
        import pyarrow

        if out.shape != (table.num_rows, self.n_features_out):
            raise ValueError(f"out has shape {out.shape}, but needs {(table.num_rows, self.n_features_out)}")
        columns, slices = [values_for(part, table) for part in self.parts], self.slices
        row = 0
        with np.errstate(all="ignore", over="raise"):
            for batch in pyarrow.Table.from_arrays(columns, self.columns).to_reader(max_chunksize=BLOCK_ROWS):
                block = out[row : row + batch.num_rows]
                for part, numbers, values in zip(self.parts, slices, batch.columns, strict=True):
                    part.encode(values, block[:, numbers])
                row += batch.num_rows

    def to_dict(self) -> dict[str, Any]:
        """Return the encoding as dicts, lists, strings and numbers, for JSON."""
        return {"columns": [as_dict(part) for part in self.parts]}

    @classmethod
    def from_dict(cls, data: Any) -> "TableEncoding":
        """Return the encoding that `to_dict` wrote; raise ValueError for anything else."""
        if not isinstance(data, dict) or not isinstance(data.get("columns"), list):
            raise ValueError("not an encoding of a table: there is no list 'columns'")
        parts = tuple(part_from(part) for part in data["columns"])
        if len({part.name for part in parts}) < len(parts):
            raise ValueError("not an encoding of a table: two columns have the same name")
        return cls(parts)


def values_for(part: AnyColumn, table: Any) -> Any:
    """Return the column that `part` encodes, as nulls of no type if all its values are missing."""
    import pyarrow

    values = column_of(table, part.name)
    if part.fits(values.type):
        return values
    if all_missing(values):
        return pyarrow.nulls(len(values))
    raise ValueError(f"column {part.name!r} is of type {values.type}, but was learned as {part.learned}; convert it")
