"""Weighted mean and spread of targets, summed block by block."""

from dataclasses import dataclass, field

import numpy as np

from ..typing import Scaling

CONSTANT = 10 * np.finfo(np.float64).eps  # deviation relative to the mean, up to which rounding explains it
LEAST_DEVIATION = 1e-300  # whose inverse is finite


@dataclass
class Moments:
    """Σ w, the means of targets, and Σ w (y - mean)², merged as by Chan, Golub & LeVeque (1983).

    Attributes
    ----------
    weight : Σ w
    mean, squares : arrays (K), one number for each target; (1), as long as there are no rows
    """

    weight: float = 0.0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(1))
    squares: np.ndarray = field(default_factory=lambda: np.zeros(1))

    def add(self, Y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Take in rows: Y (n) or (n, K), w (n), or None: 1."""
        Y = np.asarray(Y, np.float64).reshape(len(Y), -1)
        weight = float(len(Y) if w is None else w.sum())
        if weight > 0:
            with np.errstate(over="ignore", invalid="ignore"):  # of targets near the largest number
                mean = Y.mean(axis=0) if w is None else w @ Y / weight
                apart = np.square(Y - mean)
                self.merge(Moments(weight, mean, apart.sum(axis=0) if w is None else w @ apart))

    def merge(self, other: "Moments") -> None:
        """Take in the moments of other rows; no array is changed in place."""
        if self.weight == 0 or other.weight == 0:
            found = self if other.weight == 0 else other
            self.weight, self.mean, self.squares = found.weight, found.mean, found.squares
            return
        step, part = other.mean - self.mean, other.weight / (self.weight + other.weight)
        with np.errstate(over="ignore", invalid="ignore"):
            self.squares = self.squares + other.squares + step * step * self.weight * part
        self.weight, self.mean = self.weight + other.weight, self.mean + step * part

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation of each target (K); 0 where rounding explains it."""
        found = np.sqrt(self.squares / self.weight)
        return np.where(found > np.maximum(CONSTANT * np.abs(self.mean), LEAST_DEVIATION), found, 0.0)

    @property
    def varies(self) -> np.ndarray:
        """Whether each target varies, by more than rounding explains: means of parts of a constant differ by that."""
        return np.asarray(self.deviation > 0)

    def scaling(self) -> Scaling:
        """Return (shift, factor), each (K), with which (y - shift) factor has mean 0 and variance 1, if y varies.

        Raises
        ------
        ValueError : the variance is not finite
        """
        deviation = self.deviation
        if not np.isfinite(deviation).all():
            raise ValueError("y: the variance exceeds float64, so that it cannot be standardised; scale y")
        return self.mean, 1 / np.where(self.varies, deviation, 1.0)

    def r2(self, errors: np.ndarray) -> float:
        """Return R², the mean over targets, from Σ w (y - prediction)² of each (K), as scikit-learn's r2_score.

        Of a constant target it is 1 without errors, and else 0; NaN where the sums are not finite.
        """
        varies = self.varies
        with np.errstate(invalid="ignore"):
            ratio = errors / np.where(varies, self.squares, 1)
        return float(np.mean(np.where(varies, 1 - ratio, np.where(errors > 0, 0.0, 1.0))))
