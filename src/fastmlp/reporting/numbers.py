"""How good predictions of numbers are."""

from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.metrics import PredictionErrorDisplay

from .groups import Group, groups_of, quantile, spread
from .html import Element, Section, details, pair, paragraph, table
from .judged import FigureRow, Judged
from .picture import INK, SERIES, picture
from .words import count, figure, number

MOST_POINTS = 1000  # in a picture
MOST_DRAWN = 3  # targets of several


def judged(y: np.ndarray, A: np.ndarray, w: np.ndarray | None, name: str) -> Judged:
    """Return what a page says of predictions A (n, K) of numbers y, (n) or (n, K); w (n), or None.

    name : of the target
    """
    if A.shape[1] > 1:
        return of_several(y, A, w, name)
    p = A[:, 0]
    return Judged(figures(y, p, w), 3, [residuals_section(y, p, w, name), by_prediction_section(y, p, w, name)])


def figures(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> list[FigureRow]:
    """Return the figures of one target."""
    base = np.sqrt(np.average(np.square(y - np.average(y, weights=w)), weights=w))
    error = np.abs(y - p)
    return [
        FigureRow(
            "R²",
            r2(y, p, w),
            "share of the target's variance that predictions explain; 1 at best, 0 for its mean everywhere",
        ),
        FigureRow(
            "RMSE", rmse(y, p, w), f"root of the mean squared error; {number(base)} for the mean everywhere", number
        ),
        FigureRow("MAE", metrics.mean_absolute_error(y, p, sample_weight=w), "mean absolute error", number),
        FigureRow(
            "median absolute error",
            metrics.median_absolute_error(y, p, sample_weight=w),
            "half of the errors are smaller",
            number,
        ),
        FigureRow("90 % of errors below", quantile(error, 0.9, w), "a tenth of the errors is larger", number),
        FigureRow(
            "mean residual",
            np.average(y - p, weights=w),
            "true minus predicted; 0 for predictions that are right on average",
            number,
        ),
        FigureRow(
            "mean of the target",
            np.average(y, weights=w),
            "among the scored rows, by weight where they have some",
            number,
        ),
    ]


def r2(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    """Return R²; NaN where all targets are the same, or there is one only."""
    some = y if w is None else y[w > 0]
    return float("nan") if np.ptp(some) == 0 else float(metrics.r2_score(y, p, sample_weight=w))


def rmse(y: np.ndarray, p: np.ndarray, w: np.ndarray | None) -> float:
    """Return the root of the mean squared error."""
    return float(metrics.root_mean_squared_error(y, p, sample_weight=w))


def residuals_section(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str) -> Section:
    """Return pictures of residuals, and of predictions against true values."""
    return Section("residuals", "Predicted against true", [residuals(y, p, w, name)])


def residuals(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str) -> Element:
    """Return the pictures: true values and residuals over predictions, and a histogram of residuals."""
    from matplotlib.ticker import AutoLocator

    at = spread(p, MOST_POINTS)
    some = "" if len(at) == len(y) else f" {len(at):,} rows are drawn."
    display = PredictionErrorDisplay(y_true=y[at], y_pred=p[at])
    score = figure(r2(y, p, w))
    least, low, high, most = (quantile(y - p, level, w) for level in (0.005, 0.05, 0.95, 0.995))

    def draw(ax: Any, kind: str) -> None:
        display.plot(
            ax=ax, kind=kind, scatter_kwargs={"s": 8, "alpha": 0.5, "color": SERIES[0], "linewidths": 0},
            line_kwargs={"color": INK},
        )  # fmt: skip
        ax.set_aspect("auto")
        ax.xaxis.set_major_locator(AutoLocator())  # scikit-learn's ticks are parts of the range
        ax.yaxis.set_major_locator(AutoLocator())
        ax.set(xlabel="predicted", ylabel="true" if kind == "actual_vs_predicted" else "residual")
        ax.grid()

    def draw_histogram(ax: Any) -> None:
        inside = np.clip(y - p, least, most)
        ax.hist(inside, 40, weights=w, color=SERIES[0])
        ax.axvline(0, color=INK, linestyle="--", linewidth=1)
        ax.set(xlabel="residual", ylabel="rows" if w is None else "weight of rows")
        ax.grid(axis="y")

    return pair(
        picture(
            lambda ax: draw(ax, "actual_vs_predicted"),
            "True against predicted values.",
            f"On the dashed line, predictions are right.{some}",
            f"True values of {name} over predictions: R² is {score}, predictions reach from {number(p.min())} to "
            f"{number(p.max())}, true values from {number(y.min())} to {number(y.max())}.",
        ),
        picture(
            lambda ax: draw(ax, "residual_vs_predicted"),
            "Residuals",
            f"(true minus predicted) over predictions.{some}",
            f"Residuals over predictions of {name}: nine tenths of the rows lie between {number(low)} and "
            f"{number(high)}.",
        ),
        picture(
            draw_histogram,
            "Residuals.",
            "The outermost bars hold all that lies beyond, half a percent of the rows on each side.",
            f"Histogram of the residuals of {name}: their mean is {number(np.average(y - p, weights=w))}, a twentieth "
            f"lies below {number(low)}, and a twentieth above {number(high)}.",
        ),
    )


def by_prediction_section(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, name: str) -> Section:
    """Return errors and means of groups of rows with similar predictions.

    The groups are made by the prediction, which is known for a new row. Of groups by true values, the lowest are
    overestimated and the highest underestimated by any model that does not know all.
    """
    groups = groups_of(p, y, w)
    maes = np.array([mae(y, p, w, group.rows) for group in groups])
    worst = int(maes.argmax())

    def draw_means(ax: Any) -> None:
        places = np.arange(1, len(groups) + 1)
        ax.plot(places, [group.truth for group in groups], "o-", label="true")
        ax.plot(places, [group.prediction for group in groups], "s--", label="predicted")
        ax.set(xlabel="group, by the prediction", ylabel="mean", xticks=places)
        ax.grid(axis="y")
        ax.legend(loc="best")

    def draw_errors(ax: Any) -> None:
        places = np.arange(1, len(groups) + 1)
        ax.bar(places, maes, color=SERIES[0])
        ax.set(xlabel="group, by the prediction", ylabel="mean absolute error", xticks=places)
        ax.grid(axis="y")

    n, off = count(len(groups), "group"), max(groups, key=lambda group: abs(group.truth - group.prediction))
    content = [
        paragraph(
            f"Rows in order of their predictions make {n} of about as many rows each: what is known of a new row is "
            "its prediction. Groups by the true value would look worse than the model is, as a prediction is drawn "
            "towards the mean where a row does not tell more."
        ),
        pair(
            picture(
                draw_means, "Means by group.", "Where both agree, predictions are right on average.",
                f"Mean true and mean predicted {name} of {n}: they differ most where the prediction is "
                f"{number(off.least)} to {number(off.most)}, by {number(off.truth - off.prediction)}.",
            ),
            picture(
                draw_errors, "Mean absolute error by group.", "How wrong predictions of each size are.",
                f"Mean absolute error of {n}: largest, {number(maes[worst])}, where the prediction is "
                f"{number(groups[worst].least)} to {number(groups[worst].most)}; smallest {number(maes.min())}.",
            ),
        ),
        details("The groups as a table", group_table(y, p, w, groups)),
    ]  # fmt: skip
    return Section("groups", "Error by quantile of the prediction", content)


def mae(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, rows: np.ndarray) -> float:
    """Return the mean absolute error of some rows."""
    return float(np.average(np.abs(y - p)[rows], weights=None if w is None else w[rows]))


def group_table(y: np.ndarray, p: np.ndarray, w: np.ndarray | None, groups: list[Group]) -> Element:
    """Return the groups as a table."""
    rows = []
    for k, group in enumerate(groups):
        at, v = group.rows, None if w is None else w[group.rows]
        rows.append([
            str(k + 1), f"{number(group.least)} – {number(group.most)}", f"{len(at):,}", number(group.prediction),
            number(group.truth), number(mae(y, p, w, at)), number(rmse(y[at], p[at], v)),
        ])  # fmt: skip
    header = ["group", "prediction", "rows", "mean prediction", "mean true", "MAE", "RMSE"]
    return table("Groups of rows by quantiles of the prediction", header, rows)


def of_several(Y: np.ndarray, A: np.ndarray, w: np.ndarray | None, name: str) -> Judged:
    """Return what a page says of several targets: figures of all, pictures of the first ones."""
    K, every = A.shape[1], range(A.shape[1])
    r2s = [r2(Y[:, k], A[:, k], w) for k in every]
    found = [
        FigureRow("mean R²", np.mean(r2s), "over the targets; 1 at best, 0 for their means everywhere"),
        FigureRow("mean RMSE", np.mean([rmse(Y[:, k], A[:, k], w) for k in every]), "over the targets", number),
        FigureRow("mean MAE", metrics.mean_absolute_error(Y, A, sample_weight=w), "over the targets", number),
    ]  # fmt: skip
    rows = [
        [
            f"{name} {k}",
            figure(r2s[k]),
            number(rmse(Y[:, k], A[:, k], w)),
            number(mae(Y[:, k], A[:, k], w, np.arange(len(Y)))),
        ]
        for k in every
    ]
    drawn = list(every)[:MOST_DRAWN]
    content: list[Element] = [table(f"Each of {count(K, 'target')}", ["target", "R²", "RMSE", "MAE"], rows)]
    if K > MOST_DRAWN:
        content.append(paragraph(f"Pictures of the first {MOST_DRAWN} targets follow."))
    content += [residuals(Y[:, k], A[:, k], w, f"{name} {k}") for k in drawn]
    return Judged(found, 3, [Section("residuals", "Predicted against true", content)])
