"""Which classes are predicted for which."""

from typing import Any

import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from ..plot.names import plain
from .html import Element, pair, paragraph, printable, table
from .picture import ACCENT, INK, picture
from .words import MOST_OF_LABEL, count, names_of, number, share

MOST_IN_TABLE = 10  # classes
MOST_WITH_VALUES = 6
MOST_LABELLED = 40
MOST_PAIRS = 15  # of classes that are taken for another


def confusion(y: np.ndarray, predicted: np.ndarray, w: np.ndarray | None, classes: list[Any]) -> list[Element]:
    """Return a picture of the confusion matrix, and tables of its counts and shares.

    y, predicted : numbers of classes (n)
    w : weights (n), or None
    """
    K = len(classes)
    matrix = confusion_matrix(y, predicted, labels=np.arange(K), sample_weight=w)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    names = names_of(classes, 40)
    shown = picture(
        lambda ax: draw(ax, matrix, shares, names_of(classes, MOST_OF_LABEL)), "Confusion matrix.",
        "A row is a true class, a column what was predicted; the colour is the "
        f"{'' if few(K) else 'root of the '}share of the row.",
        described(matrix, shares, names), height=3.6 if few(K) else 4.8,
    )  # fmt: skip
    if K > MOST_IN_TABLE:
        return [pair(shown, confused(matrix, shares, names, w))]
    return [pair(shown, whole(matrix, shares, names, w))]


def draw(ax: Any, matrix: np.ndarray, shares: np.ndarray, names: list[str]) -> None:
    """Draw shares as colours, with counts in them where there is room."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    K = len(names)
    colors = LinearSegmentedColormap.from_list("shares", [(*ACCENT, 0.04), (*ACCENT, 0.8)])
    labels = [plain(printable(name)) for name in names] if K <= MOST_LABELLED else None
    display = ConfusionMatrixDisplay(shares, display_labels=labels)
    display.plot(
        ax=ax, include_values=few(K), cmap=colors, colorbar=False, xticks_rotation=0 if K <= 3 else 90,
        im_kw={"norm": PowerNorm(1 if few(K) else 0.5, 0, 1), "interpolation": "none"}, text_kw={"color": INK},
    )  # fmt: skip
    if few(K):
        for text, value, part in zip(display.text_.ravel(), matrix.ravel(), shares.ravel(), strict=True):
            text.set_text(f"{amount(value)}\n{100 * part:.1f} %")
    elif labels is None:
        ax.set(xticks=[], yticks=[])
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(labelsize=10 if K <= 10 else 8, length=0)
    ax.spines[:].set_visible(False)


def few(K: int) -> bool:
    """Return whether the matrix has room for counts; else, colours must tell small shares apart."""
    return K <= MOST_WITH_VALUES


def described(matrix: np.ndarray, shares: np.ndarray, names: list[str]) -> str:
    """Return what the picture shows, in words."""
    if few(len(names)):
        found = "; ".join(
            f"of true {names[k]}, {amount(matrix[k, k])} of {amount(matrix[k].sum())} are predicted so "
            f"({share(shares[k, k])})"
            for k in range(len(names))
        )
        return f"Confusion matrix of {len(names)} classes: {found}."
    there = matrix.sum(axis=1) > 0
    found_shares = np.where(there, np.diag(shares), np.nan)
    low, high = int(np.nanargmin(found_shares)), int(np.nanargmax(found_shares))
    return (
        f"Confusion matrix of {len(names)} classes: the share of a class that is found is lowest for {names[low]} "
        f"({share(found_shares[low])}) and highest for {names[high]} ({share(found_shares[high])})."
    )


def whole(matrix: np.ndarray, shares: np.ndarray, names: list[str], w: np.ndarray | None) -> Element:
    """Return all of the matrix as a table of counts and shares."""
    rows = [
        [
            f"true {names[k]}",
            *(f"{amount(value)} ({share(part)})" for value, part in zip(matrix[k], shares[k], strict=True)),
            amount(matrix[k].sum()),
        ]
        for k in range(len(names))
    ]
    return table(
        f"{unit(w)}, and shares of the true class",
        ["true class", *(f"predicted {name}" for name in names), "all"],
        rows,
    )


def confused(matrix: np.ndarray, shares: np.ndarray, names: list[str], w: np.ndarray | None) -> Element:
    """Return a table of the pairs of classes that are confused most often."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [(k // len(names), k % len(names)) for k in order.tolist() if wrong.flat[k] > 0]
    if not pairs:
        return paragraph("No class is taken for another.")
    rows = [[names[i], names[j], amount(matrix[i, j]), share(shares[i, j])] for i, j in pairs]
    caption = f"The {count(len(rows), 'pair')} of classes that are confused most often"
    return table(caption, ["true class", "predicted", unit(w).lower(), "share of the true class"], rows, text_columns=2)


def unit(w: np.ndarray | None) -> str:
    """Return what the matrix counts."""
    return "Rows" if w is None else "Weight of rows"


def amount(value: Any) -> str:
    """Return a count of rows, or a sum of weights."""
    return f"{value:,}" if isinstance(value, int | np.integer) else number(value)
