"""A tabular estimator as a model file: how it reads a table, its nets and their weights.

docs/how_it_works/model-file.md describes the format.
"""

import os
import re
from typing import Any

import numpy as np

from ..exceptions import ModelFormatError
from ..losses import Loss
from ..model import Model
from ..saving import container, members
from ..saving.checks import Tensors, is_list_of, need, of_type, translated
from ..saving.description import checked_classes
from ..saving.model import TABULAR, Contents, check_kind
from ..saving.parameters import checked_parameters, checked_settings, parameters_of, plain, settings_as_dict
from ..tables.encoding import TableEncoding
from ..tables.table_reader import TableReading
from ..version import __version__
from .members.category_statistics import CategoryStatistic, CategoryStatistics
from .members.recipe import Recipe

CLASS_DTYPE = re.compile(r"object|bool|u?int(8|16|32|64)|float(16|32|64)|[<>]([iuf][248]|U[0-9]{1,7})")
MOST_CLASS_BYTES = 2**21  # of all classes as an array


def save(estimator: Any, path: str | os.PathLike) -> None:
    """Replace a file in one step; raise ValueError, before anything is written, for what `load` would refuse."""
    try:
        description, tensors = contents(estimator)
        checked(type(estimator), description, tensors)
    except ModelFormatError as error:
        raise ValueError(f"the model cannot be saved: {error}") from None
    container.write(path, description, tensors)


def contents(estimator: Any) -> Contents:
    """Return description and tensors of a fitted estimator, unchecked."""
    description, tensors = members.contents(estimator.models_, estimator.weights_)
    classes, reading = getattr(estimator, "classes_", None), estimator.reading_
    description["tabular"] = {
        "of": name_of(type(estimator)), "fastmlp": __version__, "parameters": parameters_of(estimator),
        "recipe": settings_as_dict(estimator.recipe_), "table": as_dict(reading),
        "target_name": plain(estimator.target_name_),
        "classes": None if classes is None else plain(classes.tolist()),
        "class_dtype": None if classes is None else str(classes.dtype),
        "statistics": [{"columns": list(part.columns), "radix": part.radix} for part in estimator.statistics_.parts],
    }  # fmt: skip
    for k, part in enumerate(estimator.statistics_.parts):
        tensors[f"statistic.{k}.keys"], tensors[f"statistic.{k}.values"] = part.keys, part.values
    return description, tensors


def name_of(kind: type) -> str:
    """Return the name of the class of this library of which `kind` is a subclass, or which it is."""
    return next(base.__name__ for base in kind.__mro__ if base.__name__ in TABULAR)


def as_dict(reading: TableReading) -> dict[str, Any]:
    """Return what was learned of a table as JSON has it."""
    return {
        "encoding": reading.encoding.to_dict(), "names": list(reading.names), "named": reading.named,
        "n_rows": reading.n_rows, "left_out": reading.left_out, "notes": list(reading.notes),
    }  # fmt: skip


def load(kind: type, path: str | os.PathLike, n_threads: int | None) -> Any:
    """Return the estimator of class `kind` that a file holds; raise ModelFormatError for any other file."""
    description, tensors = container.read(path)
    return loaded(kind, path, description, tensors, n_threads)


def loaded(
    kind: type, path: str | os.PathLike, description: dict[str, Any], tensors: Tensors, n_threads: int | None
) -> Any:
    """Return the estimator of class `kind` that the contents of a file describe."""
    check_kind(path, description, name_of(kind))
    try:
        estimator, found = checked(kind, description, tensors)
    except ModelFormatError as error:
        raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model, or damaged: {error}") from None
    estimator.n_threads = n_threads
    estimator.models_ = members.restored(Model, path, found, n_threads)
    return estimator


def checked(kind: type, description: dict[str, Any], tensors: Tensors) -> tuple[Any, members.Members]:
    """Check every field; return the estimator without its nets, and these as the file has them."""
    with translated():
        fields = of_type("tabular", description["tabular"], dict)
        of_type("fastmlp", fields["fastmlp"], str)
        reading, recipe = checked_reading(fields["table"]), checked_settings(fields["recipe"], Recipe)
        statistics = checked_statistics(fields["statistics"], tensors, [n for _, n in reading.encoding.outputs])
        found = members.checked_members(
            description, tensors, reading.encoding.n_features_out + statistics.n_columns
        )  # fmt: skip
        net = found.nets[0]
        need(net.dtype == "float32", f"the nets are of dtype {net.dtype}")
        need(
            net.loss.numeric == (name_of(kind) == "TabularRegressor"), f"{net.loss.name} is no loss of {name_of(kind)}"
        )
        classes = checked_class_array(fields["classes"], fields["class_dtype"], net.loss, net.widths[-1])
        estimator = kind(**checked_parameters(fields["parameters"], kind))
        estimator._validate_params()
        if classes is not None:
            estimator.classes_ = classes
        target_name = fields["target_name"]
        need(target_name is None or type(target_name) is str, f"the target's name is {str(target_name)[:80]}")
        one_target = net.loss.targets(net.widths[-1]) == 1
        need(one_target, f"the nets have {net.widths[-1]} targets")
        scaled = net.loss.link != "identity" or net.target_scaling is not None
        need(scaled, "the scaling of the target is missing")
    estimator.reading_, estimator.recipe_, estimator.weights_ = reading, recipe, found.weights
    estimator.statistics_ = statistics
    estimator.n_features_in_, estimator.target_name_ = len(reading.names), target_name
    if reading.named:
        estimator.feature_names_in_ = np.array(reading.names, object)
    return estimator, found


def checked_reading(data: Any) -> TableReading:
    """Return how a table is read: every column is encoded or left out, and none is both."""
    need(type(data) is dict, f"the table is {str(data)[:80]}")
    names, left_out, notes = data["names"], data["left_out"], data["notes"]
    need(is_list_of(str, names) and len(set(names)) == len(names), "the names are no list of different texts")
    need(type(left_out) is dict and is_list_of(str, list(left_out.values())), "left_out are not columns with reasons")
    need(is_list_of(str, notes), "the notes are no list of texts")
    n_rows = of_type("n_rows", data["n_rows"], int)
    need(n_rows >= 1, f"n_rows is {n_rows}")
    encoding = TableEncoding.from_dict(data["encoding"])
    used = set(encoding.columns)
    need(used | left_out.keys() == set(names) and not used & left_out.keys(), "columns are neither used nor left out")
    in_order = {name: left_out[name] for name in names if name in left_out}
    return TableReading(encoding, tuple(names), of_type("named", data["named"], bool), n_rows, in_order, tuple(notes))


def checked_statistics(data: Any, tensors: Tensors, codes: list[int]) -> CategoryStatistics:
    """Return the statistics of columns that have so many codes."""
    need(is_list_of(dict, data), "the statistics are no list of descriptions")
    parts = []
    for k, fields in enumerate(data):
        columns, radix = fields["columns"], of_type("radix", fields["radix"], int)
        need(is_list_of(int, columns) and len(columns) in (1, 2), f"statistic {k} is of the columns {columns}")
        need(all(0 <= at < len(codes) and codes[at] > 0 for at in columns), f"statistic {k} is of {columns}: no codes")
        need(radix == (1 if len(columns) == 1 else codes[columns[1]]), f"the radix of statistic {k} is {radix}")
        keys, values = tensors[f"statistic.{k}.keys"], tensors[f"statistic.{k}.values"]
        need(keys.dtype == np.int64 and keys.ndim == 1, f"keys of statistic {k}: {keys.shape} {keys.dtype}")
        ascending = bool((keys[1:] > keys[:-1]).all())
        within = not len(keys) or (keys[0] >= 0 and keys[-1] < codes[columns[0]] * radix)
        need(ascending and within, f"the keys of statistic {k} are no ascending numbers of its categories")
        fits = values.dtype == np.float32 and values.ndim == 2 and len(values) == len(keys) + 1
        need(fits and bool(np.isfinite(values).all()), f"values of statistic {k}: {values.shape} {values.dtype}")
        parts.append(CategoryStatistic(tuple(columns), radix, keys, values))
    return CategoryStatistics(tuple(parts))


def checked_class_array(classes: Any, dtype: Any, loss: Loss, outputs: int) -> np.ndarray | None:
    """Return what a classifier has as `classes_`, or None for numbers."""
    found = checked_classes(classes, loss, outputs)
    need((found is None) == (dtype is None) == loss.numeric, f"there are classes of dtype {str(dtype)[:80]}")
    if found is None:
        return None
    known = CLASS_DTYPE.fullmatch(of_type("class_dtype", dtype, str)) is not None
    need(known and np.dtype(dtype).itemsize * len(found) <= MOST_CLASS_BYTES, f"the classes are of {dtype[:80]}")
    array = np.array(found, dtype)
    fits = array.tolist() == found and [type(one) for one in array.tolist()] == [type(one) for one in found]
    need(fits and np.array_equal(np.unique(array), array), f"the classes are no {dtype[:80]} in ascending order")
    return array
