"""What a report needs of a model, whatever its kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..losses import Loss
from ..rows.labels import Target
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..tables.encoding import TableEncoding
from ..tabular.members.ensemble import linked
from ..tabular.members.recipe import NET
from ..training.figures import exp_limit
from ..training.figures import linked as linked_numbers
from ..typing import Scaling

WIDEST = np.dtype(np.float64)  # of targets, of which figures are computed


@dataclass(frozen=True)
class Subject:
    """A fitted model, as it was when the report was asked for.

    Attributes
    ----------
    kind : the class of the model
    loss, scaling : what its nets are trained for, and (shift, factor) of targets, or None
    classes : of the target, in ascending order, or names of labels; None: it holds numbers
    target : reads targets, in units of the user
    target_name : or None
    names : of the columns of X
    used : for each part of the numbers of a row, the column of X that it comes from, and its slice of these numbers
    encoding : what makes these numbers of a table, or None
    named : whether the model knows its columns by name
    settings : what the model was made with, by name
    notes : what a reader should know of the model
    curves : arguments of `LossCurveDisplay`, or why there are none
    usable : returns X, y and weights of the rows whose target is there
    matrix : returns rows in memory as numbers (n, q)
    streamed : returns the rows of a stream, with targets
    outputs : returns Z[L] (n, p[L]) of rows of numbers, whose places in the report are given, too
    """

    kind: str
    loss: Loss
    scaling: Scaling | None
    classes: list[Any] | None
    target: Target
    target_name: str | None
    names: list[str]
    used: dict[str, slice]
    encoding: TableEncoding | None
    named: bool
    settings: dict[str, Any]
    notes: list[str]
    curves: "dict[str, Any] | str"
    matrix: Callable[[Any], np.ndarray]
    streamed: Callable[[Stream], StreamedRows]
    outputs: Callable[[np.ndarray, np.ndarray], np.ndarray]
    usable: Callable[[Any, Any, Any], tuple[Any, Any, Any]] = lambda X, y, w: (X, y, w)

    @property
    def what(self) -> str:
        """The name of the target."""
        return self.target_name or "y"

    @property
    def labels(self) -> bool:
        """Whether a row has several labels, each of which it has or has not."""
        return self.classes is not None and len(self.target.shape) == 1

    def predictions(self, Z: np.ndarray) -> np.ndarray:
        """Return probabilities (n, K) of classes or labels, or numbers (n, K) in units of y, from Z[L] (n, p[L])."""
        if not self.loss.numeric:
            return linked(self.loss, Z)
        A = linked_numbers(self.loss, Z, exp_limit(NET)) if self.loss.link == "exp" else Z
        return self.loss.predictions(A, self.scaling).reshape(len(A), -1)


def one_slice_each(names: Sequence[str]) -> dict[str, slice]:
    """Return what `Subject.used` is where every number of a row is a column."""
    return {name: slice(k, k + 1) for k, name in enumerate(names)}


def slices_of(encoding: TableEncoding) -> dict[str, slice]:
    """Return what `Subject.used` is of an encoding."""
    return {part.name: numbers for part, numbers in zip(encoding.parts, encoding.slices, strict=True)}


def notes_of(estimator: Any) -> list[str]:
    """Return what a reader should know of an estimator."""
    class_weight = getattr(estimator, "class_weight", None)
    if class_weight is None:
        return []
    return [
        f"Training weighted the classes (class_weight={class_weight!r}), which moves probabilities away from the "
        "classes' shares; the figures of this page do not weight classes."
    ]


def numbered(n: int) -> list[str]:
    """Return names of columns without names, as `record_batches` gives them."""
    return [f"x{k}" for k in range(n)]
