"""`report`: a page about a model and how good it is on rows."""

from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from numpy.typing import ArrayLike

from ..arguments import checked_float, checked_int
from ..model import Model
from ..plot import require_matplotlib
from ..rows.streams.stream import Stream
from ..sklearn.estimator import MLPEstimator
from ..system.atomic_write import replaced
from ..tabular.fitted import FittedTabular
from ..typing import FilePath, MatrixLike, Table
from .contents import About, judged, sections
from .of_estimator import of_estimator
from .of_model import of_model
from .of_tabular import of_tabular
from .page import page
from .rows import ReportRows, rows_given
from .subject import Subject
from .words import count, name_of

MAX_ROWS = 100_000


@dataclass(frozen=True)
class Report:
    """A page about a model. Notebooks show it; `save` writes it to a file.

    Parameters
    ----------
    html, figures : as the attributes

    Attributes
    ----------
    html : str
        The page: one file, which needs neither a network nor scripts.
    figures : dict of float
        The figures of its table, by name: NaN where the page says that one is undefined.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import fastmlp
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = fastmlp.TabularRegressor(n_members=1, random_state=0).fit(X[:300], y[:300])
    >>> found = fastmlp.report(model, X[300:], y[300:], n_repeats=1)
    >>> list(found.figures)[:3]
    ['R²', 'RMSE', 'MAE']
    >>> found.figures["R²"] > 0.3
    True
    >>> found.save("report.html")  # doctest: +SKIP
    """

    html: str
    figures: dict[str, float] = field(compare=False)  # NaN differs from itself; the page has them all

    def save(self, path: FilePath) -> None:
        """Write the page to a file, which is replaced in one step.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        OSError
            The file cannot be written; an old one is as before.
        """
        with replaced(path) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, for notebooks."""
        return f'<iframe srcdoc="{escape(self.html)}" title="Report" style="width: 100%; height: 50rem"></iframe>'


def report(
    model: Any, X: MatrixLike | Table | Stream, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, *,
    max_rows: int = MAX_ROWS, n_repeats: int = 5, threshold: float = 0.5, random_state: int = 0,
) -> Report:  # fmt: skip
    """Return a page about a model and how good it is on rows.

    It shows what was trained, the learning curve, figures with what they mean and, by task, ROC and precision-recall
    curves, calibration, the confusion matrix, residuals, errors by quantile of the prediction, coverage of quantiles
    and calibration of means; then permutation importances and the partial dependences of the three most important
    columns. Rows that were not trained on tell how good the model is on new ones. The same model, rows and arguments
    give the same page, to the last bit.

    Parameters
    ----------
    model : Model, MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
        A fitted one.
    X : array-like, frame, sparse matrix or table (n, p), or a stream of `fastmlp.rows`
        As the model takes it. A stream brings y and weights, and may have more rows than memory holds.
    y : array-like (n), or (n, K)
        Targets, as the model takes them.
    sample_weight : array-like (n), finite and not negative, or None
        Weights count in all figures.
    max_rows : int, default=100,000
        Of more rows, as many are drawn, and the page says so. Tables wider than 2,684 numbers a row get fewer.
    n_repeats : int, default=5
        How often each column is shuffled for its importance.
    threshold : float, default=0.5
        Of two classes: the probability above which a row is predicted to be of the second one.
    random_state : int, default=0
        Draws rows, and shuffles columns.

    Returns
    -------
    Report
        The page and its figures.

    Raises
    ------
    ImportError
        matplotlib is missing, which the extra ``plot`` brings.
    TypeError
        The model is of another kind, or X or y cannot be read.
    ValueError
        An argument is out of range, there are no rows, none has a weight above 0, or X or y does not fit the model.
    sklearn.exceptions.NotFittedError
        The estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> import fastmlp
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> model = fastmlp.TabularClassifier(n_members=1, random_state=0).fit(X[:400], y[:400])
    >>> found = fastmlp.report(model, X[400:], y[400:], n_repeats=1)
    >>> found.figures["AUC"] > 0.95
    True
    >>> found.save("report.html")  # doctest: +SKIP
    """
    require_matplotlib()
    max_rows, n_repeats = checked_int("max_rows", max_rows, 1), checked_int("n_repeats", n_repeats, 1)
    seed = checked_int("random_state", random_state, 0)
    threshold = checked_float("threshold", threshold, 0)
    if not 0 < threshold < 1:
        raise ValueError(f"threshold={threshold!r}: must be a probability above 0 and below 1")
    subject = subject_of(model)
    name = X.target_name if isinstance(X, Stream) else getattr(y, "name", None)  # of a series
    if isinstance(name, str):
        subject = replace(subject, target_name=name)
    rows = rows_given(subject, X, y, sample_weight, max_rows, seed)
    arguments = ["model", "X"] if isinstance(X, Stream) else ["model", "X", "y"]
    arguments += [] if sample_weight is None else ["sample_weight"]
    given = {"max_rows": max_rows, "n_repeats": n_repeats, "threshold": threshold, "random_state": seed}
    call = ", ".join([*arguments, *(f"{name}={value!r}" for name, value in given.items())])
    about = About(
        "the rows that were given to fastmlp.report; if the model was trained on them, they flatter it",
        f'fastmlp.report({call}).save("report.html")', None, n_repeats, seed, threshold,
    )  # fmt: skip
    return report_on(subject, rows, about)


def subject_of(model: Any) -> Subject:
    """Return what a report needs of a model of any kind."""
    if isinstance(model, Model):
        return of_model(model)
    if isinstance(model, MLPEstimator):
        return of_estimator(model)
    if isinstance(model, FittedTabular):
        return of_tabular(model)
    raise TypeError(
        f"model is a {type(model).__name__}; a report takes a Model, MLPClassifier, MLPRegressor, TabularClassifier or "
        "TabularRegressor"
    )


def report_on(subject: Subject, rows: ReportRows | None, about: About) -> Report:
    """Return the page about a subject and rows; None: no rows can be scored, as `about.which_rows` tells."""
    found = None if rows is None else judged(subject, rows, about.threshold)
    made = list(sections(subject, rows, found, about))
    headline = [] if found is None else found.figures[: found.headline]
    lead = f"{subject.kind}, {task(subject)}"
    if rows is not None:
        lead += f", scored on {count(len(rows), 'row')}"
    text = page(f"Report on {name_of(subject.what)}", f"{lead}.", headline, made)
    return Report(text, {} if found is None else {row.name: float(row.value) for row in found.figures})


def task(subject: Subject) -> str:
    """Return what is predicted, in two words."""
    if subject.classes is not None:
        return f"{len(subject.classes):,} {'labels' if subject.labels else 'classes'}"
    words = {"poisson": "counts", "quantile": "quantiles"}
    return words.get(subject.loss.name, "numbers")
