"""Find columns that were perhaps misread, such as dates that were taken for categories, and say what to do."""

import csv
import io
import shlex
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..messages import few, shown
from ..rows.columns import spelled_numbers
from .category_counts import Categories
from .number_statistics import Integers, Numbers
from .statistics import ColumnSoFar

FEWEST_ROWS = 20  # in fewer rows, a pattern may be chance
ROWS_OF_A_CODE = 40  # rows for each value; from fewer, little can be learned of a category
FEWEST_CODES = 3  # two codes are as good as a number
MOST_OF_A_RUN = 8  # up to 8 integers from 0 or 1 on may be codes; more of them count something
NUMBERS_APART = 3  # with fewer different numbers, text is hardly a column of spoiled numbers
MOST_OTHERS = 0.2  # part of the different texts that may be something else (or two of them)

EFFECTS = {
    "drop": "leaves it out",
    "categories": "makes each value a category",
    "numbers": "reads it as numbers, and other text as missing",
}
MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?"
DAY = "|".join([
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})",
    rf"\d{{1,2}}[-/. ]+{MONTH}[-/., ]+(\d{{4}}|\d{{2}})", rf"{MONTH} \d{{1,2}},? \d{{4}}",
])  # fmt: skip
DATE = rf"(?i)^\s*({DAY})([T, ]+\d{{1,2}}:\d{{2}}.*)?\s*$"
AMOUNT = r"([0-9]{1,3}([, '][0-9]{3})+|[0-9]+)([.][0-9]+)?|([0-9]{1,3}([. ][0-9]{3})+|[0-9]+),[0-9]+"
CURRENCY = "([$€£¥]|USD|EUR|GBP)?"
DECORATED = rf"^\s*[(]?{CURRENCY} ?[+-]?{CURRENCY} ?({AMOUNT}) ?{CURRENCY}[%+]?[)]?\s*$"


@dataclass(frozen=True)
class Finding:
    """What was found in a column, the option that changes how it is read, and the one that confirms it."""

    column: str
    text: str
    option: str
    confirm: str | None = None

    def for_command(self) -> str:
        """Return the message with the option of the command line."""
        name = quoted(self.column)
        given = f"--{self.option}{'=' if name.startswith('-') else ' '}{name}"
        return f"column {shown(self.column)} {self.text}; {given} {EFFECTS[self.option]}"

    def for_encoder(self) -> str:
        """Return the message with the parameter of `TableEncoder`."""
        given = f"[{shown(self.column)}]"
        remedy = "leave it out" if self.option == "drop" else f"{self.option}={given} {EFFECTS[self.option]}"
        confirm = f"; {self.confirm}={given} keeps it as it is, without this warning" if self.confirm else ""
        return f"column {shown(self.column)} {self.text}; {remedy}{confirm}"


def finding(column: ColumnSoFar, n_rows: int) -> Finding | None:
    """Return what to tell of a column after n_rows; None if it was read well, or as the user has said."""
    values = column.values
    if n_rows < FEWEST_ROWS or column.role == "categories":
        return None
    if column.role == "numbers":
        return of_spelled(column, n_rows)
    if isinstance(values, Numbers):
        return of_integers(column, values.integers, n_rows)
    if isinstance(values, Categories) and values.value_type == "string":
        return of_texts(column.name, values.counts)
    return None


def of_spelled(column: ColumnSoFar, n_rows: int) -> Finding | None:
    """Find that most values of a column, which the user takes for numbers, spell no number."""
    n, n_present = column.n_not_spelled, n_rows - column.n_missing + column.n_not_spelled
    if n <= n_present / 2:
        return None
    text = f"has {n_present:,} values, of which {n:,} ({few(column.not_spelled)}) spell no number and count as missing"
    return Finding(column.name, f"{text}; write them as 1234.5 to have numbers", "categories")


def of_integers(column: ColumnSoFar, integers: Integers, n_rows: int) -> Finding | None:
    """Find that numbers are row numbers or codes."""
    if not integers.all or not integers.n:
        return None
    low, high, different = integers.low, integers.high, integers.different
    if is_unnamed(column.name) and column.n_missing == 0 and n_rows - 1 <= high - low < 2 * n_rows:
        return Finding(column.name, "has no name, and its integers number rows", "drop", "numbers")
    if different is None or not FEWEST_CODES <= len(different) <= integers.n / ROWS_OF_A_CODE:
        return None
    apart = np.diff(sorted(different)) > 1
    if apart.mean() > 0.5 or (low in (0, 1) and len(different) <= MOST_OF_A_RUN):
        span = f"{len(different)} different integers from {int(low)} to {int(high)}"
        text = f"was taken for numbers, but has only {span}, like a column of codes"
        return Finding(column.name, text, "categories", "numbers")
    return None


def of_texts(name: str, counts: Counter) -> Finding | None:
    """Find that categories are dates, numbers, or nearly as many as rows."""
    import pyarrow
    import pyarrow.compute as pc

    n_rows, n = counts.total(), len(counts)
    if n_rows < FEWEST_ROWS or n < 2:
        return None
    taken = f"was taken for {n:,} categories"
    by_frequency = sorted(counts, key=lambda text: (-counts[text], text))
    texts = pyarrow.array(by_frequency, "large_string")
    dates = pc.sum(pc.match_substring_regex(texts, DATE)).as_py()
    if dates > (1 - MOST_OTHERS) * n:
        text = f"{taken}, but they are dates ({few(by_frequency)}); convert them to numbers first, such as days"
        return Finding(name, text, "drop", "categories")
    plain = spelled_numbers(texts).is_valid()
    others = texts.filter(pc.invert(plain))
    n_decorated = pc.sum(pc.match_substring_regex(others, DECORATED)).as_py() or 0
    n_plain = n - len(others)
    n_spoiling, n_numbers = len(others) - n_decorated, n_plain + n_decorated
    if len(others) and n_numbers >= NUMBERS_APART and n_spoiling <= max(2, MOST_OTHERS * n) and n_numbers > n_spoiling:
        examples = few(others.to_pylist())
        if n_plain < n_decorated:
            text = (
                f"{taken}, but they are numbers in another spelling ({examples}); write them as 1234.5 to have numbers"
            )
            return Finding(name, text, "drop", "categories")
        text = f"{taken}, but {n_plain:,} of them spell numbers; the others ({examples}) do not"
        return Finding(name, text, "numbers", "categories")
    if n > n_rows / 2:
        text = f"{taken} in {n_rows:,} rows, like identifiers or free text ({few(by_frequency)})"
        return Finding(name, text, "drop", "categories")
    return None


def is_unnamed(name: str) -> bool:
    """Return whether a column has no name, or one that pandas and `rows.Csv` give to a column without name."""
    return not name.strip() or name.startswith("Unnamed: ")


def quoted(name: str) -> str:
    """Return a name for the command line, quoted as in a CSV file and for the shell where it needs that."""
    if not name.isprintable():
        return shown(name)
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([name])
    return shlex.quote(text.getvalue())
