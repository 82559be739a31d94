"""How each column of a table becomes numbers, as `TableEncoder` learns it."""

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..rows.columns import all_missing, as_categories, as_numbers, column_of, family, is_dictionary, spelled_numbers

BLOCK_ROWS = 8192  # whose output stays in cache

PYTHON_TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "float": float}
ARROW_TYPES = {"string": "large_string", "boolean": "bool", "integer": "int64", "float": "double"}
VALUE_TYPES = {arrow: value_type for value_type, arrow in ARROW_TYPES.items()}


@dataclass(frozen=True)
class NumberColumn:
    """(x - shift) factor, with `fill` in place of a missing x; then, with `indicator`, 1 if x is missing, else 0.

    With `text`, x may be text that spells a number; other text counts as missing.
    """

    name: str
    fill: float
    shift: float
    factor: float
    indicator: bool
    text: bool = False

    kind = learned = "numbers"

    def __post_init__(self) -> None:
        finite = all(type(number) is float and math.isfinite(number) for number in (self.fill, self.shift, self.factor))
        if not (finite and type(self.name) is str and type(self.indicator) is type(self.text) is bool):
            raise ValueError(f"not a column of numbers: {str(self)[:200]}")

    @property
    def n_features_out(self) -> int:
        return 1 + self.indicator

    @property
    def feature_names_out(self) -> list[str]:
        return [self.name, f"{self.name} missing"][: self.n_features_out]

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        known = family(self.name, kind)
        return self.text or (known != "string" and not is_dictionary(kind))

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, n_features_out)."""
        missing: Any = 0
        try:
            x = as_numbers(spelled_numbers(values) if self.text else values)
            Z = np.subtract(x, self.shift, dtype=np.float64)
            if not math.isfinite(Z.sum()):  # most blocks need only this one pass
                missing = np.isnan(Z)
                if np.isinf(Z).any():
                    raise FloatingPointError
                Z[missing] = self.fill - self.shift
            np.multiply(Z, self.factor, out=out[:, 0])
        except FloatingPointError:
            raise ValueError(
                f"column {self.name!r} contains inf, or a number too large for {out.dtype}; replace it"
            ) from None
        if self.indicator:
            out[:, 1] = missing


@dataclass(frozen=True)
class CategoryColumn:
    """1 in the column of the value's category, else 0; then a column for other values, and one for missing values."""

    name: str
    value_type: str
    categories: tuple[Any, ...]
    other: bool
    missing: bool

    kind = "categories"

    def __post_init__(self) -> None:
        kind = PYTHON_TYPES[self.value_type]
        flags = type(self.name) is str and type(self.other) is type(self.missing) is bool
        if not (flags and type(self.categories) is tuple and all(type(value) is kind for value in self.categories)):
            raise ValueError(f"not a column of categories: {str(self)[:200]}")
        if kind is float and not all(map(math.isfinite, self.categories)):
            raise ValueError(f"column {self.name!r}: a category is not finite")
        if len(set(self.categories)) < len(self.categories):
            raise ValueError(f"column {self.name!r}: a category occurs twice")

    @property
    def learned(self) -> str:
        return f"categories of type {self.value_type}"

    @property
    def n_features_out(self) -> int:
        return len(self.categories) + self.other + self.missing

    @property
    def feature_names_out(self) -> list[str]:
        rest = "other" if "other" not in self.categories else "(other)"
        names = [f"{self.name}={category}" for category in self.categories]
        return names + [f"{self.name}={rest}"] * self.other + [f"{self.name} missing"] * self.missing

    def fits(self, kind: Any) -> bool:
        """Return whether a column of this Arrow type can be encoded."""
        return family(self.name, kind) in ("string" if self.value_type == "string" else "number", "null")

    def encode(self, values: Any, out: np.ndarray) -> None:
        """Encode an Arrow array of n values into out (n, n_features_out)."""
        places = self._places(values)
        rows = np.flatnonzero(places >= 0)
        out[...] = 0
        out[rows, places[rows]] = 1

    def _places(self, values: Any) -> np.ndarray:
        """Return the output column of each value, or -1 for none."""
        import pyarrow.compute as pc

        other = len(self.categories) if self.other else -1
        missing = len(self.categories) + self.other if self.missing else other
        if is_dictionary(values.type) and len(values.dictionary) <= len(values):
            of_entries = np.append(self._places(values.dictionary), missing)
            entries: np.ndarray = values.indices.cast("int64").fill_null(len(of_entries) - 1).to_numpy()
            return np.take(of_entries, entries)
        values = as_categories(self.name, values)
        types = {self.value_type, VALUE_TYPES[str(values.type)]}
        common = ARROW_TYPES[types.pop() if len(types) == 1 else "float" if "float" in types else "integer"]
        found = pc.index_in(values.cast(common, safe=False), self._known.cast(common, safe=False))
        places: np.ndarray = found.fill_null(other).to_numpy()
        return np.where(values.is_null(), missing, places) if values.null_count else places

    @cached_property
    def _known(self) -> Any:
        import pyarrow

        return pyarrow.array(self.categories, ARROW_TYPES[self.value_type])


KINDS: dict[str, type[NumberColumn] | type[CategoryColumn]] = {"numbers": NumberColumn, "categories": CategoryColumn}


@dataclass(frozen=True)
class TableEncoding:
    """How the columns of a table become numbers; plain data that `TableEncoder` learns and model files keep."""

    parts: tuple[NumberColumn | CategoryColumn, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the input columns."""
        return [part.name for part in self.parts]

    @property
    def text_columns(self) -> list[str]:
        """Names of the columns whose categories are strings."""
        return [part.name for part in self.parts if isinstance(part, CategoryColumn) and part.value_type == "string"]

    @property
    def spelled_columns(self) -> list[str]:
        """Names of the columns whose numbers may be spelled as text."""
        return [part.name for part in self.parts if isinstance(part, NumberColumn) and part.text]

    @property
    def n_features_out(self) -> int:
        return sum(part.n_features_out for part in self.parts)

    @property
    def feature_names_out(self) -> list[str]:
        """Names of the output columns: 'age', 'age missing', 'job=clerk', 'job=other', 'job missing'."""
        return [name for part in self.parts for name in part.feature_names_out]

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
        columns = [values_for(part, table) for part in self.parts]
        ends = np.cumsum([part.n_features_out for part in self.parts])
        row = 0
        with np.errstate(all="ignore", over="raise"):
            for batch in pyarrow.Table.from_arrays(columns, self.columns).to_reader(max_chunksize=BLOCK_ROWS):
                block = out[row : row + batch.num_rows]
                for part, end, values in zip(self.parts, ends, batch.columns, strict=True):
                    part.encode(values, block[:, end - part.n_features_out : end])
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


def as_dict(part: NumberColumn | CategoryColumn) -> dict[str, Any]:
    """Return the description of a column for a file."""
    values = {key: list(value) if type(value) is tuple else value for key, value in asdict(part).items()}
    if values.get("text") is False:  # files from before there was text do not have it
        del values["text"]
    return {"kind": part.kind, **values}


def part_from(data: Any) -> NumberColumn | CategoryColumn:
    """Return the column of a description in a file that may be damaged."""
    import pyarrow

    try:
        values: dict[str, Any] = {key: tuple(v) if type(v) is list else v for key, v in data.items()}
        part = KINDS[values.pop("kind")](**values)
        if isinstance(part, CategoryColumn):
            part.encode(pyarrow.nulls(0), np.empty((0, part.n_features_out)))  # raises if Arrow has no such categories
        return part
    except (AttributeError, KeyError, TypeError, OverflowError, UnicodeError):
        raise ValueError(f"not a description of a column: {str(data)[:200]}") from None


def values_for(part: NumberColumn | CategoryColumn, table: Any) -> Any:
    """Return the column that `part` encodes, as nulls of no type if all its values are missing."""
    import pyarrow

    values = column_of(table, part.name)
    if part.fits(values.type):
        return values
    if all_missing(values):
        return pyarrow.nulls(len(values))
    raise ValueError(f"column {part.name!r} is of type {values.type}, but was learned as {part.learned}; convert it")
