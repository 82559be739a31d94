"""Blocks of rows of Parquet files: a row group each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...team import available_cores
from ..columns import first_line
from .at_rest import AtRest
from .table import Piece, Table

BATCH_ROWS = 2**14  # decoded at a time; larger ones are little faster, but take more memory
BUFFER_BYTES = 2**16  # of compressed bytes, read at a time and column
MANY_CORES = 4  # with fewer, one thread decodes beside the kernels; more would take their cores, and more memory


class Parquet(Table):
    """Rows of Parquet files; each row group is a block.

    The scanner of pyarrow.dataset finds the files; it does not read them, as it reads ahead without a bound that
    could be relied on (apache/arrow #12653). Here, one row group is decoded at a time, a batch after the other.

    Parameters
    ----------
    path : path, or list of paths
        A file, files, or a folder with all that lies in it; folders such as year=2013 become columns.
    target : str or None
        Column of the labels.
    weight : str or None
        Column of the rows' weights.
    columns : list of str or None
        Features; None: all other columns.
    window_rows : int or None
        Rows that are shuffled together; None: 128 MiB of them. Row groups that are small beside it mix best.

    Raises
    ------
    OSError
        A file is missing or damaged.
    ValueError
        A column is missing, or differs between files.
    """

    def __init__(
        self, path: Any, target: str | None = None, *, weight: str | None = None, columns: list[str] | None = None,
        window_rows: int | None = None,
    ) -> None:  # fmt: skip
        self.files = [File(file, keys) for file, keys in found(path)]
        wanted = None if columns is None else [*columns, *(n for n in (target, weight) if n is not None)]
        super().__init__(common_schema(self.files, wanted), target, weight, columns, window_rows)
        groups = [(f, g) for f, file in enumerate(self.files) for g, n in enumerate(file.group_rows) if n]
        self.groups = groups
        self.block_rows = np.array([self.files[f].group_rows[g] for f, g in groups], np.intp)

    def pieces(self, columns: list[str], order: np.ndarray | None) -> Iterator[Piece]:
        firsts = self.first_rows
        for k in range(len(firsts)) if order is None else order:
            f, g = self.groups[k]
            first = int(firsts[k])
            for batch in self.files[f].batches(g, columns, self.schema):
                yield Piece(batch, first, f"{self.files[f].path}, row group {g}")
                first += batch.num_rows


class File:
    """One Parquet file: its schema, the rows of its row groups, and constant columns from the names of folders."""

    def __init__(self, path: str, keys: dict[str, Any]) -> None:
        self.path, self.keys = Path(path), keys
        with self.opened() as file:
            self.schema = file.schema_arrow
            self.group_rows = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        self.at_rest = AtRest(self.path)

    def opened(self) -> Any:
        """The file, or an OSError that names it."""
        import pyarrow
        from pyarrow import parquet

        try:
            return parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=BUFFER_BYTES)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file") from None
        except (pyarrow.ArrowException, OSError) as error:
            raise OSError(f"{self.path}: not a readable Parquet file ({first_line(error)})") from None

    def batches(self, group: int, columns: list[str], schema: Any) -> Iterator[Any]:
        """pyarrow.RecordBatch with these columns, of a row group."""
        import pyarrow

        self.at_rest.check()
        inside = [name for name in columns if name not in self.keys]
        with self.opened() as file:
            threads = available_cores() >= MANY_CORES
            batches = file.iter_batches(BATCH_ROWS, row_groups=[group], columns=inside, use_threads=threads)
            while True:
                try:
                    batch = next(batches, None)
                except (pyarrow.ArrowException, OSError) as error:
                    raise OSError(f"{self.path}, row group {group}: damaged ({first_line(error)})") from None
                if batch is None:
                    return
                arrays = [
                    pyarrow.repeat(pyarrow.scalar(self.keys[name], schema.field(name).type), batch.num_rows)
                    if name in self.keys
                    else cast(batch.column(name), schema.field(name).type)
                    for name in columns
                ]
                yield pyarrow.record_batch(arrays, names=columns)


def cast(column: Any, kind: Any) -> Any:
    """A column that is all null in one file, in the type that it has in others."""
    return column.cast(kind) if str(column.type) == "null" else column


def found(path: Any) -> list[tuple[str, dict[str, Any]]]:
    """Files, in the order of their names, with the columns that their folders' names stand for."""
    paths = [Path(p) for p in path] if isinstance(path, (list, tuple)) else [Path(path)]
    for p in paths:
        if not p.exists():
            raise FileNotFoundError(f"{p}: no such file or folder")
    if len(paths) > 1 or paths[0].is_file():
        return [(str(p), {}) for p in paths]
    files = sorted(p for p in paths[0].rglob("*") if p.is_file() and not hidden(p.relative_to(paths[0])))
    if not files:
        raise FileNotFoundError(f"{paths[0]}: the folder holds no files")
    if not any("=" in part for p in files for part in p.relative_to(paths[0]).parts[:-1]):
        return [(str(p), {}) for p in files]
    from pyarrow import dataset

    folder = dataset.dataset(
        [str(p) for p in files],
        format="parquet",
        partitioning=dataset.partitioning(flavor="hive"),
        partition_base_dir=str(paths[0]),
    )
    return [(f.path, dataset.get_partition_keys(f.partition_expression)) for f in folder.get_fragments()]


def hidden(path: Path) -> bool:
    """Does a part of the name begin with a dot or an underscore, as marks of other programs do?"""
    return any(part.startswith((".", "_")) for part in path.parts)


def common_schema(files: list[File], wanted: list[str] | None) -> Any:
    """The schema of all files, which must agree; a column that is all null in one may have a type in another."""
    import pyarrow

    first = files[0]
    types: dict[str, tuple[Any, File]] = {}
    for file in files:
        schema = {name: file.schema.field(name).type for name in file.schema.names}
        if len(schema) < len(file.schema.names):
            raise ValueError(f"{file.path}: several columns have the same name ({', '.join(file.schema.names)})")
        schema |= {name: pyarrow.scalar(value).type for name, value in file.keys.items()}
        names = list(schema) if wanted is None else wanted
        expected = names if wanted is not None or file is first else list(types)
        for name in expected:
            if name not in schema:
                raise ValueError(f"{file.path}: no column named {name!r}; the columns are {', '.join(schema)}")
        for name in names:
            kind = schema[name]
            known, where = types.get(name, (kind, file))
            if name not in types and file is not first:
                raise ValueError(f"{file.path}: has a column {name!r}, which {first.path} has not")
            if str(known) == "null":
                known, where = kind, file
            elif str(kind) != "null" and kind != known:
                raise ValueError(f"column {name!r} is {known} in {where.path}, but {kind} in {file.path}")
            types[name] = known, where
    return pyarrow.schema([(name, kind) for name, (kind, _) in types.items()])
