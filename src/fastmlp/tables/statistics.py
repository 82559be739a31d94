"""Collect statistics of columns in one pass over a table, and choose from them how to encode each column."""

from typing import Any

from ..messages import listed
from ..rows.columns import all_missing, family, is_dictionary, spelled_numbers
from .category_counts import Categories
from .columns.category_column import CategoryColumn
from .columns.number_column import NumberColumn
from .date_statistics import Dates
from .number_statistics import Numbers

EXAMPLES = 5


class ColumnSoFar:
    """Statistics of the rows seen so far of a column; its first value decides between numbers and categories.

    Parameters
    ----------
    name : of the column
    role : "categories" or "numbers" if the user says that the values are these, else ""
    seed : of the sample from which quartiles are computed; None: no sample
    """

    def __init__(self, name: str, role: str, seed: Any) -> None:
        self.name, self.role, self.seed = name, role, seed
        self.n_missing, self.kind = 0, "null"
        self.n_not_spelled = 0  # number of texts that spell no number; the first are in `not_spelled`
        self.not_spelled: list[str] = []
        self.values: Numbers | Categories | Dates | None = None

    def add(self, column: Any) -> None:
        """Add the values of an Arrow array or chunked array."""
        kind = self.kind_of(column.type)
        if (self.values is None or kind != self.kind) and all_missing(column):
            self.n_missing += len(column)
            self.kind = kind if self.values is None and kind != "null" else self.kind
            return
        categories = self.has_categories(kind, column.type)
        if self.values is None:
            self.kind = kind
            self.values = self.statistics(categories)
        if kind != self.kind or (categories and isinstance(self.values, Numbers)):
            raise ValueError(
                f"column {self.name!r} is of type {column.type}, but was of {self.kind}s in rows before; "
                "convert it, or name it in categories= or numbers="
            )
        for chunk in getattr(column, "chunks", [column]):
            self.n_missing += self.values.add(self.spelled(chunk) if self.role == "numbers" else chunk)

    def kind_of(self, type: Any) -> str:
        """Return what the values of an Arrow type are; text is numbers if the user says so."""
        kind = family(self.name, type)
        return "number" if self.role == "numbers" and kind == "string" else kind

    def has_categories(self, kind: str, type: Any) -> bool:
        """Return whether a column of this kind and Arrow type has categories."""
        return kind != "number" or is_dictionary(type) if self.role == "" else self.role == "categories"

    def statistics(self, categories: bool) -> Numbers | Categories | Dates:
        """Return what collects the statistics of a column of this kind."""
        return Categories(self.name) if categories else Numbers(self.name, self.seed)

    def spelled(self, chunk: Any) -> Any:
        """Return the numbers that text spells, and count the texts that spell none."""
        import pyarrow.compute as pc

        numbers = spelled_numbers(chunk)
        if numbers.null_count > chunk.null_count:
            others = chunk.filter(pc.and_(chunk.is_valid(), numbers.is_null()))
            self.n_not_spelled += len(others)
            if not self.not_spelled:
                self.not_spelled = others[:EXAMPLES].to_pylist()
        return numbers

    def part(self, scaling: str | None, max_categories: int, indicator: bool) -> NumberColumn | CategoryColumn:
        """Return how to encode the column; parameters as those of `TableEncoder`."""
        missing = indicator and self.n_missing > 0
        if isinstance(self.values, Categories):
            return self.values.part(max_categories, missing)
        text = self.role == "numbers"
        if isinstance(self.values, Numbers) and self.values.integers.n:
            return self.values.part(scaling, missing, text)
        if text or (self.kind == "number" and self.role == ""):
            return NumberColumn(self.name, 0.0, 0.0, 1.0, missing, text)
        return CategoryColumn(self.name, "string", (), False, missing)


def roles_of(names: list[str], categories: Any, numbers: Any) -> dict[str, str]:
    """Return the role of each column by the names that a user gives; ValueError for names that do not fit."""
    roles = dict.fromkeys(names, "")
    for role, given in (("categories", categories), ("numbers", numbers)):
        for name in map(str, given):
            if name not in roles:
                raise ValueError(f"{role}: no column named {name!r}; the columns are {listed(names)}")
            if roles[name] not in ("", role):
                raise ValueError(f"column {name!r} is in both categories and numbers; name it in one of them")
            roles[name] = role
    return roles
