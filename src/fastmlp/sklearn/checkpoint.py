"""Checkpoints of an estimator's `fit`: the estimator as a model file, its curves, and the state of its random draws."""

import hashlib
import math
from typing import Any

import numpy as np

from ..arguments import dtype_name
from ..exceptions import ModelFormatError
from ..network.network import Network
from ..saving.checks import need
from ..saving.description import Described, checked_classes
from ..saving.history import MOST_INT
from ..saving.model import Contents
from ..saving.parameters import plain
from ..training.checkpoint import Checkpoint, CheckpointFile
from ..training.checkpoint_state import Extent, checked_fields
from ..training.fit import fingerprint, listed
from ..training.loop import Part
from ..training.progress import Progress
from ..training.validation import Validation

CURVES = {
    "loss": "loss_curve_", "learning_rate": "learning_rate_curve_", "validation_loss": "validation_loss_curve_",
    "validation_score": "validation_scores_",
}  # fmt: skip
BEST = ("best_loss_", "best_validation_score_")
FIELDS: dict[str, tuple[type, ...]] = {
    "t_": (int,), "random": (dict,), "best_loss_": (float, type(None)), "best_validation_score_": (float, type(None)),
}  # fmt: skip
RANDOM: dict[str, tuple[type, ...]] = {"pos": (int,), "has_gauss": (int,), "gauss": (float,)}
KEY_SIZE = 624  # of MT19937, the generator of every RandomState that is made from a seed
NOT_COMPARED = {"callbacks", "max_fun", "n_threads", "verbose", "warm_start"}


class Kept:
    """The file of a fit, and the random draws from which the fit goes on.

    The state is that after the starting weights were drawn: the draws that follow, of rows for validation and of the
    order of each epoch, are repeated where a fit goes on.

    Attributes
    ----------
    file : CheckpointFile
    of : the class of what is fitted
    contents : of a fit to go on with; None where it begins
    state : of the random draws, as `RandomState.get_state` returns it
    """

    def __init__(self, file: CheckpointFile, of: str) -> None:
        self.file, self.of, self.contents = file, of, file.contents(of)
        self.state: dict[str, Any] = {}

    def random(self, random: np.random.RandomState) -> np.random.RandomState:
        """Return what the fit draws from: the generator that is given or, where it goes on, one in the file's state.

        Raises
        ------
        ValueError : no file can hold the state of this generator
        ModelFormatError : the file is damaged
        """
        if self.contents is not None:
            random = np.random.RandomState()
            try:
                random.set_state(checked_state(*self.contents))
            except ModelFormatError as error:
                raise ModelFormatError(f"checkpoint={self.file.path!r}: damaged ({error})") from None
        state: Any = random.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise ValueError(
                f"random_state draws from {state['bit_generator']}, whose state a checkpoint does not keep; give a "
                "seed, or RandomState(seed)"
            )
        self.state = state
        return random


class EstimatorAsModel:
    """What a model file holds of an estimator, by the names that it has in a `Model`."""

    def __init__(self, estimator: Any, network: Network) -> None:
        plan = network.plan
        self.network, self.parameters, self.optimizer = network, network.theta, estimator._optimizer
        self.widths, self.bias, self.dtype, self.seed = plan.widths, True, plan.dtype, 0
        self.mixed = plan.mixed
        self.out_activation: str = estimator.out_activation_
        self.feature_names = plain(getattr(estimator, "feature_names_in_", None))
        self.target_name = self.encoding = self.scaling = None
        self.target_scaling = estimator._target().scaling
        self.history: list[dict[str, Any]] = []
        try:
            self.classes = checked_classes(plain(getattr(estimator, "classes_", None)), plan.loss, plan.widths[-1])
        except ModelFormatError:  # labels, a single class, or values that JSON does not have
            self.classes = None


class EstimatorCheckpoint(Checkpoint):
    """A checkpoint that also keeps and restores the attributes of an estimator.

    Parameters
    ----------
    kept : the file, and the state of the random draws
    estimator, network : what is fitted
    part, validation : rows to train on, and to validate on
    extent : what the parameters say of the course of the fit
    """

    def __init__(
        self, kept: Kept, estimator: Any, network: Network, part: Part, validation: Validation | None, extent: Extent
    ) -> None:
        model = EstimatorAsModel(estimator, network)
        super().__init__(kept.file, model, estimator._optimizer, arguments(estimator, model, part, validation), extent)
        self.estimator, self.n_rows, self.kept, self.of = estimator, part.order.size, kept, kept.of

    def contents(self, progress: Progress) -> Contents:
        """Return description and tensors, also of the estimator's attributes.

        Of an epoch whose validation is not finished, the attributes have the loss, but the progress does not count it.
        """
        estimator = self.estimator
        uncounted = estimator.n_iter_ - progress.done
        self.model.history = history(estimator, len(estimator.loss_curve_) - uncounted)
        description, tensors = super().contents(progress)
        key = self.kept.state["state"]
        description["estimator"] = {
            "t_": int(estimator.t_ - uncounted * self.n_rows),
            "random": {"pos": key["pos"], "has_gauss": self.kept.state["has_gauss"], "gauss": self.kept.state["gauss"]},
            **{name: finite(getattr(estimator, name)) for name in BEST},
        }
        tensors["random"] = key["key"].astype(np.int64)
        return description, tensors

    def check_model(self, found: Described) -> None:
        """Raise ModelFormatError also where the history does not have an estimator's curves."""
        super().check_model(found)
        for record in found.records():
            for name in CURVES:
                need(type(record.get(name, 0.0)) is float, f"the {name} of an epoch is {record.get(name)}")
            need("loss" in record, "an epoch has no loss")

    def resumed(self) -> Progress | None:
        """Make the estimator what the file says, and return where its fit stands; None: it begins."""
        if self.kept.contents is None:
            return None
        estimator, (description, tensors) = self.estimator, self.kept.contents
        self.kept.contents = None  # its weights and moments take memory
        progress = self.take_over(description, tensors)
        self.optimizer.learning_rate, self.model.optimizer = self.model.optimizer.learning_rate, self.optimizer
        for name, curve in CURVES.items():
            values = [record[name] for record in self.model.history if name in record]
            if values or getattr(estimator, curve) is not None:
                setattr(estimator, curve, values)
        estimator.n_iter_, estimator.t_ = progress.done, description["estimator"]["t_"]
        if estimator.loss_curve_:
            estimator.loss_ = estimator.loss_curve_[-1]
        estimator._no_improvement_count = progress.improvement.waited
        for name in BEST:
            if description["estimator"][name] is not None:
                setattr(estimator, name, description["estimator"][name])
        return progress


def finite(value: float | None) -> float | None:
    """Return the value as JSON has it, or None where there is none yet."""
    return float(value) if value is not None and np.isfinite(value) else None


def history(estimator: Any, n_epochs: int) -> list[dict[str, Any]]:
    """Return a record for each of the first epochs of the curves, as a `Model` has them."""
    curves = {name: list(getattr(estimator, curve) or [])[:n_epochs] for name, curve in CURVES.items()}
    return [
        {"epoch": n + 1, **{name: float(curve[n]) for name, curve in curves.items() if n < len(curve)}}
        for n in range(n_epochs)
    ]


def checked_state(description: dict[str, Any], tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the state of the random draws, once all that the file has beside a `Model`'s checkpoint is checked."""
    fields = checked_fields("the estimator", description.get("estimator"), FIELDS)
    random = checked_fields("the random state", fields["random"], RANDOM)
    need(0 <= fields["t_"] <= MOST_INT, f"its t_ is {fields['t_']}")
    need(0 <= random["pos"] <= KEY_SIZE and random["has_gauss"] in (0, 1), f"the random state is {random}")
    key = tensors.get("random")
    need(key is not None and key.shape == (KEY_SIZE,) and key.dtype == np.int64, "it has no random state")
    assert key is not None
    need(bool(((key >= 0) & (key < 2**32)).all()), "the random state is out of range")
    state = {"key": key.astype(np.uint32), "pos": random["pos"]}
    return {"bit_generator": "MT19937", "state": state, "has_gauss": random["has_gauss"], "gauss": random["gauss"]}


def arguments(
    estimator: Any, model: EstimatorAsModel, part: Part, validation: Validation | None
) -> dict[str, Any]:  # fmt: skip
    """Return all that decides how a fit goes on, and how its weights began."""
    plan, optimizer = model.network.plan, model.optimizer
    of_net = {
        "widths": list(plan.widths), "activation": [one.name for one in plan.activations], "bias": True,
        "dtype": dtype_name(plan.dtype, plan.mixed), "seed": 0, **plan.loss.arguments(), "dropout": list(plan.dropout),
        "optimizer": {"name": optimizer.name, **optimizer.settings()},
    }  # fmt: skip
    given = estimator.get_params(deep=False)
    params = {name: shown(value) for name, value in given.items() if name not in NOT_COMPARED}
    first = {"hidden_layer_sizes": params["hidden_layer_sizes"]}  # which an error should name before the activation
    learned = {
        "feature_names": model.feature_names, "classes": repr(plain(getattr(estimator, "classes_", None))),
        "target_scaling": listed(model.target_scaling),
    }  # fmt: skip
    held = None
    if validation is not None:
        held = fingerprint(Part(validation.rows, validation.order))
        if validation.w is not None:
            held += f", {hashlib.sha256(np.ascontiguousarray(validation.w).tobytes()).hexdigest()[:16]}"
    return {**first, **params, **learned, **of_net, "training rows": fingerprint(part), "validation rows": held}


def shown(value: Any) -> Any:
    """Return a parameter as JSON holds it, the same in any process; others give something else."""
    value = plain(value)
    if callable(value) or isinstance(value, np.random.RandomState):
        return getattr(value, "__qualname__", type(value).__qualname__)
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value if isinstance(value, str | int | float | None) else repr(value)
