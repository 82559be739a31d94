"""Losses over epochs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .recorded import recorded
from .requirement import require_matplotlib

FEW_EPOCHS = 30  # up to 30 epochs are marked one by one
SHARE_BELOW = 0.22  # part of the height that goes to the learning rate


class LossCurveDisplay:
    """Losses, validation scores and learning rates over epochs, drawn after the conventions of scikit-learn's displays.

    Parameters
    ----------
    loss : array-like (n)
        Training loss of each epoch.
    validation_loss, validation_scores : array-like (n) or None, default=None
        Loss and score of each epoch; NaN or None for an epoch without validation. Scores are drawn only if there is no
        validation loss, on a second y-axis.
    learning_rate : array-like (n) or None, default=None
        Learning rate of each epoch; drawn on small axes below the others if it changes.
    epochs : array-like of int (n) or None, default=None
        Numbers of the epochs; None means 1, 2, …
    name : str or None, default=None
        Prefix of each label in the legend, to tell displays on the same axes apart.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the losses.
    score_ax_, learning_rate_ax_ : matplotlib Axes or None
        The axes of the scores, in the same place, and those of the learning rate, below.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : list of matplotlib Line2D
        Training loss and, if there is one, validation loss or score.
    best_epoch_line_ : matplotlib Line2D or None
        Vertical, at the first epoch with the best validation score or, without scores, the lowest validation loss.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from fastmlp import MLPClassifier
    >>> from fastmlp.plot import LossCurveDisplay
    >>> X, y = make_moons(500, noise=0.1, random_state=0)
    >>> classifier = MLPClassifier((50,), early_stopping=True, random_state=1).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(classifier)
    >>> display.figure_.savefig("loss.png")  # doctest: +SKIP
    """

    def __init__(
        self, *, loss: Any, validation_loss: Any = None, validation_scores: Any = None, learning_rate: Any = None,
        epochs: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self.loss = loss
        self.validation_loss = validation_loss
        self.validation_scores = validation_scores
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, name: str | None = None, line_kw: dict[str, Any] | None = None
    ) -> "LossCurveDisplay":
        """Draw what a fitted estimator recorded while it trained.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, Model, or tabular estimator
            The fitted estimator; of several nets, the means over all of them are drawn.
        ax, name, line_kw : as for `plot`

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            The estimator is not fitted.
        ValueError
            It recorded no epochs, as with solver="lbfgs".
        """
        return cls(**recorded(estimator), name=name).plot(ax, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, name: str | None = None, line_kw: dict[str, Any] | None = None
    ) -> "LossCurveDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw, best with layout="constrained"; a learning rate that changes takes the lower part.
        name : str or None, default=None
            Prefix of the labels; None means the display's own.
        line_kw : dict or None, default=None
            Arguments of matplotlib's `plot` for all lines of `lines_`.

        Returns
        -------
        self
        """
        require_matplotlib()
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(layout="constrained")
        name = self.name if name is None else name
        prefix = "" if name is None else f"{name}: "
        loss, rates = np.asarray(self.loss, dtype=float), numbers(self.learning_rate)
        epochs = np.arange(1, len(loss) + 1) if self.epochs is None else np.asarray(self.epochs)
        style = {"marker": "." if len(epochs) <= FEW_EPOCHS else "", **(line_kw or {})}
        self.ax_, self.figure_ = ax, ax.figure
        self.score_ax_ = self.learning_rate_ax_ = self.best_epoch_line_ = None
        if rates is not None and np.nanmin(rates) < np.nanmax(rates):
            self.learning_rate_ax_ = partner(ax, "learning\nrate", axes_below)
        self.lines_ = ax.plot(epochs, loss, label=prefix + "training loss", **style)
        self._plot_validation(epochs, prefix, style)
        if self.learning_rate_ax_ is not None and rates is not None:
            color = self.lines_[0].get_color()
            self.learning_rate_ax_.plot(epochs[: len(rates)], rates, drawstyle="steps-mid", color=color)
            if 0 < 30 * np.nanmin(rates) < np.nanmax(rates):  # but one_cycle, which spans a factor of 25, stays linear
                self.learning_rate_ax_.set_yscale("log")
        finish(ax)
        return self

    def _plot_validation(self, epochs: np.ndarray, prefix: str, style: dict[str, Any]) -> None:
        """Draw the validation loss or else the scores, and a line at the epoch that early stopping keeps."""
        losses, scores = numbers(self.validation_loss), numbers(self.validation_scores)
        if losses is not None:  # may be shorter than epochs if the last one was interrupted
            best, what = epochs[np.nanargmin(losses)], "lowest validation loss"
            self.lines_ += self.ax_.plot(epochs[: len(losses)], losses, label=prefix + "validation loss", **style)
        elif scores is not None:
            self.score_ax_ = twin = partner(self.ax_, "validation score", lambda ax: ax.twinx())
            (probe,) = self.ax_.plot([], [])  # takes the next colour of ax_, as the twin would begin with the first
            twin.set_prop_cycle(color=[probe.get_color()])
            probe.remove()
            self.lines_ += twin.plot(epochs[: len(scores)], scores, label=prefix + "validation score", **style)
        else:
            return
        if scores is not None:  # estimators stop by the scores, even if they are not drawn
            best, what = epochs[np.nanargmax(scores)], "best validation score"
        style = {"color": self.lines_[-1].get_color(), "linestyle": ":", "linewidth": 1}
        self.best_epoch_line_ = self.lines_[-1].axes.axvline(best, label=f"{prefix}{what}, epoch {best:g}", **style)


def numbers(values: Any) -> np.ndarray | None:
    """Return values as floats, with NaN for None; None if there is no number at all."""
    array = np.asarray([] if values is None else values, dtype=float)
    return None if np.isnan(array).all() else array


def partner(ax: Any, what: str, make: Callable[[Any], Any] | None = None) -> Any:
    """Return the axes of something else over the same epochs: those of an earlier display on `ax`, or new ones."""
    label = f"{what} of axes {id(ax)}"  # with the id, as all axes of a grid may share x
    other = next((other for other in ax.get_shared_x_axes().get_siblings(ax) if other.get_label() == label), None)
    if other is None and make is not None:
        other = make(ax)
        other.set(label=label, ylabel=what)
        ax.figure.sca(ax)  # so that plt.title() still means ax
    return other


def axes_below(ax: Any) -> Any:
    """Shrink `ax` and return new axes in the lower part of its place."""
    spec = ax.get_subplotspec()
    if spec is not None:
        upper, lower = spec.subgridspec(2, 1, height_ratios=[1 - SHARE_BELOW, SHARE_BELOW])
        for shrunk in filter(None, (ax, partner(ax, "validation score"))):
            shrunk.set_subplotspec(upper)
        return ax.figure.add_subplot(lower, sharex=ax)
    x, y, width, height = ax.get_position(original=True).bounds
    lower, gap = SHARE_BELOW * height, 0.05 * height
    ax.set_position((x, y + lower + gap, width, height - lower - gap))  # a twin follows by itself
    return ax.figure.add_axes((x, y, width, lower), sharex=ax)


def finish(ax: Any) -> None:
    """Set labels, ticks, grid and one legend for all lines."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    twin, below = partner(ax, "validation score"), partner(ax, "learning\nrate")
    ax.set(xlabel="epoch" if below is None else "", ylabel="loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    if below is not None:
        ax.tick_params(labelbottom=False)
        below.set_xlabel("epoch")
        below.grid(alpha=0.3)
    ax.legend()
    if twin is None:
        return
    ax.get_legend().remove()
    lines = [*ax.get_lines(), *twin.get_lines()]
    twin.legend(handles=[line for line in lines if not line.get_label().startswith("_")])
    for line in ax.get_lines():  # invisible copies, as a legend keeps clear only of the lines of its own axes
        twin.add_artist(Line2D(*line.get_data(), transform=line.get_transform(), visible=False, label="_"))
