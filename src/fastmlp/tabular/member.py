"""A member: one net, its encoding, and its training."""

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..features import Features
from ..losses import Loss
from ..model import Model
from ..optimizers import AdamW
from ..rows.rows import Rows
from ..training.loop import Part, loop, take_best
from ..typing import Record, Scaling
from .recipe import Recipe
from .rules import Course, MemberRules, Stopped


@dataclass
class Member:
    """One net of several.

    Attributes
    ----------
    encoding : its name in the recipe
    model : the net
    validation : rows that it was not trained on
    history : a record for each round
    """

    encoding: str
    model: Model
    part: Part
    validation: Part
    history: list[Record] = field(default_factory=list)

    def train(self, recipe: Recipe, stop: threading.Event) -> None:
        """Train until all rounds are done, or others want an end; the weights are those of the best round."""
        network = self.model.network
        course = Course(self.part, recipe.epochs, recipe.batch_rows, self.model.seed)
        optimizer = AdamW(
            learning_rate=recipe.learning_rate, beta_2=recipe.beta_2, weight_decay=recipe.weight_decay,
            schedule="one_cycle",
        )  # fmt: skip
        optimizer.prepare(network.theta.size, network.theta.dtype)
        optimizer.start_schedule(course.steps)
        rules = MemberRules(network, optimizer, course, self.validation, self.history, stop)
        try:
            loop(network, optimizer, self.part, rules, rules.keep)
        except Stopped:
            take_best(network.theta, optimizer, rules)
