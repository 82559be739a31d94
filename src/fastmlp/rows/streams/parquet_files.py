"""The Parquet files that are meant, and the schema that they share."""

from pathlib import Path
from typing import Any

from ...shown import listed
from ..columns import first_line, index_columns
from ..common_types import common_type
from .found_files import files_of, named_paths

ENDINGS = (".parquet", ".parq", ".pq")  # of the files that are taken from a folder


def found(path: Any) -> list[tuple[str, dict[str, Any]]]:
    """Files, in the order of their names, with the columns that their folders' names stand for."""
    files: list[tuple[str, dict[str, Any]]] = []
    for p in named_paths(path):
        files += with_keys(p, files_of(p, ENDINGS)) if p.is_dir() else [(str(p), {})]
    return files


def with_keys(folder: Path, files: list[Path]) -> list[tuple[str, dict[str, Any]]]:
    """Files of a folder, with the columns that names of folders in it, such as year=2013, stand for."""
    if not any("=" in part for p in files for part in p.relative_to(folder).parts[:-1]):
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
    """The schema of all files: of each column the type that holds its values in all of them."""
    import pyarrow

    first = files[0]
    index = {name for file in files for name in index_columns(file.schema)} if wanted is None else set()
    types: dict[str, Any] = {}
    sources: dict[str, tuple[Any, Any]] = {}  # the first type that is not null, and its file
    for file in files:
        schema = dict(zip(file.schema.names, file.schema.types, strict=True))
        if len(schema) < len(file.schema.names):
            raise ValueError(f"{file.path}: several columns have the same name ({listed(file.schema.names)})")
        schema |= {name: pyarrow.scalar(value).type for name, value in file.keys.items()}
        names = [name for name in schema if name not in index] if wanted is None else wanted
        for name in names if file is first or wanted is not None else types:
            if name not in schema:
                raise ValueError(f"{file.path}: no column named {name!r}; the columns are {listed(list(schema))}")
        for name in names:
            kind = schema[name]
            if name not in types and file is not first:
                raise ValueError(f"{file.path}: has a column {name!r}, which {first.path} has not")
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
