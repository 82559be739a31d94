"""How good predicted quantiles are."""

from typing import Any

import numpy as np
from sklearn import metrics

from . import numbers
from .groups import groups_of
from .html import Section, pair, table
from .judged import FigureRow, Judged
from .picture import INK, picture
from .words import count, number, share

MOST_LINES = 5


def judged(y: np.ndarray, A: np.ndarray, w: np.ndarray | None, levels: tuple[float, ...], name: str) -> Judged:
    """Return what a page says of quantiles A (n, K) of numbers y (n) at these levels; w (n), or None."""
    middle = int(np.abs(np.array(levels) - 0.5).argmin())
    p, losses = A[:, middle], [pinball(y, A[:, k], w, level) for k, level in enumerate(levels)]
    found = [
        FigureRow(
            "mean pinball loss", np.mean(losses), "over rows and levels, in units of the target; 0 at best", number
        ),
        *(
            FigureRow(f"rows up to quantile {level!r}", below(y, A[:, k], w), f"{level!r} if the quantile is right")
            for k, level in enumerate(levels)
        ),
    ]
    if len(levels) == 1:
        found += numbers.figures(y, p, w)
    of_level = f"{name} at level {levels[middle]!r}"
    sections = [
        coverage_section(y, A, w, levels, losses, middle),
        numbers.residuals_section(y, p, w, of_level),
        numbers.by_prediction_section(y, p, w, of_level),
    ]
    return Judged(found, min(4, len(levels) + 1), sections)


def pinball(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, level: float) -> float:
    """Return the mean pinball loss of one level."""
    return float(metrics.mean_pinball_loss(y, p, sample_weight=w, alpha=level))


def below(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    """Return the share of rows, by weight, whose target is at most the quantile."""
    return float(np.average(y <= p, weights=w))


def coverage_section(
    y: np.ndarray, A: np.ndarray, w: np.ndarray | None, levels: tuple[float, ...], losses: list[float], middle: int
) -> Section:
    """Return how many rows lie up to each quantile, in all, and where predictions are small or large."""
    shares = [below(y, A[:, k], w) for k in range(len(levels))]
    groups = groups_of(A[:, middle], y, w)
    of_groups = np.array([
        [below(y[group.rows], A[group.rows, k], None if w is None else w[group.rows]) for k in range(len(levels))]
        for group in groups
    ])  # fmt: skip
    lines = range(len(levels)) if len(levels) <= MOST_LINES else sorted({0, middle, len(levels) - 1})
    off = np.abs(of_groups - np.array(levels))
    at = np.unravel_index(off.argmax(), off.shape)

    def draw(ax: Any) -> None:
        ax.plot([0, 1], [0, 1], ":", color=INK, label="quantiles are right")
        ax.plot(levels, shares, "s-", label="model")
        ax.set(xlabel="level", ylabel="share of rows up to the quantile", xlim=(0, 1), ylim=(0, 1))
        ax.grid()
        ax.legend(loc="best")

    def draw_groups(ax: Any) -> None:
        places = np.arange(1, len(groups) + 1)
        for k in lines:
            (line,) = ax.plot(places, of_groups[:, k], "o-", label=f"level {levels[k]!r}")
            ax.axhline(levels[k], color=line.get_color(), linestyle=":", linewidth=1)
        ax.set(
            xlabel="group, by the prediction",
            ylabel="share of rows up to the quantile",
            xticks=places,
            ylim=(-0.02, 1.02),
        )
        ax.grid(axis="y")
        ax.figure.legend(loc="outside upper center", ncols=len(lines), fontsize=8)

    rows = [
        [
            repr(level),
            share(below_level),
            f"{100 * (below_level - level):+.1f}",
            number(loss),
            number(np.average(A[:, k], weights=w)),
        ]
        for k, (level, below_level, loss) in enumerate(zip(levels, shares, losses, strict=True))
    ]
    content = [
        pair(
            picture(
                draw,
                "Coverage.",
                "On the dotted line, as many rows lie up to a quantile as its level says.",
                "Share of rows up to each quantile: "
                + "; ".join(
                    f"{below_level:.4f} at level {level!r}" for level, below_level in zip(levels, shares, strict=True)
                )
                + ".",
            ),
            picture(
                draw_groups,
                "Coverage by group.",
                f"Rows in order of the quantile at level {levels[middle]!r} make "
                f"{count(len(groups), 'group')}; dotted lines are the levels.",
                f"Share of rows up to each quantile in {count(len(groups), 'group')}: farthest from its level, "
                f"{of_groups[at]:.4f} at level {levels[at[1]]!r}, in group {at[0] + 1}.",
            ),
        ),
        table(
            "Levels",
            ["level", "rows up to the quantile", "difference in points", "pinball loss", "mean quantile"],
            rows,
        ),
    ]
    intervals = between(y, A, w, levels)
    if intervals:
        header = ["between levels", "should hold", "holds", "mean width"]
        content.append(table("Intervals between quantiles", header, intervals))
    return Section("coverage", "Coverage of quantiles", content)


def between(y: np.ndarray, A: np.ndarray, w: np.ndarray | None, levels: tuple[float, ...]) -> list[list[str]]:
    """Return rows of a table of the intervals between the first and the last quantile, the second and so on."""
    rows = []
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        inside = (y > A[:, low]) & (y <= A[:, high])
        rows.append([
            f"{levels[low]!r} – {levels[high]!r}", share(levels[high] - levels[low]),
            share(np.average(inside, weights=w)), number(np.average(A[:, high] - A[:, low], weights=w)),
        ])  # fmt: skip
    return rows
