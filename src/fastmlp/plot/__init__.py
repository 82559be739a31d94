"""Draw losses over epochs, and importances of columns. Needs matplotlib (extra `plot`)."""

from .importances import importances
from .loss_curve import LossCurveDisplay
from .recorded import of_history
from .requirement import require_matplotlib

__all__ = ["LossCurveDisplay", "importances", "of_history", "require_matplotlib"]
