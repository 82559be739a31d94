"""The sections of a page: what was trained on what, how it went, how good it is, and how to repeat it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plot import LossCurveDisplay
from ..version import __version__
from . import counts, labels, many_classes, numbers, quantiles, two_classes
from .columns import columns_section
from .html import Element, Section, code, details, element, listed_items, paragraph, table
from .judged import Judged
from .picture import picture
from .rows import ReportRows
from .subject import Subject
from .words import MOST_OF_NAME, count, name_of, names_of, number, share

MOST_CLASSES = 12  # in a line of text
MOST_OF_VALUE = 400  # characters of a setting


@dataclass(frozen=True)
class About:
    """What a report knows beside its model and its rows.

    Attributes
    ----------
    which_rows : what the rows are, as in "the rows that were given"
    repeat : the command or the call that makes the page again
    settings : by name, in place of those of the model, or None
    n_repeats, random_state, threshold : as for `report`
    """

    which_rows: str
    repeat: str
    settings: dict[str, Any] | None = None
    n_repeats: int = 5
    random_state: int = 0
    threshold: float = 0.5


def judged(subject: Subject, rows: ReportRows, threshold: float) -> Judged:
    """Return how good the model is on the rows, as its task has it."""
    A, y, w, loss = subject.predictions(rows.Z), rows.y, rows.w, subject.loss
    name, classes = name_of(subject.what), subject.classes
    if classes is not None:
        if loss.exclusive:
            return many_classes.judged(y.astype(np.intp), A, w, classes)
        if subject.labels:
            return labels.judged(y, A, w, classes)
        return two_classes.judged(y, A[:, 1], w, classes, threshold)
    if loss.of_one_target:
        return quantiles.judged(y, A, w, loss.parameters, name)
    task = counts.judged if loss.name == "poisson" else numbers.judged
    return task(y.astype(np.float64), A, w, name)


def sections(subject: Subject, rows: ReportRows | None, found: Judged | None, about: About) -> Iterator[Section]:
    """Yield the sections in their order; of no rows, those that need none."""
    yield overview(subject, rows, about)
    if found is not None:
        header = ["figure", "value", "meaning"]
        yield Section("figures", "Figures", [figure_table(header, found)])
    yield learning_curve(subject)
    if found is not None and rows is not None:
        yield from found.sections
        yield columns_section(subject, rows, about.n_repeats, about.random_state)
    yield settings_section(subject, about)


def figure_table(header: list[str], found: Judged) -> Element:
    """Return all figures as a table, whose last column is text."""
    made = table("All figures of the scored rows", header, [[row.name, row.text, row.meaning] for row in found.figures])
    for row in made.iter("tr"):
        row[-1].set("class", "text")
    return made


def overview(subject: Subject, rows: ReportRows | None, about: About) -> Section:
    """Return what was trained on what, and which rows are scored."""
    lines = [["model", kind(subject)], ["target", target(subject)], ["columns", columns(subject)]]
    if rows is None:
        lines.append(["scored rows", f"none: {about.which_rows}"])
    else:
        lines.append(["scored rows", scored(rows, about)])
        lines.append(["weights", "all rows count alike" if rows.w is None else weights(rows.w)])
        lines.append(["target in these rows", values(subject, rows)])
    body = element("dl", *(element("div", element("dt", name), element("dd", text)) for name, text in lines))
    notes = [listed_items(subject.notes)] if subject.notes else []
    return Section("overview", "What was trained on what", [body, *notes, *column_lists(subject)])


def kind(subject: Subject) -> str:
    """Return what the model is, in words."""
    nets = subject.settings.get("nets")
    return subject.kind + (f", the average of {count(nets, 'net')}" if nets else "")


def target(subject: Subject) -> str:
    """Return what the model predicts, in words."""
    classes = subject.classes
    name = name_of(subject.what)
    if classes is None:
        words = {"squared_error": "numbers, by squared error", "poisson": "counts or rates, by the Poisson deviance",
                 "huber": "numbers, by Huber's loss"}  # fmt: skip
        levels = ", ".join(map(repr, subject.loss.parameters))
        return f"{name}: {words.get(subject.loss.name, f'quantiles at level {levels}')}"
    what = "labels" if subject.labels else "classes"
    some = ", ".join(name_of(value) for value in classes[:MOST_CLASSES])
    return f"{name}: {len(classes):,} {what}, {some}{', …' if len(classes) > MOST_CLASSES else ''}"


def columns(subject: Subject) -> str:
    """Return how many columns there are, in words."""
    unused = len(subject.names) - len(subject.used)
    left_out = f", of which {unused:,} {'is' if unused == 1 else 'are'} not used" if unused else ""
    return f"{len(subject.names):,}{left_out}"


def scored(rows: ReportRows, about: About) -> str:
    """Return which rows are scored, and how many."""
    if len(rows) == rows.n_given:
        return f"{len(rows):,}: {about.which_rows}"
    return (
        f"{len(rows):,}, a sample of {rows.n_given:,}, drawn with the seed {about.random_state}: {about.which_rows}. "
        "All figures and pictures are of the sample."
    )


def weights(w: np.ndarray) -> str:
    """Return what the weights are."""
    none = f"; {int((w == 0).sum()):,} rows have none" if (w == 0).any() else ""
    return f"from {number(w.min())} to {number(w.max())}, in all {number(w.sum())}{none}"


def values(subject: Subject, rows: ReportRows) -> str:
    """Return what the target holds in the scored rows."""
    y, w, classes = rows.y, rows.w, subject.classes
    if classes is None:
        return f"from {number(y.min())} to {number(y.max())}, mean {number(np.average(y, axis=0, weights=w).mean())}"
    if subject.labels:
        shares = np.average(y, axis=0, weights=w)
    else:
        shares = np.bincount(y.astype(np.intp), w, len(classes)) / (len(y) if w is None else w.sum())
    order = np.argsort(-shares, kind="stable")[:MOST_CLASSES]
    rest = f", and {len(classes) - MOST_CLASSES} more" if len(classes) > MOST_CLASSES else ""
    return ", ".join(f"{name_of(classes[k])} {share(shares[k])}" for k in order) + rest


def column_lists(subject: Subject) -> list[Element]:
    """Return the names of the columns, hidden at first."""
    names = zip(subject.names, names_of(subject.names, MOST_OF_NAME), strict=True)
    rows = [
        [str(k + 1), shown, "used" if name in subject.used else "not used"] for k, (name, shown) in enumerate(names)
    ]
    return [details("The columns", table("Columns", ["place", "column", "use"], rows, text_columns=3))]


def learning_curve(subject: Subject) -> Section:
    """Return the learning curve, or why there is none."""
    title = "Learning curve"
    if isinstance(subject.curves, str):
        return Section("learning", title, [paragraph(subject.curves)])
    curves = {name: values if name == "epochs" else finite(values) for name, values in subject.curves.items()}
    loss = curves["loss"]
    known = loss[np.isfinite(loss)]
    if not len(known):
        return Section("learning", title, [paragraph("No loss of the history is finite: training diverged.")])

    def draw(ax: Any) -> None:
        LossCurveDisplay(**curves).plot(ax)

    words = best_epoch(curves) + broken_epochs(loss)
    shown = picture(
        draw,
        "Learning curve:",
        f"mean loss after each epoch.{words}",
        f"Learning curve of {count(len(loss), 'epoch')}: the training loss goes from {number(known[0])} to "
        f"{number(known[-1])}.{words}",
        height=3.6,
    )
    return Section("learning", title, [shown])


def best_epoch(curves: dict[str, Any]) -> str:
    """Return a sentence about the lowest validation loss, if there is one."""
    held = curves["validation_loss"]
    if held is None or np.isnan(held).all():
        return ""
    best = int(np.nanargmin(held))
    return f" The lowest validation loss is {number(held[best])}, in epoch {epoch_of(curves, best)}."


def broken_epochs(loss: np.ndarray) -> str:
    """Return a sentence about epochs whose loss is not finite, if there are some."""
    broken = int(np.isnan(loss).sum())
    return f" {count(broken, 'epoch has', 'epochs have')} a loss that is not finite." if broken else ""


def epoch_of(curves: dict[str, Any], k: int) -> str:
    """Return the number of an epoch."""
    epochs = curves.get("epochs")
    return f"{k + 1 if epochs is None else epochs[k]:g}"


def finite(values: Any) -> Any:
    """Return a curve with NaN for what is not finite; None where there is none."""
    if values is None:
        return None
    array = np.array([np.nan if value is None else value for value in values], np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def setting(value: Any) -> str:
    """Return a setting as it is written; of functions, without the address, which changes from process to process."""
    return value if isinstance(value, str) else re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def settings_section(subject: Subject, about: About) -> Section:
    """Return the settings, and how to make the page again."""
    settings = subject.settings | (about.settings or {})
    rows = [[name, name_of(setting(value), MOST_OF_VALUE)] for name, value in settings.items()]
    content = [
        paragraph("This makes the page again, with the same figures to the last bit on the same machine:"),
        code(about.repeat, "what makes this page again"),
        table("Settings", ["setting", "value"], rows, text_columns=2),
        paragraph(f"Made by fastmlp {__version__}."),
    ]
    return Section("settings", "Settings, and how to repeat this", content)
