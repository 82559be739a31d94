"""A page about a model: what it was trained for, and how good it is on rows. Needs matplotlib (extra `plot`)."""

from .reports import Report, report, report_on

__all__ = ["Report", "report", "report_on"]
