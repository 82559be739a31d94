"""Importances of columns."""

from typing import TYPE_CHECKING, Any

from .names import plain, shortened
from .requirement import require_matplotlib

if TYPE_CHECKING:  # scikit-learn, which it imports, takes a second
    from ..importances import FeatureImportances


def importances(found: "FeatureImportances", *, ax: Any = None, most: int = 20) -> Any:
    """Draw by how much the score falls where a column is shuffled: a bar for its mean, a line for its deviation.

    Parameters
    ----------
    found : FeatureImportances
        What `TabularClassifier.feature_importances` returns.
    ax : matplotlib Axes or None, default=None
        Where to draw.
    most : int, default=20
        How many columns to draw, the most important ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> import fastmlp.plot
    >>> X = np.random.default_rng(0).standard_normal((500, 3))
    >>> model = fastmlp.TabularRegressor(n_members=1, random_state=0).fit(X, X[:, 0])
    >>> ax = fastmlp.plot.importances(model.feature_importances(X, X[:, 0]))
    """
    require_matplotlib()
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(layout="constrained")
    names = [plain(shortened(name)) for name in found.names[:most]]
    places = range(len(names))
    ax.barh(places, found.means[:most], xerr=found.deviations[:most])
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set(xlabel="fall of the score where the column is shuffled")
    ax.grid(axis="x", alpha=0.3)
    return ax
