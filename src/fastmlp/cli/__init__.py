"""The command line: ``fastmlp train``, ``predict`` and ``evaluate``."""

from .main import main

__all__ = ["main"]
