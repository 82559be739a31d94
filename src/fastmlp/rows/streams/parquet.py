"""Blocks of rows of Parquet files: each row group is a block."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...messages import listed
from ...system.files_at_rest import AtRest
from ...system.machine import available_cores
from ...typing import FilePath
from ..columns import first_line, index_columns
from ..common_types import as_type, common_type
from .found_files import files_of, named_paths
from .stream import Block, located
from .table import Table

ENDINGS = (".parquet", ".parq", ".pq")  # of the files that are taken from a folder
BATCH_ROWS, BATCH_NUMBERS = 2**14, 2**20  # decoded at a time; more is hardly faster, but takes memory
BUFFER_BYTES, LEAST_BUFFER_BYTES = 2**16, 2**12  # of each column, read at a time
ALL_BUFFERS_BYTES = 2**24
MOST_CHUNKS = 2**11  # of columns in row groups, that the footers in memory describe
MANY_CORES = 4  # with fewer, one thread decodes: more would take cores of the kernels, and memory


class Parquet(Table):
    """Rows of Parquet files; each row group is a block.

    pyarrow.dataset finds the files, but does not read them, as its scanner reads ahead without a reliable bound
    (apache/arrow #12653). Here, row groups are decoded one after the other, a record batch at a time.

    Parameters
    ----------
    path : path, or list of paths
        Of a file, or of a folder with all that lies in it; folders such as year=2013 become columns. A column that
        files store in several types (int32 and int64, string and large_string, dictionaries and text) is read as one.
    target : str or None, default=None
        The column of targets: classes or numbers.
    weight : str or None, default=None
        The column of weights.
    columns : list of str or None, default=None
        The features; None: all other columns.
    window_rows : int or None, default=None
        Rows that are shuffled together; None: 128 MiB of them. Row groups mix best if they are much smaller.

    Attributes
    ----------
    n_features : int
        The number of features, p.
    names : list of str
        Names of the features.
    target_name : str or None
        Name of the target.

    Raises
    ------
    OSError
        A file is missing or damaged.
    ValueError
        A column is missing, or holds values of two kinds, such as numbers in one file and text in another.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "visits.parquet")
    >>> import numpy as np
    >>> import pyarrow
    >>> from pyarrow import parquet
    >>> x = np.random.default_rng(0).standard_normal(5000)
    >>> parquet.write_table(pyarrow.table({"x": x, "label": x > 0}), path, row_group_size=500)
    >>> from fastmlp import Model, rows
    >>> stream = rows.Parquet(path, target="label")
    >>> model = Model([stream.n_features, 8, 1]).fit(stream, epochs=3)
    """

    def __init__(
        self, path: FilePath | Sequence[FilePath], target: str | None = None, *, weight: str | None = None,
        columns: list[str] | None = None, window_rows: int | None = None,
    ) -> None:  # fmt: skip
        self.files = [ParquetFile(file, keys) for file, keys in found_with_keys(path)]
        others = [str(name) for name in (target, weight) if name is not None]
        wanted = None if columns is None else [*map(str, columns), *others]
        super().__init__(common_schema(self.files, wanted), target, weight, columns, window_rows, str(path))
        groups = [(f, g) for f, file in enumerate(self.files) for g, n in enumerate(file.group_rows) if n]
        self.groups = groups
        self.read_last: list[ParquetFile] = []
        self.block_rows = np.array([self.files[f].group_rows[g] for f, g in groups], np.intp)

    def table_blocks(self, columns: list[str], order: np.ndarray | None) -> Iterator[Block]:
        firsts = self.first_rows
        for k in range(len(firsts)) if order is None else order:
            f, g = self.groups[k]
            self.keep_footer(self.files[f])
            first = int(firsts[k])
            for batch in self.files[f].batches(g, columns, self.schema):
                yield Block(batch, None, None, first, f"{self.files[f].path}, row group {g}")
                first += batch.num_rows

    def keep_footer(self, file: "ParquetFile") -> None:
        """Keep the footers of the files that were read last, and forget older ones where all are too large together."""
        self.read_last = [*(other for other in self.read_last if other is not file), file]
        while len(self.read_last) > 1 and sum(other.chunks for other in self.read_last) > MOST_CHUNKS:
            self.read_last.pop(0).metadata = None


class ParquetFile:
    """A Parquet file: its schema, the rows of its row groups, and columns from the names of folders (keys)."""

    def __init__(self, path: str, keys: dict[str, Any]) -> None:
        self.path, self.keys, self.columns = Path(path), keys, 1
        self.metadata: Any = None  # the footer: reading it for each row group may cost more than the row group
        with self.opened() as file:
            self.schema, self.columns = file.schema_arrow, file.metadata.num_columns
            self.chunks = file.num_row_groups * self.columns
            self.group_rows = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        self.at_rest = AtRest(self.path)

    def opened(self) -> Any:
        """Open the file; OSError, which names it, where that fails."""
        import pyarrow
        from pyarrow import parquet

        try:
            buffer = max(LEAST_BUFFER_BYTES, min(BUFFER_BYTES, ALL_BUFFERS_BYTES // max(1, self.columns)))
            return parquet.ParquetFile(
                self.path, metadata=self.metadata, pre_buffer=False, buffer_size=buffer,
                page_checksum_verification=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file") from None
        except (pyarrow.ArrowException, OSError) as error:
            raise OSError(f"{self.path}: not a readable Parquet file ({first_line(error)})") from None

    def batches(self, group: int, columns: list[str], schema: Any) -> Iterator[Any]:
        """Yield pyarrow.RecordBatch of a row group with these columns."""
        import pyarrow

        self.at_rest.check()
        inside = [name for name in columns if name not in self.keys]
        with self.opened() as file:
            self.metadata = file.metadata
            threads = available_cores() >= MANY_CORES
            size = max(1, min(BATCH_ROWS, BATCH_NUMBERS // max(1, len(inside))))
            batches = file.iter_batches(size, row_groups=[group], columns=inside, use_threads=threads)
            while True:
                try:
                    batch = next(batches, None)
                except (pyarrow.ArrowException, OSError) as error:
                    raise OSError(f"{self.path}, row group {group}: damaged ({first_line(error)})") from None
                if batch is None:
                    return
                n, keys = batch.num_rows, self.keys
                with located(f"{self.path}, row group {group}"):
                    arrays = [
                        as_type(
                            name,
                            pyarrow.repeat(pyarrow.scalar(keys[name]), n) if name in keys else batch.column(name),
                            schema.field(name).type,
                        )
                        for name in columns
                    ]
                yield pyarrow.record_batch(arrays, names=columns)


def found_with_keys(path: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return files in the order of their names, each with its columns from the names of folders."""
    files: list[tuple[str, dict[str, Any]]] = []
    for p in named_paths(path):
        files += with_keys(p, files_of(p, ENDINGS)) if p.is_dir() else [(str(p), {})]
    return files


def with_keys(folder: Path, files: list[Path]) -> list[tuple[str, dict[str, Any]]]:
    """Return the files of a folder, each with its columns from the names of folders, such as year=2013."""
    if not any("=" in name for p in files for name in p.relative_to(folder).parts[:-1]):
        return [(str(p), {}) for p in files]
    import pyarrow
    from pyarrow import dataset

    try:
        fragments = dataset.dataset(
            [str(p) for p in files], format="parquet", partitioning=dataset.partitioning(flavor="hive"),
            partition_base_dir=str(folder),
        ).get_fragments()  # fmt: skip
        return [(f.path, dataset.get_partition_keys(f.partition_expression)) for f in fragments]
    except pyarrow.ArrowException as error:
        raise OSError(f"{folder}: not a readable folder of Parquet files ({first_line(error)})") from None


def common_schema(files: list[Any], wanted: list[str] | None) -> Any:
    """Return the schema of all files: for each column the type that holds its values in all of them."""
    import pyarrow

    first = files[0]
    index = {name for file in files for name in index_columns(file.schema)} if wanted is None else set()
    types: dict[str, Any] = {}
    sources: dict[str, tuple[Any, Any]] = {}  # the first type that is not null, and its file
    for file in files:
        schema = dict(zip(file.schema.names, file.schema.types, strict=True))
        if len(schema) < len(file.schema.names):
            raise ValueError(
                f"{file.path}: several columns have the same name ({listed(file.schema.names)}); rename them"
            )
        schema |= {name: pyarrow.scalar(value).type for name, value in file.keys.items()}
        names = [name for name in schema if name not in index] if wanted is None else wanted
        for name in names if file is first or wanted is not None else types:
            if name not in schema:
                raise ValueError(f"{file.path}: no column named {name!r}; the columns are {listed(list(schema))}")
        for name in names:
            kind = schema[name]
            if name not in types and file is not first:
                raise ValueError(f"{file.path}: has a column {name!r}, which {first.path} does not have")
            joined = common_type(types.get(name, kind), kind)
            if joined is None:
                known, where = sources[name]
                raise ValueError(
                    f"column {name!r} is {known} in {where.path}, but {kind} in {file.path}; convert one of them, "
                    "or leave the column out"
                )
            types[name] = joined
            if not pyarrow.types.is_null(kind):
                sources.setdefault(name, (kind, file))
    return pyarrow.schema(list(types.items()))
