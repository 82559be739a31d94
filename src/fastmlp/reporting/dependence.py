"""Partial dependences: mean predictions where a column has the same value in all rows.

The value is that of another row, as the model reads it; so any column of any table will do, and needs no inverse of its
encoding.
"""

import datetime
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ..plot.names import plain
from ..rows.columns import column_of
from ..rows.record_batches import is_missing, record_batches
from ..rows.streams.table import Table as TableStream
from .html import Element, details, pair, paragraph, printable, table
from .picture import picture
from .rows import ReportRows, drawn
from .subject import Subject
from .words import MOST_OF_LABEL, figure, joined, name_of, names_of, number

MOST_ROWS = 500  # that a mean is of
POINTS = 21  # of a column of numbers, from its 1st to its 99th percentile
MOST_CATEGORIES = 12
MOST_LINES = 5  # of several predictions of a row
FEW_VALUES = 10  # of numbers, that are drawn as points


class Dependence(NamedTuple):
    """The partial dependence of a column.

    Attributes
    ----------
    name : of the column
    values : m of its values, numbers or dates in ascending order, or names of categories, the most frequent first
    means : (m, K) mean predictions
    missing : (K) those where it is missing, or None
    ordered : whether values are numbers or dates
    """

    name: str
    values: list[Any]
    means: np.ndarray
    missing: np.ndarray | None
    ordered: bool


def dependences(subject: Subject, rows: ReportRows, at: np.ndarray, names: list[str]) -> list[Element]:
    """Return pictures of the partial dependences of these columns; at: places of rows to take means over."""
    at = at[drawn(len(at), MOST_ROWS, 0)]
    lines = lines_of(subject, rows)
    found = [dependence(subject, rows, at, name) for name in names]
    known = [each for each in found if len(each.values) > 0]
    if not known:
        return []
    called = names_of([each.name for each in known], 40)
    known = [each._replace(name=name) for each, name in zip(known, called, strict=True)]
    listed = joined(called)
    return [
        paragraph(
            f"Partial dependences of {listed}: the mean prediction for {len(at):,} rows, were the column to have the "
            "same value in all of them. Values that never occur together are put together, too."
        ),
        pair(*(dependence_picture(each, lines, subject) for each in known)),
        details("The partial dependences as tables", *(dependence_table(each, lines) for each in known)),
    ]


def lines_of(subject: Subject, rows: ReportRows) -> dict[str, int]:
    """Return which outputs of a prediction are drawn, by what they are called."""
    K = subject.predictions(rows.Z[:1]).shape[1]
    classes, loss = subject.classes, subject.loss
    if classes is not None:
        if not (loss.exclusive or subject.labels):
            return {f"P({name_of(classes[1], MOST_OF_LABEL)})": 1}
        names = names_of(classes, MOST_OF_LABEL)
        largest = np.argsort(-subject.predictions(rows.Z[:10_000]).mean(axis=0), kind="stable")[:MOST_LINES]
        return {f"P({names[k]})": int(k) for k in sorted(largest.tolist())}
    if loss.of_several_levels:
        chosen = np.unique(np.linspace(0, K - 1, min(K, MOST_LINES)).astype(int))
        return {f"level {loss.parameters[k]!r}": int(k) for k in chosen}
    if K == 1:
        return {"prediction": 0}
    return {f"prediction {k}": k for k in range(min(K, MOST_LINES))}


def dependence(subject: Subject, rows: ReportRows, at: np.ndarray, name: str) -> Dependence:
    """Return the partial dependence of a column."""
    values = values_of(subject, rows, name)
    absent = np.array([is_missing(value) for value in values], bool)
    some = np.flatnonzero(~absent)
    ordered = is_ordered(subject, name, values, some)
    donors = by_order(values, some) if ordered else by_frequency(values, some)
    matrix, part = rows.matrix[at].copy(), subject.used[name]
    w = None if rows.w is None or not rows.w[at].any() else rows.w[at]

    def mean(donor: int) -> np.ndarray:
        matrix[:, part] = rows.matrix[donor, part]
        A = subject.predictions(subject.outputs(matrix, at).astype(np.float64))
        return np.asarray(np.average(A, axis=0, weights=w))

    means = np.array([mean(donor) for donor in donors])
    missing = mean(int(np.argmax(absent))) if absent.any() else None
    return Dependence(name, [values[donor] for donor in donors], means, missing, ordered)


def values_of(subject: Subject, rows: ReportRows, name: str) -> list[Any]:
    """Return the values of a column, as the table has them, of the rows of a report."""
    if subject.encoding is None:
        found: list[Any] = rows.matrix[:, subject.used[name].start].tolist()
        return found
    source, index = rows.source, rows.index
    if isinstance(source, TableStream):
        source = source.with_columns([name])  # which reads no other
    batches = record_batches(source)
    column = name if batches.named and subject.named else batches.names[subject.names.index(name)]
    numbers, places = np.unique(index, return_inverse=True)
    found, first = [], 0
    for batch, _ in batches.batches:
        low, high = np.searchsorted(numbers, [first, first + batch.num_rows])
        found += column_of(batch, column).take(numbers[low:high] - first).to_pylist()
        first += batch.num_rows
    spelled = subject.encoding.spelled_columns
    if name in spelled:
        found = [as_number(value) for value in found]
    return [found[place] for place in places]


def as_number(value: Any) -> float:
    """Return a number, or text that spells one, as a float; NaN for other text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def is_ordered(subject: Subject, name: str, values: list[Any], some: np.ndarray) -> bool:
    """Return whether a column holds numbers or dates, and no categories."""
    if subject.encoding is not None:
        part = next(part for part in subject.encoding.parts if part.name == name)
        if hasattr(part, "categories"):
            return False
    return all(not isinstance(values[k], str | bool) for k in some[:100])


def by_order(values: list[Any], some: np.ndarray) -> list[int]:
    """Return rows whose values are quantiles of a column, in ascending order, each value once."""
    order = sorted(some.tolist(), key=lambda k: values[k])
    distinct = [k for at, k in enumerate(order) if at == 0 or values[k] != values[order[at - 1]]]
    if len(distinct) <= POINTS:
        return distinct
    levels = np.linspace(0.01, 0.99, POINTS) * (len(order) - 1)
    chosen = [order[int(level)] for level in levels]
    return [k for at, k in enumerate(chosen) if at == 0 or values[k] != values[chosen[at - 1]]]


def by_frequency(values: list[Any], some: np.ndarray) -> list[int]:
    """Return rows with the most frequent values of a column."""
    first: dict[Any, int] = {}
    for k in some.tolist():
        first.setdefault(values[k], k)
    counts = Counter(values[k] for k in some.tolist())
    ranked = sorted(first, key=lambda value: (-counts[value], first[value]))
    return [first[value] for value in ranked[:MOST_CATEGORIES]]


def dependence_picture(found: Dependence, lines: dict[str, int], subject: Subject) -> Element:
    """Return a picture of a partial dependence."""
    name = found.name

    def draw(ax: Any) -> None:
        for k, (label, output) in enumerate(lines.items()):
            color, means = f"C{k}", found.means[:, output]
            if found.ordered:
                few = len(found.values) <= FEW_VALUES
                ax.plot(
                    [placed(value) for value in found.values],
                    means,
                    "o-" if few else "-",
                    color=color,
                    label=plain(printable(label)),
                )
            else:
                ax.plot(means, np.arange(len(means)), "o", color=color, label=plain(printable(label)))
            if found.missing is not None:
                line = ax.axhline if found.ordered else ax.axvline
                line(found.missing[output], color=color, linestyle=":", label="where it is missing" if k == 0 else None)
        words = "mean probability" if subject.classes is not None else "mean prediction"
        if found.ordered:
            ax.set(xlabel=plain(printable(name)), ylabel=words)
            if hasattr(found.values[0], "year"):
                ax.tick_params(axis="x", rotation=30)
        else:
            names = [plain(printable(each)) for each in names_of(found.values, 22)]
            ax.set_yticks(np.arange(len(names)), names)
            ax.invert_yaxis()
            ax.set(xlabel=words, ylabel=plain(printable(name)))
        ax.grid(axis="y" if found.ordered else "x")
        if len(lines) > 1 or found.missing is not None:
            ax.legend(loc="best", fontsize=8)

    label, output = next(iter(lines.items()))
    means = found.means[:, output]
    low, high = int(means.argmin()), int(means.argmax())
    alt = (
        f"Partial dependence on {name}: {label} is on average lowest, {number(means[low])}, at "
        f"{name_of(found.values[low])}, and highest, {number(means[high])}, at {name_of(found.values[high])}."
    )
    what = "from its 1st to its 99th percentile" if found.ordered else "its most frequent values"
    missing = "; dotted: where it is missing" if found.missing is not None else ""
    return picture(draw, f"{name},", f"{what}{missing}.", alt)


def placed(value: Any) -> Any:
    """Return a value as matplotlib places it on an axis: times of day as hours, durations as seconds."""
    if isinstance(value, datetime.time):
        return value.hour + value.minute / 60 + value.second / 3600
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value if hasattr(value, "year") else float(value)


def dependence_table(found: Dependence, lines: dict[str, int]) -> Element:
    """Return a partial dependence as a table."""
    rows = [
        [
            name_of(number(value) if isinstance(value, float) else value),
            *(figure_of(mean) for mean in means[list(lines.values())]),
        ]
        for value, means in zip(found.values, found.means, strict=True)
    ]
    if found.missing is not None:
        rows.append(["missing", *(figure_of(mean) for mean in found.missing[list(lines.values())])])
    return table(f"Partial dependence on {found.name}", [found.name, *lines], rows)


def figure_of(mean: float) -> str:
    """Return a mean prediction as it is written."""
    return figure(mean) if 0 <= mean <= 1 else number(mean)
