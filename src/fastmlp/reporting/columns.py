"""What single columns do: permutation importances, and partial dependences of the most important ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn import metrics

from .. import plot
from ..importances import FeatureImportances, moved, shuffled
from .counts import deviance
from .dependence import dependences
from .groups import repeated
from .html import Element, Section, details, paragraph, printable, table
from .labels import log_loss
from .picture import INK, SERIES, picture
from .quantiles import pinball
from .rows import ReportRows, drawn
from .subject import Subject
from .words import MOST_OF_NAME, count, names_of, number

MOST_ROWS = 5000  # that are shuffled
FEWEST_ROWS = 200
MOST_PREDICTIONS = 1_000_000  # of rows, for all columns and repetitions
MOST_DRAWN = 20  # columns in the picture
MOST_LISTED = 30  # in the first table
DEPENDENCES = 3


class Error(NamedTuple):
    """What a shuffle makes worse: its name, and a function of y, predictions and weights."""

    name: str
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


@dataclass(frozen=True)
class ByRows:
    """A model as scikit-learn's `permutation_importance` takes it, with numbers of rows in place of X."""

    subject: Subject
    matrix: np.ndarray
    at: np.ndarray

    def fit(self, X: Any, y: Any) -> "ByRows":
        """Do nothing: scikit-learn asks for a `fit`."""
        return self

    def predictions(self, R: np.ndarray) -> np.ndarray:
        """Return predictions where column k of the numbers has the values of the rows R[:, k]."""
        of = np.empty(self.matrix.shape[1], np.intp)
        for k, part in enumerate(self.subject.used.values()):
            of[part] = k
        return self.subject.predictions(self.subject.outputs(moved(self.matrix, R, of), self.at).astype(np.float64))


def columns_section(subject: Subject, rows: ReportRows, n_repeats: int, seed: int) -> Section:
    """Return importances of all columns, and what predictions do as the most important ones change."""
    title, n_columns = "What predictions depend on", len(subject.used)
    n = min(len(rows), MOST_ROWS, MOST_PREDICTIONS // (n_columns * n_repeats))
    if n < min(len(rows), FEWEST_ROWS):
        why = f"There are {n_columns:,} columns, too many to shuffle each of them {count(n_repeats, 'time')}."
        return Section("columns", title, [paragraph(why)])
    at = drawn(len(rows), n, seed)
    w = None if rows.w is None else rows.w[at]
    if w is not None and not w.any():
        return Section("columns", title, [paragraph("None of the rows drawn for this has a weight.")])
    error = error_of(subject)
    found = importances(subject, rows, at, w, error, n_repeats, seed)
    names = [name for name in found.names if name in subject.used][:DEPENDENCES]
    content = [
        paragraph(
            f"A column is shuffled, {count(n_repeats, 'time')}, among {len(at):,} of the scored rows: the more the "
            f"{error.name} rises, the more the model needs the column. Columns that tell the same hide one another."
        ),
        importance_picture(found, error.name),
        *importance_tables(found, error.name),
        *dependences(subject, rows, at, names),
    ]
    return Section("columns", title, content)


def importances(
    subject: Subject, rows: ReportRows, at: np.ndarray, w: np.ndarray | None, error: Error, n_repeats: int, seed: int
) -> FeatureImportances:
    """Return by how much the error rises where a column is shuffled."""
    by_rows = ByRows(subject, rows.matrix[at], at)

    def score(model: ByRows, R: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        return -error.measure(y, model.predictions(R), sample_weight)

    used, seed = list(subject.used), seed % 2**32  # as scikit-learn takes no larger ones
    return shuffled(by_rows, len(at), subject.names, used, rows.y[at], w, n_repeats, score, seed)


def error_of(subject: Subject) -> Error:
    """Return what a shuffle makes worse, in scikit-learn's words."""
    loss = subject.loss
    if subject.labels:
        return Error("log loss", log_loss)
    if subject.classes is not None:
        K = np.arange(len(subject.classes))
        return Error("log loss", lambda y, A, w: float(metrics.log_loss(y, A, sample_weight=w, labels=K)))
    if loss.of_one_target:
        levels = loss.parameters
        return Error("mean pinball loss", lambda y, A, w: float(
            np.mean([pinball(y, A[:, k], w, level) for k, level in enumerate(levels)])
        ))  # fmt: skip
    if loss.name == "poisson":
        return Error("mean Poisson deviance", lambda y, A, w: deviance(y.ravel(), A.ravel(), repeated(w, A.shape[1])))
    return Error("RMSE", lambda y, A, w: float(
        metrics.root_mean_squared_error(y.reshape(A.shape), A, sample_weight=w)
    ))  # fmt: skip


def importance_picture(found: FeatureImportances, error: str) -> Element:
    """Return a picture of the most important columns."""
    n = min(MOST_DRAWN, len(found.names))
    shown = replace(found, names=tuple(map(printable, names_of(found.names, 24))))

    def draw(ax: Any) -> None:
        plot.importances(shown, ax=ax, most=n)
        for bar in ax.patches:
            bar.set_color(SERIES[0])
        for lines in ax.collections:  # of deviations
            lines.set_color(INK)
        ax.set(xlabel=f"rise of the {error}")
        ax.margins(y=0.02)

    best = ", ".join(
        f"{name} {number(mean)}"
        for name, mean in zip(names_of(found.names[:5], MOST_OF_NAME), found.means[:5], strict=True)
    )
    some = f"the {n} most important of {len(found.names):,} columns" if n < len(found.names) else "of all columns"
    return picture(
        draw, "Permutation importances,", f"{some}: the mean rise of the {error}, and its standard deviation.",
        f"Bars of permutation importances, the rise of the {error}: {best}.", height=1 + 0.22 * max(n, 4),
    )  # fmt: skip


def importance_tables(found: FeatureImportances, error: str) -> list[Element]:
    """Return the importances as tables; those of many columns are hidden at first."""
    header = ["column", f"rise of the {error}", "standard deviation"]
    rows = [
        [name, number(mean), number(deviation)]
        for name, mean, deviation in zip(
            names_of(found.names, MOST_OF_NAME), found.means, found.deviations, strict=True
        )
    ]
    if len(rows) <= MOST_LISTED:
        return [details("The importances as a table", table("Permutation importances", header, rows))]
    return [
        details(
            f"The first {MOST_LISTED} as a table",
            table(f"Permutation importances of the first {MOST_LISTED} columns", header, rows[:MOST_LISTED]),
        ),
        details(f"All {len(rows):,} as a table", table("Permutation importances of all columns", header, rows)),
    ]
