"""How good probabilities of three classes or more are."""

from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

from ..plot.names import plain
from .calibration import calibration, calibration_error
from .confusion import confusion
from .html import Element, Section, pair, paragraph, printable, table
from .judged import FigureRow, Judged, extremes
from .picture import LINE, picture
from .words import MOST_OF_LABEL, figure, names_of, share

MOST_NAMED = 5  # curves in colour, with a name; others are grey


def judged(y: np.ndarray, P: np.ndarray, w: np.ndarray | None, classes: list[Any]) -> Judged:
    """Return what a page says of probabilities P (n, K) of classes, where y (n) are their numbers; w (n), or None."""
    K = len(classes)
    predicted, top = P.argmax(axis=1), P.max(axis=1)
    Y = y[:, None] == np.arange(K)
    aucs, averages = by_class(Y, P, w)
    names = names_of(classes, 40)
    right = (predicted == y).astype(np.float64)
    sections = [
        Section("curves", "ROC and precision-recall", [
            *curves(Y, P, w, names_of(classes, MOST_OF_LABEL), aucs, averages),
            class_table(y, predicted, w, names, aucs, averages),
        ]),
        Section("calibration", "Calibration", [
            paragraph("The probability is that of the predicted class; what comes true is that it is the right one."),
            *calibration(right, top, w, "of the predicted class"),
        ]),
        Section("confusion", "Confusion matrix", confusion(y, predicted, w, classes)),
    ]  # fmt: skip
    return Judged(figures(y, P, predicted, w, aucs, averages, calibration_error(right, top, w)), 3, sections)


def by_class(Y: np.ndarray, P: np.ndarray, w: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUC and the average precision of each class or label, NaN where all rows have it, or none has."""
    aucs, averages = np.full((2, Y.shape[1]), np.nan)
    for k in range(Y.shape[1]):
        if two_kinds(Y[:, k], w):
            aucs[k] = metrics.roc_auc_score(Y[:, k], P[:, k], sample_weight=w)
            averages[k] = metrics.average_precision_score(Y[:, k], P[:, k], sample_weight=w)
    return aucs, averages


def two_kinds(y: np.ndarray, w: np.ndarray | None) -> bool:
    """Return whether some rows with weight have it, and some have not."""
    some = y if w is None else y[w > 0]
    return bool(some.any() and not some.all())


def mean(values: np.ndarray) -> float:
    """Return the mean of the values that are defined; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def figures(
    y: np.ndarray, P: np.ndarray, predicted: np.ndarray, w: np.ndarray | None, aucs: np.ndarray, averages: np.ndarray,
    error: float,
) -> list[FigureRow]:  # fmt: skip
    """Return the figures."""
    K = P.shape[1]
    shares = np.bincount(y, w, K) / (len(y) if w is None else w.sum())
    least = -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    there = np.flatnonzero(shares)
    recalls = metrics.recall_score(y, predicted, labels=there, average="macro", sample_weight=w, zero_division=0)
    f1 = metrics.f1_score(y, predicted, labels=there, average="macro", sample_weight=w, zero_division=0)
    undefined = int(np.isnan(aucs).sum())
    without = f"; without {undefined} of {K} classes, which no row has, or all have" if undefined else ""
    found = [
        FigureRow(
            "macro AUC",
            mean(aucs),
            "mean over classes of the area under the ROC curve of each class against the rest; 0.5 for guesses, 1 at "
            f"best{without}",
        ),
        FigureRow(
            "log loss",
            metrics.log_loss(y, P, sample_weight=w, labels=np.arange(K)),
            f"0 at best; {figure(least)} for the share of each class as its probability",
        ),
        FigureRow(
            "accuracy",
            metrics.accuracy_score(y, predicted, sample_weight=w),
            f"share of rows whose class is found; {figure(shares.max())} for the most frequent class everywhere",
        ),
        FigureRow("balanced accuracy", recalls, "mean over classes of the share that is found"),
        FigureRow("macro F1", f1, "mean over classes of the harmonic mean of precision and recall"),
        FigureRow(
            "macro average precision",
            mean(averages),
            "mean over classes of the area under the precision-recall curve",
        ),
        FigureRow(
            "calibration error",
            error,
            "mean distance of the share of right predictions from the probability of the predicted class, over ten "
            "groups of rows; 0 at best",
        ),
    ]
    if K > MOST_NAMED:
        top = metrics.top_k_accuracy_score(y, P, k=3, labels=np.arange(K), sample_weight=w)
        found.insert(4, FigureRow("top-3 accuracy", top, "share of rows whose class is among the three most probable"))
    return found


def curves(
    Y: np.ndarray, P: np.ndarray, w: np.ndarray | None, labels: list[str], aucs: np.ndarray, averages: np.ndarray
) -> list[Element]:
    """Return the curves of each class, or label, against the rest; the worst ones in colour if there are many."""
    if np.isnan(aucs).all():
        return [paragraph("No class has both rows of it and others among the scored rows: curves are undefined.")]
    named = np.argsort(aucs, kind="stable")[: min(MOST_NAMED, int((~np.isnan(aucs)).sum()))]
    if len(labels) <= MOST_NAMED:
        named = np.sort(named)
    rest = [k for k in np.flatnonzero(~np.isnan(aucs)) if k not in named]

    def draw_roc(ax: Any) -> None:
        for k in [*rest, *named]:
            false, true, _ = metrics.roc_curve(Y[:, k], P[:, k], sample_weight=w)
            if k in named:
                RocCurveDisplay(fpr=false, tpr=true).plot(ax=ax, name=f"{shown(labels[k])}, AUC {aucs[k]:.4f}")
            else:
                ax.plot(false, true, color=LINE, linewidth=1, zorder=0)
        finish(ax, "false positive rate", "true positive rate (recall)")

    def draw_precision(ax: Any) -> None:
        for k in [*rest, *named]:
            precision, recall, _ = metrics.precision_recall_curve(
                Y[:, k], P[:, k], sample_weight=w, drop_intermediate=True
            )
            if k in named:
                name = f"{shown(labels[k])}, average {averages[k]:.4f}"
                PrecisionRecallDisplay(precision, recall).plot(ax=ax, name=name)
            else:
                ax.plot(recall, precision, color=LINE, linewidth=1, zorder=0, drawstyle="steps-post")
        finish(ax, "recall", "precision")

    many = f" The {MOST_NAMED} with the lowest AUC have names; the others are grey." if rest else ""
    return [
        pair(
            picture(
                draw_roc, "ROC curves,", f"each class against the rest.{many}",
                f"ROC curves of {len(labels)} classes against the rest: mean area {mean(aucs):.4f}, "
                f"{extremes(labels, aucs)}.", height=4,
            ),
            picture(
                draw_precision, "Precision-recall curves,", f"each class against the rest.{many}",
                f"Precision-recall curves of {len(labels)} classes against the rest: mean average precision "
                f"{mean(averages):.4f}, {extremes(labels, averages)}.", height=4,
            ),
        )
    ]  # fmt: skip


def shown(label: str) -> str:
    """Return a label as matplotlib shows it."""
    return plain(printable(label))


def finish(ax: Any, x: str, y: str) -> None:
    """Set what both curves have in common."""
    ax.set(xlabel=x, ylabel=y)
    ax.grid()
    ax.legend(loc="best", fontsize=8)


def class_table(
    y: np.ndarray, predicted: np.ndarray, w: np.ndarray | None, names: list[str], aucs: np.ndarray, averages: np.ndarray
) -> Element:
    """Return the figures of each class."""
    K = len(names)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y, predicted, labels=np.arange(K), sample_weight=w, zero_division=np.nan
    )
    whole = support.sum()
    rows = [
        [
            names[k],
            share(support[k] / whole),
            figure(aucs[k]),
            figure(averages[k]),
            figure(precision[k]),
            figure(recall[k]),
            figure(f1[k]),
        ]
        for k in range(K)
    ]
    header = ["class", "share of rows", "AUC", "average precision", "precision", "recall", "F1"]
    return table("Each class against the rest", header, rows)
