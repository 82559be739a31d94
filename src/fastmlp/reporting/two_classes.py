"""How good probabilities of two classes are."""

from typing import Any, NamedTuple

import numpy as np
from sklearn import metrics
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

from .calibration import calibration, calibration_error
from .confusion import confusion
from .html import Element, Section, pair, paragraph, table
from .judged import FigureRow, Judged
from .picture import INK, SERIES, picture
from .words import figure, name_of, share

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
UNDEFINED = "All scored rows are of one class, {}: curves that compare two classes are undefined."


class AtThreshold(NamedTuple):
    """Shares of rows, by weight, where those of a probability above a threshold are predicted to be of class 1."""

    threshold: float
    predicted: float
    precision: float
    recall: float
    false_positive_rate: float
    f1: float


def judged(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, classes: list[Any], threshold: float) -> Judged:
    """Return what a page says of probabilities.

    Parameters
    ----------
    y, p : 0 and 1 (n), and the probability of 1, (n)
    w : weights (n), or None
    classes : what 0 and 1 stand for
    threshold : above which a probability means class 1
    """
    names = [name_of(value) for value in classes]
    both = len(np.unique(y if w is None else y[w > 0])) == 2
    at = at_threshold(y, p, w, threshold)
    sections = []
    if both:
        sections.append(Section("curves", "ROC and precision-recall", curves(y, p, w, names[1], at)))
    else:
        only = names[int(y[0] if w is None else y[w > 0][0])]
        sections.append(Section("curves", "ROC and precision-recall", [paragraph(UNDEFINED.format(only))]))
    sections += [
        Section("calibration", "Calibration", calibration(y, p, w, f"of {names[1]}")),
        Section(
            "confusion", "Confusion matrix",
            [*confusion(y, (p > threshold).astype(np.intp), w, classes), thresholds(y, p, w, names[1], threshold)],
        ),
    ]  # fmt: skip
    return Judged(figures(y, p, w, names[1], both, at), 3, sections)


def figures(
    y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str, both: bool, at: AtThreshold
) -> list[FigureRow]:
    """Return the figures; those that need both classes are undefined without them."""
    base = float(np.average(y, weights=w))
    losses = metrics.log_loss(y, np.column_stack([1 - p, p]), sample_weight=w, labels=[0, 1])
    least = 0.0 if base in (0, 1) else -base * np.log(base) - (1 - base) * np.log(1 - base)
    auc = metrics.roc_auc_score(y, p, sample_weight=w) if both else np.nan
    precision = metrics.average_precision_score(y, p, sample_weight=w) if both else np.nan
    right = metrics.accuracy_score(y, p > at.threshold, sample_weight=w)
    balanced = (at.recall + 1 - at.false_positive_rate) / 2 if both else np.nan
    cut = f"at the threshold {at.threshold:g}"
    return [
        FigureRow("AUC", auc, "area under the ROC curve; 0.5 for guesses, 1 at best"),
        FigureRow("log loss", losses, f"0 at best; {figure(least)} for the share of each class as its probability"),
        FigureRow(
            "accuracy",
            right,
            f"share of rows whose class is found {cut}; {figure(max(base, 1 - base))} for "
            "the more frequent class everywhere",
        ),
        FigureRow("average precision", precision, f"area under the precision-recall curve; {figure(base)} for guesses"),
        FigureRow(
            "Brier score",
            metrics.brier_score_loss(y, p, sample_weight=w),
            "mean squared error of probabilities; 0 at best",
        ),
        FigureRow(
            "calibration error",
            calibration_error(y, p, w),
            "mean distance of shares from predicted probabilities, over ten groups of rows; 0 at best",
        ),
        FigureRow("balanced accuracy", balanced, f"mean over both classes of the share that is found {cut}"),
        FigureRow("precision", at.precision, f"share of {name} among the rows predicted to be so, {cut}"),
        FigureRow("recall", at.recall, f"share of the rows of {name} that are found, {cut}"),
        FigureRow("F1", at.f1, f"harmonic mean of precision and recall, {cut}"),
        FigureRow(f"share of {name}", base, "among the scored rows, by weight where they have some"),
    ]


def at_threshold(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, threshold: float) -> AtThreshold:
    """Return shares at a threshold; NaN where there are no rows of which to take a share."""
    v = np.ones(len(y)) if w is None else w
    positive, above = y == 1, p > threshold
    hit, false = float(v[above & positive].sum()), float(v[above & ~positive].sum())
    ones, zeros = float(v[positive].sum()), float(v[~positive].sum())
    precision, recall, false_rate = (
        np.nan if whole == 0 else part / whole for part, whole in ((hit, hit + false), (hit, ones), (false, zeros))
    )
    f1 = np.nan if hit + false + ones == 0 else 2 * hit / (hit + false + ones)
    return AtThreshold(threshold, (hit + false) / float(v.sum()), precision, recall, false_rate, f1)


def curves(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str, at: AtThreshold) -> list[Element]:
    """Return the ROC curve and the precision-recall curve, with a mark at the threshold."""
    false, true, _ = metrics.roc_curve(y, p, sample_weight=w)
    precision, recall, _ = metrics.precision_recall_curve(y, p, sample_weight=w, drop_intermediate=True)
    auc, base = metrics.roc_auc_score(y, p, sample_weight=w), float(np.average(y, weights=w))
    average = metrics.average_precision_score(y, p, sample_weight=w)

    def draw_roc(ax: Any) -> None:
        RocCurveDisplay(fpr=false, tpr=true, roc_auc=auc).plot(ax=ax, plot_chance_level=True)
        finish(ax, f"AUC {auc:.4f}", at.false_positive_rate, at.recall, at.threshold)
        ax.set(xlabel="false positive rate", ylabel="true positive rate (recall)")

    def draw_precision(ax: Any) -> None:
        shown = PrecisionRecallDisplay(precision, recall, average_precision=average, prevalence_pos_label=base)
        shown.plot(ax=ax, plot_chance_level=True)
        finish(ax, f"average precision {average:.4f}", at.recall, at.precision, at.threshold)
        ax.set(xlabel="recall", ylabel="precision")

    mark = f"The mark is at the threshold {at.threshold:g}"
    return [
        pair(
            picture(
                draw_roc, "ROC curve.", f"{mark}: it finds {share(at.recall)} of the rows of {name}, and "
                f"{share(at.false_positive_rate)} of the others.",
                f"ROC curve of {name}: the area under it is {auc:.4f}. At the threshold {at.threshold:g}, the true "
                f"positive rate is {at.recall:.4f} and the false positive rate {at.false_positive_rate:.4f}.",
            ),
            picture(
                draw_precision, "Precision-recall curve.", f"{mark}: of the rows that are predicted to be {name}, "
                f"{share(at.precision)} are. The dashed line is the share of {name} in all rows.",
                f"Precision-recall curve of {name}: average precision {average:.4f}, where guesses have {base:.4f}. At "
                f"the threshold {at.threshold:g}, precision is {figure(at.precision)} and recall {at.recall:.4f}.",
            ),
        )
    ]  # fmt: skip


def finish(ax: Any, label: str, x: float, y: float, threshold: float) -> None:
    """Name the curve, mark the threshold, and set what both curves have in common."""
    curve, chance = ax.get_lines()[:2]
    curve.set_label(label)
    curve.set_color(SERIES[0])
    chance.set_color(INK)
    ax.plot([x], [y], "o", color=SERIES[1], markersize=8, label=f"threshold {threshold:g}", zorder=5)
    ax.grid(alpha=1)
    ax.legend(loc="best")


def thresholds(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str, threshold: float) -> Element:
    """Return a table of what other thresholds would give."""
    rows = []
    for cut in sorted({*THRESHOLDS, threshold}):
        at = at_threshold(y, p, w, cut)
        title = f"{cut:g}" + (" (in use)" if cut == threshold else "")
        rows.append(
            [
                title,
                share(at.predicted),
                share(at.precision),
                share(at.recall),
                share(at.false_positive_rate),
                figure(at.f1),
            ]
        )
    header = ["threshold", f"predicted {name}", "precision", "recall", "false positive rate", "F1"]
    return table(f"Other thresholds, above which a row is predicted to be {name}", header, rows)
