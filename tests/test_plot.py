"""LossCurveDisplay: what it draws, where, and what it refuses."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastmlp import MLPClassifier, Model
from fastmlp.cli.learning_curve import learning_curve
from fastmlp.plot import LossCurveDisplay

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(300, 6, random_state=0)
LOSS = [0.9, 0.5, 0.4, 0.35]


@pytest.fixture(autouse=True)
def _figures_closed():
    yield
    pyplot.close("all")


def fitted(**settings):
    return MLPClassifier((8,), **{"max_iter": 6, "random_state": 0, "n_threads": 1, **settings}).fit(X, y)


def fitted_model(**settings):
    model = Model([6, 8, 1], seed=0, n_threads=1)
    return model.fit(X, y, epochs=4, batch_size=50, **settings)


def assert_shows(line, epochs, values, label):
    np.testing.assert_array_equal(line.get_xdata(), epochs)
    np.testing.assert_array_equal(line.get_ydata(), np.asarray(values, float))
    assert line.get_label() == label


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawn(display):
    """Everything laid out as in a file: errors and warnings of drawing come now."""
    display.figure_.canvas.draw()
    return display


def test_training_loss_alone():
    classifier = fitted()
    display = drawn(LossCurveDisplay.from_estimator(classifier))
    (line,) = display.lines_
    assert_shows(line, np.arange(1, 7), classifier.loss_curve_, "training loss")
    assert line.axes is display.ax_
    assert display.ax_.figure is display.figure_
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    assert display.score_ax_ is display.learning_rate_ax_ is display.best_epoch_line_ is None
    assert display.figure_.axes == [display.ax_]


def test_early_stopping_is_marked_at_the_best_score():
    classifier = fitted(early_stopping=True)
    classifier.validation_scores_ = [0.5, 0.7, 0.6, 0.9, 0.9, 0.8]  # the first of equals is what is kept
    classifier.validation_loss_curve_ = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    display = drawn(LossCurveDisplay.from_estimator(classifier))
    assert_shows(display.lines_[0], np.arange(1, 7), classifier.loss_curve_, "training loss")
    assert_shows(display.lines_[1], np.arange(1, 7), classifier.validation_loss_curve_, "validation loss")
    assert_shows(display.best_epoch_line_, [4, 4], [0, 1], "best validation score, epoch 4")
    assert legend(display.ax_) == ["training loss", "validation loss", "best validation score, epoch 4"]
    assert display.score_ax_ is None


def test_what_early_stopping_kept_is_what_is_marked():
    classifier = fitted(early_stopping=True, max_iter=40, learning_rate_init=0.02, n_iter_no_change=3)
    (epoch, _) = LossCurveDisplay.from_estimator(classifier).best_epoch_line_.get_xdata()
    assert classifier.validation_scores_[epoch - 1] == classifier.best_validation_score_
    assert classifier.best_validation_score_ not in classifier.validation_scores_[: epoch - 1]


def test_scores_have_a_second_axis_without_a_validation_loss():
    display = drawn(LossCurveDisplay(loss=LOSS, validation_scores=[0.6, 0.8, 0.7, 0.75]).plot())
    training, score = display.lines_
    assert_shows(score, [1, 2, 3, 4], [0.6, 0.8, 0.7, 0.75], "validation score")
    assert score.axes is display.score_ax_
    assert list(display.ax_.get_lines()) == [training]
    assert display.score_ax_.get_ylabel() == "validation score"
    assert display.score_ax_.yaxis.get_label_position() == "right"
    assert training.get_color() != score.get_color() == display.best_epoch_line_.get_color()
    assert list(display.best_epoch_line_.get_xdata()) == [2, 2]
    assert legend(display.score_ax_) == ["training loss", "validation score", "best validation score, epoch 2"]
    assert display.ax_.get_legend() is None


def test_the_legend_keeps_clear_of_the_lines_of_both_axes():
    epochs = np.arange(1, 101)
    loss, scores = np.exp(-epochs / 8), 1 - 0.5 * np.exp(-epochs / 8)
    display = drawn(LossCurveDisplay(loss=loss, validation_scores=scores).plot())
    box = display.score_ax_.get_legend().get_window_extent()
    for line in display.lines_:
        points = line.get_transform().transform(line.get_xydata())
        assert not any(box.contains(x, y) for x, y in points)


def test_model():
    model = fitted_model(validation_fraction=0.2)
    model.history[2]["validation_loss"] = 0.01
    model.fit(X, y, epochs=1)  # an epoch without validation
    display = drawn(LossCurveDisplay.from_estimator(model))
    epochs, losses = [1, 2, 3, 4, 5], [record["loss"] for record in model.history]
    assert_shows(display.lines_[0], epochs, losses, "training loss")
    validation = [record["validation_loss"] for record in model.history[:4]]
    assert_shows(display.lines_[1], epochs, [*validation, np.nan], "validation loss")
    assert_shows(display.best_epoch_line_, [3, 3], [0, 1], "lowest validation loss, epoch 3")


def test_the_epochs_of_a_model_are_those_of_its_history():
    model = fitted_model()
    del model.history[:2]
    display = LossCurveDisplay.from_estimator(model)
    assert list(display.lines_[0].get_xdata()) == [3, 4]
    assert display.best_epoch_line_ is None


def test_pipeline():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=3, n_threads=1)).fit(X, y)
    display = LossCurveDisplay.from_estimator(pipeline)
    assert_shows(display.lines_[0], [1, 2, 3], pipeline[-1].loss_curve_, "training loss")


def test_values_that_are_not_there():
    """NaN where training diverged; an interrupted last epoch has a loss, but no score; no number at all."""
    display = LossCurveDisplay(loss=[0.9, 0.5, np.nan], validation_scores=[0.6, np.nan], learning_rate=[]).plot()
    assert_shows(drawn(display).lines_[1], [1, 2], [0.6, np.nan], "validation score")
    assert list(display.best_epoch_line_.get_xdata()) == [1, 1]
    display = drawn(LossCurveDisplay(loss=[0.9, 0.5], validation_loss=[None, None], validation_scores=[]).plot())
    assert len(display.lines_) == 1
    assert display.best_epoch_line_ is None


def test_a_learning_rate_that_changes_is_drawn_below():
    classifier = fitted(solver="sgd")
    classifier.learning_rate_curve_ = [0.1, 0.1, 0.1, 0.02, 0.02, 0.004]
    display = drawn(LossCurveDisplay.from_estimator(classifier))
    below, ax = display.learning_rate_ax_, display.ax_
    (line,) = below.get_lines()
    np.testing.assert_array_equal(line.get_xydata().T, [np.arange(1, 7), classifier.learning_rate_curve_])
    assert below.get_position().y1 < ax.get_position().y0
    assert below.get_position().height < 0.5 * ax.get_position().height
    assert below.get_xlim() == ax.get_xlim()
    assert (ax.get_xlabel(), below.get_xlabel()) == ("", "epoch")
    assert below.get_ylabel().split() == ["learning", "rate"]
    assert not any(label.get_visible() for label in ax.get_xticklabels())
    assert display.lines_[0].axes is ax


@pytest.mark.parametrize(("rates", "scale"), [([1, 0.04], "linear"), ([1, 0.02], "log"), ([1, 0], "linear")])
def test_the_scale_of_learning_rates(rates, scale):
    display = drawn(LossCurveDisplay(loss=[0.9, 0.5], learning_rate=rates).plot())
    assert display.learning_rate_ax_.get_yscale() == scale


@pytest.mark.parametrize("rates", [None, [], [0.1] * 4, [None] * 4])
def test_a_constant_learning_rate_is_not_drawn(rates):
    assert LossCurveDisplay(loss=LOSS, learning_rate=rates).plot().learning_rate_ax_ is None


def test_given_axes_are_used():
    _, (left, right) = pyplot.subplots(1, 2, sharex=True)
    place = left.get_position().bounds
    pyplot.sca(left)
    display = LossCurveDisplay(loss=LOSS, validation_scores=LOSS, learning_rate=LOSS).plot(right)
    assert display.ax_ is right
    assert display.figure_ is right.figure
    assert len(pyplot.get_fignums()) == 1
    assert not left.get_lines()
    assert left.get_position().bounds == place
    assert pyplot.gca() is right  # so that pyplot.title() does not go to the axes of scores or rates


def test_pyplot_is_not_needed_for_given_axes():
    display = drawn(LossCurveDisplay(loss=LOSS, learning_rate=LOSS).plot(Figure().subplots()))
    assert display.learning_rate_ax_ is not None
    assert pyplot.get_fignums() == []


def test_axes_without_a_grid_keep_their_place():
    ax = Figure().add_axes((0.2, 0.3, 0.6, 0.5))
    display = drawn(LossCurveDisplay(loss=LOSS, validation_scores=LOSS, learning_rate=LOSS).plot(ax))
    above, below = ax.get_position(), display.learning_rate_ax_.get_position()
    np.testing.assert_allclose([below.x0, below.y0, above.x1, above.y1], [0.2, 0.3, 0.8, 0.8])
    assert below.y1 < above.y0
    np.testing.assert_allclose(display.score_ax_.get_position().bounds, above.bounds)


def test_two_displays_on_the_same_axes():
    first = LossCurveDisplay(loss=LOSS, validation_scores=LOSS, name="a").plot()
    second = LossCurveDisplay(loss=LOSS, validation_scores=LOSS, learning_rate=LOSS, name="b").plot(first.ax_)
    third = drawn(LossCurveDisplay(loss=LOSS, learning_rate=LOSS).plot(first.ax_, name="c"))
    assert second.score_ax_ is first.score_ax_
    assert third.learning_rate_ax_ is second.learning_rate_ax_
    assert len(first.figure_.axes) == 3
    assert third.learning_rate_ax_.get_position().y1 < first.ax_.get_position().y0
    np.testing.assert_allclose(first.score_ax_.get_position().bounds, first.ax_.get_position().bounds)
    assert sorted(legend(first.score_ax_)) == [
        "a: best validation score, epoch 1", "a: training loss", "a: validation score",
        "b: best validation score, epoch 1", "b: training loss", "b: validation score",
        "c: training loss",
    ]  # fmt: skip
    lines = [*first.lines_, *second.lines_, *third.lines_]
    assert len({line.get_color() for line in lines}) == len(lines)
    assert [line.get_color() for line in third.learning_rate_ax_.get_lines()] == [
        second.lines_[0].get_color(), third.lines_[0].get_color()
    ]  # fmt: skip


def test_displays_in_a_grid_that_shares_x_have_their_own_axes():
    _, (left, right) = pyplot.subplots(1, 2, sharex=True)
    first, second = (LossCurveDisplay(loss=LOSS, validation_scores=LOSS, learning_rate=LOSS).plot(ax)
                     for ax in (left, right))  # fmt: skip
    assert first.score_ax_ is not second.score_ax_
    assert first.learning_rate_ax_ is not second.learning_rate_ax_


def test_arguments_for_lines():
    display = LossCurveDisplay.from_estimator(fitted(), name="net", line_kw={"color": "red", "linewidth": 3})
    assert (display.lines_[0].get_color(), display.lines_[0].get_linewidth()) == ("red", 3)
    assert display.lines_[0].get_label() == "net: training loss"
    display = LossCurveDisplay(loss=LOSS, validation_scores=LOSS).plot(line_kw={"c": "red"})
    assert [line.get_color() for line in display.lines_] == ["red", "red"]


@pytest.mark.parametrize(
    "estimator", [MLPClassifier(), make_pipeline(StandardScaler(), MLPClassifier()), Model([6, 8, 1])]
)
def test_not_fitted(estimator):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LossCurveDisplay.from_estimator(estimator)
    assert pyplot.get_fignums() == []


def test_lbfgs_has_no_epochs():
    classifier = fitted(solver="lbfgs")
    with pytest.raises(ValueError, match=r"with solver='lbfgs' has no loss_curve_; fit .* solver='adam'"):
        LossCurveDisplay.from_estimator(classifier)
    stale = fitted(max_iter=2).set_params(solver="lbfgs").fit(X, y)
    with pytest.raises(ValueError, match="solver='lbfgs'"):
        LossCurveDisplay.from_estimator(stale)


def test_other_estimators():
    with pytest.raises(ValueError, match="LogisticRegression has no loss_curve_"):
        LossCurveDisplay.from_estimator(LogisticRegression(solver="saga", max_iter=1000).fit(X, y))
    with pytest.raises(TypeError, match="not an estimator"):
        LossCurveDisplay.from_estimator([0.9, 0.5])


def test_matplotlib_is_missing(monkeypatch, tmp_path):
    display = LossCurveDisplay(loss=LOSS)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "fastmlp\[plot\]"'):
        display.plot()
    with pytest.raises(ImportError, match=r'pip install "fastmlp\[plot\]"'):
        learning_curve([], tmp_path / "curve.png")


def test_light_import():
    """The module loads neither matplotlib nor scikit-learn."""
    code = "import sys, fastmlp.plot; print(*{'matplotlib', 'sklearn'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"


@pytest.mark.parametrize("n", [0, 1, 4])
def test_learning_curve(tmp_path, n):
    learning_curve(fitted_model(validation_fraction=0.2).history[:n], tmp_path / "curve.svg")
    assert "<svg" in (tmp_path / "curve.svg").read_text()
    assert pyplot.get_fignums() == []
