"""Names of scikit-learn that are not part of its public interface, each with its use.

A drop-in must draw, check and refuse as scikit-learn does, and no public name offers that. So pyproject.toml bounds
scikit-learn above, at the first version that was not tried.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sklearn.utils import _safe_indexing  # rows of whatever table a scorer takes
from sklearn.utils._param_validation import Interval, Options, StrOptions  # what that validation reads
from sklearn.utils.extmath import _approximate_mode  # how many rows of each class a stratified split draws
from sklearn.utils.multiclass import _check_partial_fit_first_call  # the classes that the first partial_fit names
from sklearn.utils.optimize import _check_optimize_result  # warnings of L-BFGS, and its iterations
from sklearn.utils.validation import _check_feature_names_in, _check_sample_weight  # with scikit-learn's errors

F = TypeVar("F", bound=Callable[..., object])
if TYPE_CHECKING:

    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]: ...
else:
    from sklearn.base import _fit_context  # validates parameters where a fit begins

__all__ = [
    "Interval",
    "Options",
    "StrOptions",
    "_approximate_mode",
    "_check_feature_names_in",
    "_check_optimize_result",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_fit_context",
    "_safe_indexing",
]
