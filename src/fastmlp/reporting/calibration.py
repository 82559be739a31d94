"""Whether predicted probabilities are the shares that come true."""

from typing import Any

import numpy as np
from sklearn.calibration import CalibrationDisplay

from .groups import Group, groups_of, quantile
from .html import Element, details, pair, table
from .picture import INK, SERIES, picture
from .words import count, figure

BINS = 40  # of the histogram


def calibration_error(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    """Return the mean distance of predicted probabilities from shares, over groups of rows, by weight."""
    return sum(group.weight * abs(group.prediction - group.truth) for group in groups_of(p, y, w))


def calibration(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, of_what: str) -> list[Element]:
    """Return pictures and a table of probabilities p (n) of what came true where y (n) is 1.

    of_what : what the probabilities are of, as in "of yes"
    """
    groups = groups_of(p, y, w)
    predicted, true = (np.array([getattr(group, name) for group in groups]) for name in ("prediction", "truth"))
    worst = max(groups, key=lambda group: abs(group.prediction - group.truth))

    def draw(ax: Any) -> None:
        CalibrationDisplay(true, predicted, p).plot(ax=ax, name="model")
        for line, color in zip(ax.get_lines(), (INK, SERIES[0]), strict=False):
            line.set_color(color)
        ax.set(xlabel="mean predicted probability", ylabel="share that is so")
        ax.grid()
        ax.legend(loc="best")

    def draw_histogram(ax: Any) -> None:
        ax.hist(p, BINS, range=(0, 1), weights=w, color=SERIES[0])
        ax.set(xlabel="predicted probability", ylabel="rows" if w is None else "weight of rows", xlim=(0, 1))
        ax.grid(axis="y")

    low, middle, high = (quantile(p, level, w) for level in (0.1, 0.5, 0.9))
    return [
        pair(
            picture(
                draw, "Calibration.", f"Each point is one of {count(len(groups), 'group')} of rows with similar "
                "probabilities; on the dotted line, probabilities are right.",
                f"Calibration curve of the probability {of_what}: the mean distance from the diagonal is "
                f"{calibration_error(y, p, w):.4f}; the largest is {abs(worst.prediction - worst.truth):.4f}, where "
                f"{worst.prediction:.4f} was predicted and {worst.truth:.4f} came true.",
            ),
            picture(
                draw_histogram, "Predicted probabilities.", "Far from both ends, the model is unsure.",
                f"Histogram of the predicted probability {of_what}: a tenth of the rows is below {low:.4f}, half below "
                f"{middle:.4f}, and a tenth above {high:.4f}.",
            ),
        ),
        details("The groups as a table", group_table(groups, of_what)),
    ]  # fmt: skip


def group_table(groups: list[Group], of_what: str) -> Element:
    """Return the groups as a table."""
    rows = [
        [
            f"{group.least:.4f} – {group.most:.4f}", count(len(group.rows), "row").split()[0], figure(group.prediction),
            figure(group.truth), f"{group.truth - group.prediction:+.4f}",
        ]
        for group in groups
    ]  # fmt: skip
    header = ["predicted", "rows", "mean prediction", "share that is so", "difference"]
    return table(f"Predicted probability {of_what}, and the share of rows where it came true", header, rows)
