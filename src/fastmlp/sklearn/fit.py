"""One call of an estimator's `fit` or `partial_fit`: checks of what is given, the net, its rows, and training."""

import copy
import operator
import warnings
from collections.abc import Callable
from reprlib import repr as shortened
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from ..arguments import MIXED, checked_callbacks, checked_dtype
from ..exceptions import is_bad_row
from ..network.initialize import initialize_like_scikit_learn
from ..network.plan import checked_size
from ..precision import check_smooth, check_trains
from ..rows.order import Order, Pass
from ..system import fit_lock
from ..system.interrupts import postponed
from ..system.machine import check_memory
from ..training.checkpoint import CheckpointFile
from ..training.divergence import raise_not_finite
from ..training.loop import Part, loop, take_best
from ..training.validation import Validation
from . import lbfgs, view
from .checkpoint import CURVES, EstimatorCheckpoint, Kept
from .coefficients import Coefficients
from .data import data_of, held_out
from .parameters import optimizer_of
from .rules import ScikitLearnRules


def fit(
    estimator: Any, X: Any, y: Any, sample_weight: Any, incremental: bool, given: tuple | None = None,
    file: CheckpointFile | None = None, begin: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Train an estimator, for one epoch if incremental.

    given : X, y and weights to validate on, or None
    file : where the fit is kept, if it is
    begin : called first; what it sets is undone, too, where the fit fails

    Where it fails before an epoch has ended, or finds rows that cannot be used, the estimator is as it was: fitted
    before, or not fitted.
    """
    with fit_lock.fitting(estimator, lambda: view.frozen(estimator)) as guard:
        before = Before(estimator, guard.seen, incremental)
        estimator.n_iter_ = 0
        try:
            begin()
            fit_alone(estimator, X, y, sample_weight, incremental, given, file)
        except BaseException as failure:
            if is_bad_row(failure) or not estimator.n_iter_:
                before.restore(estimator)
            raise


class Before:
    """An estimator as it was before a fit, to go back to where the fit fails.

    Parameters
    ----------
    seen : it, with a θ of its own, which no fit writes to; None before the first fit
    incremental : whether the fit goes on with the moments of the optimizer
    """

    def __init__(self, estimator: Any, seen: view.View | None, incremental: bool) -> None:
        self.attributes = vars(estimator).copy()
        curves = [self.attributes.get(name) for name in CURVES.values()]
        self.curves = [(curve, list(curve)) for curve in curves if curve is not None]
        self.theta = None if seen is None else seen[2]
        self.trained: Coefficients | None = self.attributes.get("_coefficients")
        if self.trained and (seen is None or not self.trained.are(estimator.coefs_, estimator.intercepts_)):
            self.trained = None  # the owner has put in other arrays, which no fit writes to
        if incremental and "_optimizer" in self.attributes:
            self.attributes["_optimizer"] = copy.deepcopy(self.attributes["_optimizer"])

    def restore(self, estimator: Any) -> None:
        """Give the estimator its former attributes and weights."""
        vars(estimator).update(self.attributes)
        for name in vars(estimator).keys() - self.attributes.keys():
            delattr(estimator, name)
        for curve, values in self.curves:
            curve[:] = values
        if self.trained is not None:
            self.trained.network.theta[:] = self.theta


def fit_alone(
    estimator: Any, X: Any, y: Any, sample_weight: Any, incremental: bool, given: tuple | None,
    file: CheckpointFile | None,
) -> None:  # fmt: skip
    """Run `fit`, while no other thread fits this estimator."""
    sizes = estimator.hidden_layer_sizes
    hidden = [operator.index(size) for size in (sizes if np.iterable(sizes) else [sizes])]
    if min(hidden, default=1) <= 0:
        raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
    check_together(estimator, incremental, given, file)
    kept = None if file is None else Kept(file, "MLPClassifier" if is_classifier(estimator) else "MLPRegressor")
    first = not hasattr(estimator, "coefs_") or (not estimator.warm_start and not incremental)
    check_mixed(estimator, estimator.dtype == MIXED if first else estimator._mixed)
    data = data_of(estimator, X, y, sample_weight)
    held = held_out(data, given)
    new_target = not data.target.known or (not estimator.warm_start and not incremental)
    data.learn(reset=first, new_target=new_target)
    estimator._random_state = check_random_state(estimator.random_state)
    if first:
        initialize(estimator, [estimator.n_features_in_, *hidden, estimator.n_outputs_], data.dtype)
    if estimator.solver != "lbfgs" and (first or not hasattr(estimator, "loss_curve_")):
        start_curves(estimator)
    network = estimator._network()
    coefficients = estimator._coefficients
    estimator.coefs_, estimator.intercepts_ = list(coefficients.weights), list(coefficients.biases)
    rows: Any = data.training_rows(network)
    if estimator.solver == "lbfgs":
        data.all_rows(network, rows)
        lbfgs.train(estimator, network, rows)
    else:
        if kept is not None:
            estimator._random_state = kept.random(estimator._random_state)
        order: Order | Pass
        validation: Validation | None = None
        if held is not None:
            order = data.all_rows(network, rows)
            validation = held.validation(network)
        elif estimator.early_stopping:
            order, validation = data.split(network, rows)
        else:
            order = data.all_rows(network, rows)
        if validation is not None:
            start_validation(estimator)
        train_by_epochs(estimator, coefficients, Part(rows, order), validation, incremental, kept)
    if not np.isfinite(network.theta).all():
        raise_not_finite()


def train_by_epochs(
    estimator: Any, coefficients: Coefficients, part: Part, validation: Validation | None, incremental: bool,
    kept: Kept | None = None,
) -> None:  # fmt: skip
    """Train an estimator until its rules or Ctrl-C end it, for one epoch if incremental.

    Parameters
    ----------
    estimator : whose attributes change as it goes
    coefficients : its net, whose θ is trained
    part : rows to train on
    validation : rows to validate on, if any
    kept : the checkpoint, if any, to write to and to go on from
    """
    network = coefficients.network
    rules = ScikitLearnRules(estimator, coefficients, part, validation, incremental)
    if not incremental or not hasattr(estimator, "_optimizer"):
        estimator._optimizer = optimizer_of(estimator)
        steps = rules.epochs * -(-part.order.size // rules.batch_rows)
        estimator._optimizer.start_schedule(0 if incremental else steps)
    estimator._optimizer.prepare(network.theta.size, network.theta.dtype)
    try:
        with postponed():
            keep = None
            if kept is not None:
                keep = EstimatorCheckpoint(kept, estimator, network, part, validation, rules.extent())
                rules.go_on(keep.resumed())
            if not rules.progress.ended:
                loop(network, estimator._optimizer, part, rules, keep)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
        if not rules.progress.ended:
            take_best(network.theta, estimator._optimizer, rules)


def check_together(estimator: Any, incremental: bool, given: tuple | None, file: CheckpointFile | None) -> None:
    """Raise ValueError for parameters that exclude each other; scikit-learn's constraints look at one at a time."""
    checked_callbacks(estimator.callbacks)
    if estimator.early_stopping and incremental:
        raise ValueError("partial_fit does not support early_stopping=True")
    estimator._target().check_parameters(incremental)
    if estimator.solver == "lbfgs" and estimator.optimizer is not None:
        raise ValueError(f"optimizer={estimator.optimizer!r} takes the place of solver='adam', not of solver='lbfgs'")
    if estimator.solver == "lbfgs" and given is not None:
        raise ValueError("X_val, y_val: solver='lbfgs' has no epochs to validate after; use 'adam' or 'sgd'")
    if estimator.solver == "lbfgs" and file is not None:
        raise ValueError(f"checkpoint={file.path!r}: solver='lbfgs' cannot be resumed; use 'adam' or 'sgd'")


def check_mixed(estimator: Any, mixed: bool) -> None:
    """Raise an error where a net of mixed_bfloat16 cannot be trained: by lbfgs, or on this CPU."""
    if estimator.solver == "lbfgs":
        check_smooth(mixed, "solver='lbfgs'", "solver='adam'")
    check_trains(mixed)


def start_validation(estimator: Any) -> None:
    """Make curves of validation figures, where former fits had none."""
    if estimator.validation_scores_ is None or estimator.validation_loss_curve_ is None:
        estimator.validation_scores_, estimator.validation_loss_curve_ = [], []
    if estimator.early_stopping and estimator.best_validation_score_ is None:
        estimator.best_validation_score_, estimator.best_loss_ = -np.inf, None


def initialize(estimator: Any, widths: list[int], dtype: np.dtype) -> None:
    """Draw the weights of a first fit, or of one without a warm start."""
    estimator.n_iter_ = estimator.t_ = 0
    estimator.n_layers_ = len(widths)
    dtype, estimator._mixed = checked_dtype(dtype if estimator.dtype == "auto" else estimator.dtype)
    if estimator.solver == "lbfgs":
        dtype = np.dtype(np.float64)
    argument = f"hidden_layer_sizes={shortened(estimator.hidden_layer_sizes)}"
    # Drawn in float64, and then: coefs_, θ, the best θ and that from before the epoch, two moments and an accumulator,
    # and a sum in float64.
    check_memory(lambda: argument, checked_size(argument, widths) * (7 * dtype.itemsize + 16))
    estimator.coefs_, estimator.intercepts_ = initialize_like_scikit_learn(
        widths, estimator.activation, estimator._random_state, dtype
    )


def start_curves(estimator: Any) -> None:
    """Make empty curves, also where the weights come from lbfgs, which has no epochs."""
    estimator.loss_curve_ = []
    estimator._no_improvement_count = 0
    estimator.best_loss_ = None if estimator.early_stopping else np.inf
    estimator.learning_rate_curve_ = []
    estimator.validation_scores_ = estimator.validation_loss_curve_ = None
    estimator.best_validation_score_ = -np.inf if estimator.early_stopping else None
