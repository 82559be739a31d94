"""A member: one net, its encoding, and its training."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...losses import Loss
from ...model import Model
from ...optimizers import AdamW, Optimizer
from ...rows.array import ArrayRows
from ...training.loop import Part, loop, take_best
from .recipe import Recipe
from .rules import Course, MemberRules, StoppedError
from .weights import learned_weights

Keeper = Callable[[Model, Optimizer, Course], Any]


@dataclass
class Member:
    """One net of several.

    Attributes
    ----------
    encoding : its name in the recipe
    turn : members of one turn keep the same rows for validation
    model : the net
    part, validation : rows to train on, and rows that it is not trained on
    """

    encoding: str
    turn: int
    model: Model
    part: Part
    validation: Part

    def train(self, recipe: Recipe, stop: threading.Event, checkpoint: Keeper | None = None) -> None:
        """Train until all rounds are done, or others want an end; the weights are those of the best round.

        checkpoint : called with model, optimizer and course; returns what keeps their state, and goes on from it
        """
        network = self.model.network
        course = Course(self.part, recipe.epochs, recipe.batch_rows, self.model.seed)
        optimizer = AdamW(
            learning_rate=recipe.rate_of(self.encoding), beta_2=recipe.beta_2, weight_decay=recipe.weight_decay,
            schedule="one_cycle",
        )  # fmt: skip
        optimizer.prepare(network.theta.size, network.theta.dtype)
        optimizer.start_schedule(course.steps)
        kept = None if checkpoint is None else checkpoint(self.model, optimizer, course)
        progress = None if kept is None else kept.resumed()
        if progress is not None and progress.ended:
            return
        rules = MemberRules(network, optimizer, course, self.validation, self.model.history, stop, progress)
        try:
            loop(network, optimizer, self.part, rules, rules.keep if kept is None else kept.keep(rules))
        except StoppedError:
            take_best(network.theta, optimizer, rules)


def weights_of(members: Sequence[Member], loss: Loss) -> np.ndarray:
    """Return the weight of each member: that of its encoding, learned from rows kept for validation, shared equally.

    Only turns in which every encoding has a member tell of it.
    """
    encodings = list(dict.fromkeys(member.encoding for member in members))
    turns: dict[int, list[Member]] = {}
    for member in members:
        turns.setdefault(member.turn, []).append(member)
    whole = [turn for turn in turns.values() if len({member.encoding for member in turn}) == len(encodings)]
    Z: list[list[np.ndarray]] = [[] for _ in encodings]
    Y, w = [], []
    for turn in whole:
        rows, order = turn[0].validation.rows, turn[0].validation.order
        assert isinstance(rows, ArrayRows)
        assert rows.y is not None
        index = order.rows(0, order.size)
        Y.append(rows.y[index])
        w.append(np.ones(len(index)) if rows.w is None else rows.w[index])
        for k, encoding in enumerate(encodings):
            outputs = [member.model.network.logits(rows, order) for member in turn if member.encoding == encoding]
            Z[k].append(np.asarray(np.mean(outputs, axis=0, dtype=np.float64)))
    by_encoding = np.full(len(encodings), 1 / len(encodings))
    if whole:
        by_encoding = learned_weights(loss, [np.concatenate(each) for each in Z], np.concatenate(Y), np.concatenate(w))
    counts = [sum(member.encoding == encoding for member in members) for encoding in encodings]
    share = dict(zip(encodings, by_encoding / counts, strict=True))
    return np.array([share[member.encoding] for member in members])
