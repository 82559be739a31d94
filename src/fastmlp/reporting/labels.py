"""How good probabilities of labels are, of which a row may have any."""

from typing import Any

import numpy as np
from sklearn import metrics

from .calibration import calibration
from .groups import repeated
from .html import Element, Section, paragraph, table
from .judged import FigureRow, Judged
from .many_classes import by_class, curves, mean
from .words import MOST_OF_LABEL, figure, names_of, share


def judged(Y: np.ndarray, P: np.ndarray, w: np.ndarray | None, labels: list[Any]) -> Judged:
    """Return what a page says of probabilities P (n, K) of labels Y (n, K), 0 and 1; w (n), or None."""
    aucs, averages = by_class(Y.astype(bool), P, w)
    names, predicted = names_of(labels, 40), P > 0.5
    sections = [
        Section("curves", "ROC and precision-recall", [
            *curves(Y.astype(bool), P, w, names_of(labels, MOST_OF_LABEL), aucs, averages),
        ]),
        Section("calibration", "Calibration", [
            paragraph("The probabilities of all labels are taken together."),
            *calibration(Y.ravel().astype(np.float64), P.ravel(), repeated(w, Y.shape[1]), "of a label"),
        ]),
        Section("confusion", "Found and missed labels", [label_table(Y, predicted, w, names, aucs, averages)]),
    ]  # fmt: skip
    return Judged(figures(Y, P, predicted, w, aucs, averages), 3, sections)


def figures(
    Y: np.ndarray, P: np.ndarray, predicted: np.ndarray, w: np.ndarray | None, aucs: np.ndarray, averages: np.ndarray
) -> list[FigureRow]:
    """Return the figures."""
    f1 = metrics.f1_score(Y, predicted, average="macro", sample_weight=w, zero_division=0)
    return [
        FigureRow(
            "macro AUC",
            mean(aucs),
            "mean over labels of the area under the ROC curve; 0.5 for guesses, 1 at best",
        ),
        FigureRow("log loss", log_loss(Y, P, w), "sum over labels; 0 at best"),
        FigureRow(
            "accuracy",
            metrics.accuracy_score(Y, predicted, sample_weight=w),
            "share of rows all of whose labels are found, and no others",
        ),
        FigureRow(
            "Hamming loss",
            metrics.hamming_loss(Y, predicted, sample_weight=w),
            "share of labels that are wrong; 0 at best",
        ),
        FigureRow("macro F1", f1, "mean over labels of the harmonic mean of precision and recall"),
        FigureRow(
            "macro average precision",
            mean(averages),
            "mean over labels of the area under the precision-recall curve",
        ),
    ]


def log_loss(Y: np.ndarray, P: np.ndarray, w: np.ndarray | None) -> float:
    """Return the sum over labels of the log loss."""
    both = (np.column_stack([1 - p, p]) for p in P.T)
    return float(sum(metrics.log_loss(y, p, sample_weight=w, labels=[0, 1]) for y, p in zip(Y.T, both, strict=True)))


def label_table(
    Y: np.ndarray, predicted: np.ndarray, w: np.ndarray | None, names: list[str], aucs: np.ndarray, averages: np.ndarray
) -> Element:
    """Return counts and figures of each label: scikit-learn's `multilabel_confusion_matrix`."""
    rows = []
    for k, matrix in enumerate(metrics.multilabel_confusion_matrix(Y, predicted, sample_weight=w)):
        (_, false), (missed, hit) = matrix
        cells = [f"{value:,.6g}" for value in (hit, missed, false)]
        precision, recall = (np.nan if whole == 0 else hit / whole for whole in (hit + false, hit + missed))
        base = (hit + missed) / matrix.sum()
        rows.append(
            [names[k], share(base), *cells, share(precision), share(recall), figure(aucs[k]), figure(averages[k])]
        )
    header = ["label", "share of rows", "found", "missed", "false", "precision", "recall", "AUC", "average precision"]
    return table("Each label, at the threshold 0.5", header, rows)
