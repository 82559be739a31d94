"""The optimizers that users choose: ``Adam(learning_rate=1e-3)``.

All of them minimize the mean loss per weight, J / Σw, plus l2/2 ‖W‖². An optimizer object carries its moments, so that
a second `fit` with the same object continues where the first ended.
"""

import functools
import math
import numbers
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from .kernels import optimizers
from .kernels.records import OPTIMIZER
from .typing import OptimizerName, Schedule

MOST_STEPS = 2**62  # that kernels count
SCHEDULES = {"constant": optimizers.CONSTANT, "cosine": optimizers.COSINE, "one_cycle": optimizers.ONE_CYCLE}


@dataclass(eq=False)
class Optimizer:
    """The settings, moments and schedule that all optimizers have.

    Attributes
    ----------
    learning_rate : float
        η, the length of a step.
    schedule : {"constant", "cosine", "one_cycle"}
        "cosine" falls to 0 over the steps of a fit; "one_cycle" rises from 1/25 during the first three tenths of them
        and then falls.
    t : int
        The number of steps taken.
    moments : array (``2 |θ|``) or None
        m and then v; None before the first step.
    like_scikit_learn : bool
        Whether l2 means l2 / Σw of a batch, and Adam's ε is added to √v instead of √v̂.
    """

    kind: ClassVar[int]
    n_moments: ClassVar[int] = 0
    learning_rate: float = 0.001
    schedule: Schedule = field(default="constant", kw_only=True)
    t: int = field(default=0, init=False, repr=False)
    moments: np.ndarray | None = field(default=None, init=False, repr=False)
    like_scikit_learn: bool = field(default=False, init=False, repr=False)
    schedule_start: int = field(default=0, init=False, repr=False)
    schedule_steps: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Convert the settings to Python numbers, and raise ValueError for one that is out of range."""
        if not isinstance(self.schedule, str) or self.schedule not in SCHEDULES:
            raise ValueError(f"schedule={self.schedule!r}: choose one of {', '.join(SCHEDULES)}")
        for name, value in self.numbers().items():
            if not isinstance(value, numbers.Real) or isinstance(value, bool) or not is_finite(value):
                raise ValueError(f"{name}={value!r}: must be a finite number")
            setattr(self, name, float(value))
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate={self.learning_rate}: must be greater than 0")
        for name, one in (("momentum", True), ("beta_1", False), ("beta_2", False)):
            value = getattr(self, name, 0)
            if not 0 <= value <= 1 or (value == 1 and not one):
                raise ValueError(f"{name}={value}: must be at least 0 and {'at most' if one else 'less than'} 1")
        for name in ("epsilon", "weight_decay"):
            if getattr(self, name, 0) < 0:
                raise ValueError(f"{name}={getattr(self, name)}: must not be negative")

    @property
    def name(self) -> str:
        """What `Model.fit` calls it: "adam", for example."""
        return type(self).__name__.lower()

    @classmethod
    @functools.cache
    def arguments(cls) -> tuple[str, ...]:
        """Return the names of the constructor's arguments."""
        return tuple(f.name for f in fields(cls) if f.init)

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: getattr(self, name) for name in self.arguments()}

    def numbers(self) -> dict[str, float]:
        """Return those of the constructor's arguments that are numbers."""
        return {name: value for name, value in self.settings().items() if name != "schedule"}

    def start_schedule(self, steps: int) -> None:
        """Begin the schedule, which extends over the next `steps` steps."""
        self.schedule_start, self.schedule_steps = self.t, min(steps, MOST_STEPS)

    @property
    def rate(self) -> float:
        """The learning rate of the next step, as the schedule has it."""
        if self.schedule == "constant":
            return self.learning_rate
        return float(optimizers.scheduled_rate.py_func(self.record(0.0).view(np.recarray)[0], self.t + 1))

    def rounded(self) -> dict[str, float]:
        """Return the smallest constant that kernels compute from each setting, which is rounded to the net's dtype."""
        return {"learning_rate": self.learning_rate}

    def check_dtype(self, dtype: np.dtype) -> None:
        """Raise ValueError for settings that would be 0 or infinite in kernels, which have no subnormal numbers."""
        least, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
        for name, number in self.rounded().items():
            if not (number == 0 or least <= number <= most):
                remedy = "dtype='float64', or " if dtype == np.float32 else ""
                raise ValueError(
                    f"{name}={getattr(self, name)}: {self.name} computes with {number:.3g}, which is "
                    f"{'0' if number < 1 else 'infinite'} in {dtype}; use {remedy}a value nearer to 1"
                )

    def prepare(self, n_parameters: int, dtype: np.dtype) -> None:
        """Make moments for a net, or check that those of earlier steps fit it."""
        self.check_dtype(np.dtype(dtype))
        size = 2 * n_parameters if self.n_moments else 0
        if self.moments is None:
            self.moments = np.zeros(size, dtype)
        if self.moments.shape != (size,) or self.moments.dtype != dtype:
            raise ValueError(
                f"optimizer: this {type(self).__name__} has trained a net of another shape or dtype; make a new one"
            )

    def record(self, l2: float, w_factor: float = 1.0) -> np.ndarray:
        """Return the settings as kernels read them.

        w_factor : by what kernels multiply the weights of rows, and so l2 where a batch shares it
        """
        record = np.zeros(1, OPTIMIZER)
        record["kind"], record["t"] = self.kind, self.t
        record["l2"] = l2 * w_factor if self.like_scikit_learn else l2
        record["l2_per_batch"] = record["epsilon_inside"] = self.like_scikit_learn
        record["schedule"] = SCHEDULES[self.schedule]
        record["schedule_start"], record["schedule_steps"] = self.schedule_start, self.schedule_steps
        for name, value in self.numbers().items():
            record[name] = value
        return record


@dataclass(eq=False)
class SGD(Optimizer):
    """Stochastic gradient descent: θ -= η g.

    g is the gradient of the mean loss per weight of a batch, with the L2 term.

    Parameters
    ----------
    learning_rate : float, default=0.1
        η, the length of a step; greater than 0.
    schedule : {"constant", "cosine", "one_cycle"}, default="constant"
        "cosine" falls to 0 over the steps of a fit; "one_cycle" rises from 1/25 during the first three tenths of them
        and then falls.

    Attributes
    ----------
    t : int
        The number of steps taken; a second `fit` with the same object goes on from there.
    rate : float
        The learning rate of the next step, as the schedule has it.

    Examples
    --------
    >>> from fastmlp import SGD
    >>> SGD(0.5, schedule="cosine")
    SGD(learning_rate=0.5, schedule='cosine')
    """

    kind = optimizers.SGD
    learning_rate: float = 0.1


@dataclass(eq=False)
class Momentum(Optimizer):
    """Gradient descent with momentum: m = μ m - η g; θ += m.

    Parameters
    ----------
    learning_rate : float, default=0.1
        η, the length of a step; greater than 0.
    momentum : float, default=0.9
        μ, from 0 to 1.
    schedule : {"constant", "cosine", "one_cycle"}, default="constant"
        As for `SGD`.

    Attributes
    ----------
    t, rate : as for `SGD`
    moments : array (``2 |θ|``) or None
        m, then zeros; None before the first step.

    Examples
    --------
    >>> from fastmlp import Momentum
    >>> Momentum(0.05).momentum
    0.9
    """

    kind, n_moments = optimizers.MOMENTUM, 1
    learning_rate: float = 0.1
    momentum: float = 0.9


@dataclass(eq=False)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient: m = μ m - η g; θ += μ m - η g (Sutskever et al. 2013).

    Parameters
    ----------
    learning_rate : float, default=0.1
        η, the length of a step; greater than 0.
    momentum : float, default=0.9
        μ, from 0 to 1.
    schedule : {"constant", "cosine", "one_cycle"}, default="constant"
        As for `SGD`.

    Attributes
    ----------
    t, rate, moments : as for `Momentum`

    Examples
    --------
    >>> from fastmlp import Nesterov
    >>> Nesterov(momentum=0.95).learning_rate
    0.1
    """

    kind, n_moments = optimizers.NESTEROV, 1
    learning_rate: float = 0.1
    momentum: float = 0.9


@dataclass(eq=False)
class Adam(Optimizer):
    """Adam: m = β₁ m + (1-β₁) g; v = β₂ v + (1-β₂) g²; θ -= η m̂ / (√v̂ + ε) (Kingma & Ba 2015).

    Parameters
    ----------
    learning_rate : float, default=0.001
        η, the length of a step; greater than 0.
    beta_1, beta_2 : float, default=0.9, 0.999
        β₁ and β₂, from 0 to below 1.
    epsilon : float, default=1e-8
        ε, at least 0.
    schedule : {"constant", "cosine", "one_cycle"}, default="constant"
        As for `SGD`.

    Attributes
    ----------
    t, rate : as for `SGD`
    moments : array (``2 |θ|``) or None
        m, then v; None before the first step.

    Examples
    --------
    The moments stay in the object, so that a second fit goes on where the first ended:

    >>> import numpy as np
    >>> from fastmlp import Adam, Model
    >>> X = np.random.default_rng(0).standard_normal((1000, 3))
    >>> adam = Adam(learning_rate=2e-3, schedule="one_cycle")
    >>> model = Model([3, 8, 1]).fit(X, X[:, 0] > 0, epochs=2, batch_size=100, optimizer=adam)
    >>> adam.t
    20
    """

    kind, n_moments = optimizers.ADAM, 2
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def rounded(self) -> dict[str, float]:
        """Return α_t and ε_t of the first step, where they are smallest (`step_constants`)."""
        second = math.sqrt(1 - self.beta_2)
        return {
            "learning_rate": min(self.learning_rate, self.learning_rate * second / (1 - self.beta_1)),
            "epsilon": self.epsilon if self.like_scikit_learn else self.epsilon * second,
        }


@dataclass(eq=False)
class AdamW(Adam):
    """Adam with decoupled weight decay: W -= η λ W beside Adam's step, never b (Loshchilov & Hutter 2019).

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, schedule : as for `Adam`
    weight_decay : float, default=0.01
        λ, at least 0.

    Attributes
    ----------
    t, rate, moments : as for `Adam`

    Examples
    --------
    >>> from fastmlp import AdamW
    >>> AdamW(1e-3, weight_decay=0.1).weight_decay
    0.1
    """

    kind = optimizers.ADAMW
    weight_decay: float = 0.01


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD, "momentum": Momentum, "nesterov": Nesterov, "adam": Adam, "adamw": AdamW,
}  # fmt: skip


def is_finite(value: float) -> bool:
    """Return whether a number is finite in float64."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def resolve(optimizer: OptimizerName | Optimizer) -> Optimizer:
    """Return an optimizer object, given it or its name; settings are checked again, as they may have changed."""
    if isinstance(optimizer, Optimizer):
        optimizer.check()
        return optimizer
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]()
    raise ValueError(
        f"optimizer={optimizer!r}: choose one of {', '.join(OPTIMIZERS)}, or give an object such as Adam()"
    )
