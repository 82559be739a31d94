"""How good predicted means of counts and rates are."""

from typing import Any

import numpy as np
from sklearn import metrics

from . import numbers
from .groups import groups_of
from .html import Section, paragraph
from .judged import FigureRow, Judged
from .picture import INK, SERIES, picture
from .words import count, number

LEAST_MEAN = 1e-30  # of a prediction, whose logarithm must be finite


def judged(y: np.ndarray, A: np.ndarray, w: np.ndarray | None, name: str) -> Judged:
    """Return what a page says of predicted means A (n, K) of counts y, (n) or (n, K); w (n), or None."""
    if A.shape[1] > 1:
        of_all = numbers.of_several(y, A, w, name)
        means = [deviance(y[:, k], A[:, k], w) for k in range(A.shape[1])]
        mean = FigureRow("mean Poisson deviance", np.mean(means), "over rows and targets; 0 at best", number)
        return of_all._replace(figures=[mean, *of_all.figures], headline=4)
    p = A[:, 0]
    base = float(np.average(y, weights=w))
    of_mean = deviance(y, np.full(len(y), base), w) if base > 0 else 0.0
    explained = 1 - deviance(y, p, w) / of_mean if of_mean > 0 else float("nan")
    found = [
        FigureRow(
            "mean Poisson deviance", deviance(y, p, w), f"0 at best; {number(of_mean)} for the mean everywhere", number
        ),
        FigureRow(
            "D²",
            explained,
            "share of the deviance that predictions explain; 1 at best, 0 for the mean everywhere",
        ),
        FigureRow(
            "predicted / true total",
            total(p, w) / total(y, w) if base > 0 else float("nan"),
            "1 for predictions that are right on average",
        ),
        *numbers.figures(y, p, w),
    ]
    sections = [
        means_section(y, p, w, name),
        numbers.by_prediction_section(y, p, w, name),
        numbers.residuals_section(y, p, w, name),
    ]
    return Judged(found, 3, sections)


def deviance(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    """Return the mean Poisson deviance."""
    return float(metrics.mean_poisson_deviance(y, np.maximum(p, LEAST_MEAN), sample_weight=w))


def total(values: np.ndarray, w: np.ndarray | None) -> float:
    """Return the sum, by weight."""
    return float(values.sum() if w is None else values @ w)


def means_section(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str) -> Section:
    """Return the calibration of means: of groups of rows with similar predictions, true over predicted means."""
    groups = groups_of(p, y, w)
    worst = max(groups, key=lambda group: abs(group.truth - group.prediction))

    def draw(ax: Any) -> None:
        predicted, true = [group.prediction for group in groups], [group.truth for group in groups]
        ends = [min(predicted + true), max(predicted + true)]
        ax.plot(ends, ends, ":", color=INK, label="predictions are right")
        ax.plot(predicted, true, "s-", color=SERIES[0], label="model")
        ax.set(xlabel="mean prediction", ylabel="mean true value")
        ax.grid()
        ax.legend(loc="best")

    return Section(
        "means",
        "Calibration of means",
        [
            paragraph(
                "A predicted mean cannot be compared with the count of one row, but with the mean of similar rows."
            ),
            picture(
                draw,
                "Calibration of means.",
                f"Each point is one of {count(len(groups), 'group')} of rows with similar predictions.",
                f"Mean true {name} over mean predictions: they differ most where {number(worst.prediction)} was "
                f"predicted and the mean was {number(worst.truth)}. In all, {number(np.average(p, weights=w))} was "
                f"predicted and {number(np.average(y, weights=w))} came true.",
            ),
        ],
    )
