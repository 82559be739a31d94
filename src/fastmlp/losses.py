"""The losses that a net can be trained for: how outputs become predictions, what targets may be, which figures fit."""

from dataclasses import dataclass

import numpy as np

from .kernels import loss


@dataclass(frozen=True)
class Loss:
    """What plans, training, scoring and files need to know of a loss.

    Attributes
    ----------
    name : the word for it, as for optimizers and activations
    number : kernels/loss.py's number of it
    link : what makes predictions of Z[L]; a model's `out_activation`
    metrics : names of the figures that are told of it, the loss first
    exclusive : True: a row has one of K classes, and y holds its number; False: y holds 0 or 1 for each of K outputs
    parameter : a number that belongs to the loss, such as a quantile's level; 0.0: none
    """

    name: str
    number: int
    link: str
    metrics: tuple[str, ...]
    exclusive: bool
    parameter: float = 0.0

    def targets(self, outputs: int) -> int:
        """Return how many numbers a row of Y has."""
        return 1 if self.exclusive else outputs

    def most_target(self, outputs: int) -> int:
        """Return the largest number that may stand in Y; the least is 0."""
        return outputs - 1 if self.exclusive else 1

    def padding(self, dtype: np.dtype) -> float:
        """Return the logit of an output that does not exist: its e^z is 0, and so is its loss."""
        return -np.inf if self.exclusive else float(np.finfo(dtype).min)  # times a target of 0 it must be 0


LOG_LOSS = Loss("log_loss", loss.LOG_LOSS, "logistic", ("log_loss", "auc", "accuracy"), exclusive=False)
CROSS_ENTROPY = Loss("cross_entropy", loss.CROSS_ENTROPY, "softmax", ("log_loss", "accuracy"), exclusive=True)
LOSSES = {found.name: found for found in (LOG_LOSS, CROSS_ENTROPY)}


def loss_of_link(link: str) -> Loss:
    """Return the loss of a classifier whose `out_activation` this is."""
    return next(found for found in LOSSES.values() if found.link == link)
