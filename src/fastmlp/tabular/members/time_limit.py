"""What fits into a time limit: a recipe for the seconds that are left, by steps that are timed.

Only fits with a time limit measure anything; without one, the recipe is a function of the table's size.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...model import Model
from ...network.call import Tally
from ...optimizers import AdamW
from ...rows.order import Order
from .member import Member
from .recipe import NET, Recipe

TIMED_ROWS = 4096  # of training, by which a member's speed is measured
TIMED_STREAM_ROWS = 2**16  # of a stream, which is decoded by larger pieces
TIMED_SECONDS = 0.05
SPARE = 0.85  # part of the seconds left that is planned for: threads share caches, memory and the machine
FORWARD = 1 / 3  # of a training row's time, that a row to validate on takes
LATE = 0.05  # seconds before the limit at which training is stopped, for what comes after
FEWEST_EPOCHS = 0.5  # of the recipe's, below which members are left out first
MOST_MEMBERS = 3  # times the recipe's, where time is left
FEWEST_ROWS = 1000  # that a net is trained on, where time is too short even for that


@dataclass(frozen=True)
class Limit:
    """The seconds that a fit may take.

    Attributes
    ----------
    seconds : as the user gave them
    begin : of the fit, by `time.perf_counter`, without compilation
    more_members : whether there may be more members than the recipe has, where time is left
    """

    seconds: float
    begin: float
    more_members: bool = True

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.begin + self.seconds - LATE - time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether there are none."""
        return self.left <= 0


def seconds_per_row(member: Member, recipe: Recipe) -> float:
    """Return what a row of training takes one thread, by steps whose weights are thrown away."""
    network = member.model.network
    theta, optimizer = network.theta.copy(), AdamW()
    order = member.part.order
    rows = min(order.size, TIMED_ROWS if isinstance(order, Order) else TIMED_STREAM_ROWS)
    some = order.part(0, rows) if rows < order.size else order
    begin, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - begin < TIMED_SECONDS:
        network.train(member.part.rows, some, recipe.batch_rows, optimizer, 0.0, None, Tally())
        done += rows
    network.theta[:] = theta
    return (time.perf_counter() - begin) / done


def fitted_to(
    recipe: Recipe, limit: Limit, members: Sequence[Member], n_threads: int, timed: Callable[..., float] | None = None
) -> Recipe:
    """Return a recipe for the seconds that are left: fewer epochs, then fewer members, then part of an epoch; or more.

    Parameters
    ----------
    members : one of each encoding
    timed : `seconds_per_row`, in place of which tests have another
    """
    speeds = [(timed or seconds_per_row)(member, recipe) for member in members]
    n, validated = members[0].part.order.size, members[0].validation.order.size
    epoch = sum(speeds) / len(speeds) * (n + FORWARD * validated)  # seconds of one thread, of an average member
    available = max(limit.left, 0.0) * SPARE

    def seconds(n_members: int, epochs: float) -> float:
        """Return how long the threads take for so many members."""
        return float(-(-n_members // n_threads) * epoch * epochs)

    least = FEWEST_EPOCHS * recipe.epochs
    n_members = recipe.n_members
    while n_members > n_threads and seconds(n_members, least) > available:
        n_members = (-(-n_members // n_threads) - 1) * n_threads
    most = MOST_MEMBERS * recipe.n_members if limit.more_members else recipe.n_members
    while n_members + n_threads <= most and seconds(n_members + n_threads, recipe.epochs) < available:
        n_members += n_threads
    epochs = min(available / max(seconds(n_members, 1.0), 1e-9), recipe.epochs)
    return replace(recipe, n_members=n_members, epochs=max(epochs, min(FEWEST_ROWS, n) / n))


def compiled() -> None:
    """Compile, or load, what nets are trained by: that takes no part in a limit."""
    Model([1, 1], dtype=NET).fit(np.zeros((2, 1), NET), np.array([0, 1]), epochs=1, batch_size=2)
