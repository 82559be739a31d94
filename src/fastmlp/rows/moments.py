"""Weighted mean and spread of targets, summed block by block."""

from dataclasses import dataclass, field

import numpy as np

CONSTANT = 10 * np.finfo(np.float64).eps  # spread relative to the mean, up to which rounding explains it


@dataclass
class Moments:
    """Σ w, the means of targets, and Σ w (y - mean)², merged as by Chan, Golub & LeVeque (1983).

    Attributes
    ----------
    weight : Σ w
    mean, squares : arrays (K), one number for each target
    """

    weight: float = 0.0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(1))
    squares: np.ndarray = field(default_factory=lambda: np.zeros(1))

    def add(self, Y: np.ndarray, w: np.ndarray | None = None) -> None:
        """Take in rows: Y (n) or (n, K), w (n), or None: 1."""
        Y = np.asarray(Y, np.float64).reshape(len(Y), -1)
        weight = float(len(Y) if w is None else w.sum())
        if weight > 0:
            mean = Y.mean(axis=0) if w is None else w @ Y / weight
            apart = np.square(Y - mean)
            self.merge(Moments(weight, mean, apart.sum(axis=0) if w is None else w @ apart))

    def merge(self, other: "Moments") -> None:
        """Take in the moments of other rows."""
        total = self.weight + other.weight
        if total > 0:
            step, part = other.mean - self.mean, other.weight / total
            self.squares = self.squares + other.squares + step * step * self.weight * part
            self.weight, self.mean = total, self.mean + step * part

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation of each target."""
        return np.asarray(np.sqrt(self.squares / self.weight))

    @property
    def varies(self) -> np.ndarray:
        """Whether each target varies, by more than rounding explains: means of parts of a constant differ by that."""
        return np.asarray(self.deviation > CONSTANT * np.abs(self.mean))

    def scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (shift, factor), each (K), with which (y - shift) factor has mean 0 and variance 1, if y varies."""
        factor = np.ones(len(self.mean))
        np.divide(1, self.deviation, out=factor, where=self.varies)
        return self.mean, factor

    def r2(self, errors: np.ndarray) -> float:
        """Return R², the mean over targets, from Σ w (y - prediction)² of each (K), as scikit-learn's r2_score."""
        ratio = errors / np.where(self.varies, self.squares, 1)
        return float(np.mean(np.where(self.varies, 1 - ratio, np.where(errors > 0, 0.0, 1.0))))
