"""Rows as a network takes them: from arrays, or from a stream."""

from .array import ArrayRows
from .streamed import StreamedRows

Rows = ArrayRows | StreamedRows
