"""``fastmlp predict``: write what a model predicts for each row of a table."""

import contextlib
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..messages import shown
from ..system.atomic_write import replaced
from .output_paths import check_outputs
from .saved_model import SavedModel, loaded, model_table


def predict(options: Namespace) -> int:
    """Write a prediction, and the probabilities of the classes, for each row of a table."""
    check_outputs({"--out": options.out}, {"model": options.model, "data": options.data})
    model = loaded(options)
    n, K = 0, model.outputs
    table = model_table(model, options)
    with table_writer(options.out) as write:
        for A in model.predictions(table):
            write(columns_of(A, model))
            n += len(A)
        if n == 0:
            write(columns_of(np.zeros(0 if K == 1 else (0, K)), model))
    print(f"{n:,} rows; {meaning(model)}; written to {options.out}")
    return 0


def columns_of(A: np.ndarray, model: SavedModel) -> dict[str, np.ndarray]:
    """Return the columns for rows with predictions or probabilities A: (n), or (n, K) for several outputs."""
    loss = model.loss
    if loss.numeric and A.ndim == 1:
        return {"prediction": A}
    if loss.numeric:
        return {f"quantile_{level!r}": A[:, k] for k, level in enumerate(loss.parameters)}
    classes = np.array(model.classes)
    if A.ndim == 1:
        return {"probability": A, "prediction": classes[(A > 0.5).astype(np.intp)]}
    of_classes = {f"probability_{value}": A[:, k] for k, value in enumerate(classes)}
    return of_classes | {"prediction": classes[A.argmax(axis=1)]}


def meaning(model: SavedModel) -> str:
    """Return what stands in the columns."""
    if model.classes is None:
        what = "a prediction" if model.outputs == 1 else f"{model.outputs} quantiles"
        return f"{what} of {shown(model.target_name or 'y')}"
    if model.outputs == 1:
        return f"probability is that of {shown(model.classes[1])}"
    return f"a probability for each of {len(model.classes)} classes"


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
