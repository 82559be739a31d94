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
    n, K = 0, model.widths[-1]
    numeric = model.network.plan.loss.numeric
    table = model_table(model, options)
    with table_writer(options.out) as write:
        for A in model.iter_predict(table) if numeric else model.iter_proba(table):
            write(columns_of(A, model))
            n += len(A)
        if n == 0:
            write(columns_of(np.zeros(0 if K == 1 else (0, K), model.dtype), model))
    print(f"{n:,} rows; {meaning(model)}; written to {options.out}")
    return 0


def columns_of(A: np.ndarray, model: Model) -> dict[str, np.ndarray]:
    """Return the columns for rows with predictions or probabilities A: (n), or (n, K) for several outputs."""
    loss = model.network.plan.loss
    if loss.numeric and A.ndim == 1:
        return {"prediction": A}
    if loss.numeric:
        return {f"quantile_{level!r}": A[:, k] for k, level in enumerate(loss.parameters)}
    classes = np.array(classes_of(model))
    if A.ndim == 1:
        return {"probability": A, "prediction": classes[(A > 0.5).astype(np.intp)]}
    of_classes = {f"probability_{value}": A[:, k] for k, value in enumerate(classes)}
    return of_classes | {"prediction": classes[A.argmax(axis=1)]}


def meaning(model: Model) -> str:
    """Return what stands in the columns."""
    if model.network.plan.loss.numeric:
        what = "a prediction" if model.widths[-1] == 1 else f"{model.widths[-1]} quantiles"
        return f"{what} of {shown(model.target_name or 'y')}"
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
