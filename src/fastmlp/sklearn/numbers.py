"""y of a regressor: numbers as users have them, and as kernels take them."""

from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import mean_pinball_loss, r2_score

from ..losses import Loss, checked_levels, loss_of
from ..messages import shown
from ..network.network import Network
from ..rows.array import ArrayRows
from ..rows.labels import TargetNumbers
from ..rows.moments import Moments
from ..rows.offers import is_sparse
from ..rows.order import Pass
from ..rows.ragged import as_array
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, located
from ..rows.survey import Survey
from ..rows.targets import as_numbers, refuse_masked
from ..training.figures import Figures
from ..typing import Scaling

WIDEST = np.dtype(np.float64)


class NumberTarget:
    """What fits learn of a regressor's y, and make of it: the methods of `ClassTarget`.

    Parameters
    ----------
    estimator : MLPRegressor, or a view of one; what is learned are its attributes
    """

    checks: ClassVar[dict[str, Any]] = {"y_numeric": True}
    score_name = "R²"
    stratified = False

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def known(self) -> bool:
        """Whether a fit has learned the target."""
        return hasattr(self.estimator, "coefs_")

    @property
    def columns(self) -> int:
        """The number of columns of y."""
        return self.loss().targets(self.estimator.n_outputs_)

    @property
    def scaling(self) -> Scaling | None:
        """(Shift, factor) of the columns of y, each (columns), or None where y is not standardised."""
        mean = getattr(self.estimator, "target_mean_", None)
        return None if mean is None else (np.atleast_1d(mean), 1 / np.atleast_1d(self.estimator.target_scale_))

    @property
    def measures(self) -> bool:
        """Whether mean and scale are still to be measured, as soon as it is known which rows are trained on."""
        return bool(self.estimator.standardize_target and self.scaling is None)

    def check_parameters(self, incremental: bool) -> None:
        """Raise ValueError for parameters about y that no fit can have."""
        estimator = self.estimator
        self.loss_for(1)
        if estimator.standardize_target and estimator.loss == "poisson":
            raise ValueError("standardize_target=True: loss='poisson' takes counts or rates as they are; leave it out")

    def loss_for(self, columns: int) -> Loss:
        """Return the loss that the parameters ask for, of y with this number of columns."""
        estimator = self.estimator
        outputs = len(checked_levels(estimator.quantile)) if estimator.loss == "quantile" else columns
        return loss_of(estimator.loss, outputs, quantile=estimator.quantile, delta=estimator.delta)

    def loss(self) -> Loss:
        """Return the loss of the net."""
        loss: Loss = self.estimator._loss
        return loss

    def check(self, name: str, y: Any, loss: Loss | None = None) -> None:
        """Raise TypeError or ValueError where y cannot be the target of any net; what scikit-learn checks is left.

        loss : of the net, where it is known; None: as the parameters have it
        """
        if is_sparse(y):
            raise TypeError(f"{name} is sparse; give {name}.toarray()")
        refuse_masked(name, y)
        array = as_array(name, y, "targets")
        if y is None or array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind == "c":
            return
        if array.dtype.kind in "mM":
            raise TypeError(f"{name} has dtype {array.dtype}; convert dates to numbers first")
        if array.dtype.kind not in "fiub":
            array = converted(name, array, "MLPClassifier")
        columns = columns_of(array.shape)
        loss = loss or self.loss_for(columns)
        if columns > loss.targets(columns):
            raise ValueError(f"{name} has {columns} columns, but loss='quantile' takes one column")
        as_numbers(array, len(array), columns, loss, WIDEST, name=name)

    def learn(self, y: np.ndarray, new: bool) -> None:
        """Set the loss, and the number of outputs, by y (new), or compare y with them."""
        self.learn_columns(columns_of(y.shape), new)

    def learn_stream(self, stream: Stream, new: bool) -> None:
        """Do what `learn` does, by the first block of a stream."""
        for block in stream.labels():
            if not len(block):
                continue
            with located(block.place):
                shape = np.shape(block.y)
            self.learn_columns(columns_of(shape), new)
            return
        raise ValueError(f"{stream.place or 'X'} has 0 rows; at least 1 is required")

    def learn_columns(self, columns: int, new: bool) -> None:
        """Set loss and outputs for y with this number of columns, or compare them."""
        estimator, loss = self.estimator, self.loss_for(columns)
        outputs = loss.outputs(columns)
        if new:
            estimator.n_outputs_ = outputs
            self.keep(None)
        else:
            self.compare_columns("y", columns)
            if (loss.link, outputs) != (self.loss().link, estimator.n_outputs_):
                known = self.loss()
                raise ValueError(
                    f"loss={loss.name!r} of {outputs} output(s): the net was made for loss={known.name!r} of "
                    f"{estimator.n_outputs_}; fit it anew"
                )
            if estimator.standardize_target != (self.scaling is not None):
                raise ValueError(
                    f"standardize_target={estimator.standardize_target}: was {not estimator.standardize_target} in the "
                    "fit that goes on; fit anew"
                )
        estimator._loss, estimator.out_activation_ = loss, loss.link

    def compare(self, name: str, y: np.ndarray) -> None:
        """Raise ValueError unless y has the columns that were learned."""
        self.compare_columns(name, columns_of(y.shape))

    def compare_columns(self, name: str, columns: int) -> None:
        """Raise ValueError unless this is the number of columns that was learned."""
        if columns != self.columns:
            raise ValueError(
                f"{name} has {columns} column{'s' if columns > 1 else ''}, but the net was made for {self.columns}"
            )

    def encoded(self, y: np.ndarray) -> np.ndarray | None:
        """Return y, which rows scale; None where `measure` is to give it later."""
        return None if self.measures else y

    def weighted(self, y: np.ndarray, w: np.ndarray | None) -> np.ndarray | None:
        """Return the weights of rows."""
        return w

    def measure(
        self, network: Network, rows: ArrayRows, y: np.ndarray, w: np.ndarray | None, index: np.ndarray
    ) -> None:
        """Give the rows their targets, standardised by those of the index, if the estimator is to; w: of all rows."""
        if self.measures:
            found = Moments()
            found.add(y[index], None if w is None else w[index])
            self.keep(found.scaling())
            rows.y = as_numbers(y, len(y), self.estimator.n_outputs_, self.loss(), network.plan.dtype, self.scaling)

    def measure_stream(self, network: Network, rows: StreamedRows, order: Pass, name: str) -> None:
        """Do what `measure` does, by the rows of a pass over a stream, whose target has this name."""
        if self.measures:
            self.keep(rows.survey(order.fraction, order.seed).moments.scaling())
            rows.labels = self.reader(network, name)

    def keep(self, scaling: Scaling | None) -> None:
        """Set the estimator's mean and scale, or remove them."""
        learned = vars(self.estimator)
        if scaling is None:
            for name in ("target_mean_", "target_scale_"):
                learned.pop(name, None)
            return
        shift, factor = scaling
        mean, scale = (float(a[0]) if len(shift) == 1 else a for a in (shift, 1 / factor))
        learned.update(target_mean_=mean, target_scale_=scale)

    def check_split(self, Y: np.ndarray | None, index: np.ndarray) -> None:
        """Do nothing: any rows may validate numbers."""

    def score(self, y: Any, predicted: np.ndarray, w: Any) -> float:
        """Return R² of what `predict` gives or, of several quantiles, the mean of their pinball losses, negative."""
        self.check("y", y, self.loss())
        predicted = predicted.astype(np.float64)  # whose squares overflow later than those of float32
        if not self.loss().of_several_levels:
            return float(r2_score(in_float64(y), predicted, sample_weight=w))
        quantiles = zip(self.loss().parameters, predicted.T, strict=True)
        losses = [mean_pinball_loss(in_float64(y), each, sample_weight=w, alpha=level) for level, each in quantiles]
        return -float(np.mean(losses))

    def reader(self, network: Network, name: str, others: bool = False) -> TargetNumbers:
        """Return what makes targets of a stream's y, unscaled where mean and scale are to be measured."""
        dtype = WIDEST if self.measures else network.plan.dtype
        return TargetNumbers(self.estimator.n_outputs_, self.loss(), dtype, self.scaling, name)

    def weigh_stream(self, rows: StreamedRows) -> None:
        """Do nothing: there are no weights of classes."""

    def check_stream_split(self, found: Survey) -> None:
        """Do nothing, as `check_split`."""

    def score_of_stream(self, network: Network, rows: StreamedRows, theta: np.ndarray) -> float:
        """Return the score, by weight, of what `predict` would give."""
        found, loss = Figures(), self.loss()
        for Z, window, first in network.outputs(rows, rows.order(), theta=theta):
            y, w = window.labels(first, first + len(Z))
            assert y is not None
            found.add(loss, loss.ordered(Z), y, w)
        if not loss.of_several_levels:
            return found.moments.r2(found.errors)
        unit = 1.0 if self.scaling is None else 1 / float(self.scaling[1][0])  # of y, as of `score`
        return unit * found.means(loss)[1]

    def decoded(self, A: np.ndarray) -> np.ndarray:
        """Return predictions in units of y, (n) or (n, K), from A[L], (n) or (n, K)."""
        return self.loss().predictions(A.reshape(len(A), -1), self.scaling)


def columns_of(shape: tuple[int, ...]) -> int:
    """Return the number of targets of a row, for y of this shape."""
    return shape[1] if len(shape) == 2 else 1


def in_float64(y: Any) -> Any:
    """Return an array of numbers in float64; what else a user may give is left to scikit-learn."""
    array = np.asarray(y)
    return array.astype(np.float64) if array.dtype.kind in "fiub" else y


def converted(name: str, y: np.ndarray, classifier: str) -> np.ndarray:
    """Return objects that are numbers, or text of numbers, in float64; raise ValueError for the first that is not.

    classifier : the class to take for classes, for the message
    """
    objects = y.dtype.kind == "O"
    if objects and all(map(is_number, y.flat)):
        return y.astype(np.float64)
    at = next(at for at, value in enumerate(y.flat) if not (objects and is_number(value)))
    raise ValueError(
        f"{name} contains {shown(y.flat[at])} in row {at // (y.size // len(y))}, which is not a number; convert it, or "
        f"take {classifier} for classes"
    )


def is_number(value: Any) -> bool:
    """Return whether an object is a number, NaN included, or text of one."""
    try:
        float(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True
