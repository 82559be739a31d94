"""``fastmlp predict``: write what a model predicts for each row of a table."""

import contextlib
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..messages import shown
from ..model import Model
from ..system.atomic_write import replaced
from .output_paths import check_outputs
from .saved_model import loaded, model_table


def predict(options: Namespace) -> int:
    """Write a prediction, and the probabilities of the classes, for each row of a table."""
    check_outputs({"--out": options.out}, {"model": options.model, "data": options.data})
    model = loaded(options)
    n, single = 0, model.widths[-1] == 1
    with table_writer(options.out) as write:
        for P in model.iter_proba(model_table(model, options)):
            write(columns_of(P, model))
            n += len(P)
        if n == 0:
            write(columns_of(np.zeros(0 if single else (0, model.widths[-1]), model.dtype), model))
    print(f"{n:,} rows; {meaning(model)}; written to {options.out}")
    return 0


def columns_of(P: np.ndarray, model: Model) -> dict[str, np.ndarray]:
    """Return the columns for rows with probabilities P: (n), of the second of two classes, or (n, K)."""
    classes = np.array(classes_of(model))
    if P.ndim == 1:
        return {"probability": P, "prediction": classes[(P > 0.5).astype(np.intp)]}
    of_classes = {f"probability_{value}": P[:, k] for k, value in enumerate(classes)}
    return of_classes | {"prediction": classes[P.argmax(axis=1)]}


def meaning(model: Model) -> str:
    """Return what stands in the columns of probabilities."""
    classes = classes_of(model)
    if model.widths[-1] == 1:
        return f"probability is that of {shown(classes[1])}"
    return f"a probability for each of {len(classes)} classes"


def classes_of(model: Model) -> list[Any]:
    """Return the values that 0, 1, … stand for; these numbers, if the model knows no others."""
    return model.classes or list(range(max(2, model.widths[-1])))


@contextlib.contextmanager
def table_writer(path: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield a function that appends columns to a .csv or .parquet file, which replaces `path` when it is complete."""
    import pyarrow
    from pyarrow import csv, parquet

    kinds = {".csv": csv.CSVWriter, ".parquet": parquet.ParquetWriter}
    suffix = Path(path).suffix.lower()
    if suffix not in kinds:
        raise ValueError(f"{path}: the name must end with .csv or .parquet")
    with replaced(path) as file, contextlib.ExitStack() as stack:
        writers: list[Any] = []

        def write(columns: dict[str, Any]) -> None:
            table = pyarrow.table(columns)
            if not writers:
                writers.append(stack.enter_context(kinds[suffix](file, table.schema)))
            writers[0].write_table(table)

        yield write
