"""Where rows come from, and in which order.

`Array`, `Arrow`, `Blocks`, `Csv` and `Parquet` are streams, which take the place of X. They read a block of rows at a
time, so that there may be more rows than memory holds.
"""

from .streams.array import Array
from .streams.arrow import Arrow
from .streams.csv import Csv
from .streams.iterator import Blocks
from .streams.parquet import Parquet
from .streams.stream import Block, Stream

__all__ = ["Array", "Arrow", "Block", "Blocks", "Csv", "Parquet", "Stream"]
