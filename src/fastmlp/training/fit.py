"""One call of `Model.fit`: checks of its arguments, its rows, its checkpoint, and training."""

import hashlib
from typing import Any

import numpy as np

from .. import optimizers
from ..arguments import checked_callbacks, checked_float, checked_int, checked_verbose, dtype_name
from ..exceptions import RowError, is_bad_row
from ..network.network import Network
from ..network.workspace import aligned_copy
from ..optimizers import Optimizer
from ..precision import check_trains
from ..rows.streamed import StreamedRows
from ..saving.parameters import plain
from ..system import fit_lock
from ..system.interrupts import postponed
from ..typing import Record, Verbose
from .checkpoint import Checkpoint, CheckpointFile
from .checkpoint_state import BEST_TENSORS, Extent
from .inputs import Learned, inputs
from .loop import Part, run_callbacks
from .progress import Settings
from .rules import train
from .split import check_batch_size, check_classes, check_training_memory, check_validation, parts_of
from .validation import figures

SAMPLED_ROWS = 64  # of X, by which a fit that goes on is told from one on other rows


def settings_of(
    model: Any, epochs: int, batch_size: int | None, l2: float, shuffle: bool, early_stopping: bool,
    n_iter_no_change: int, tol: float, verbose: Verbose,
) -> Settings:  # fmt: skip
    """Return arguments of `Model.fit`, once they are checked."""
    return Settings(
        checked_int("epochs", epochs, 0), None if batch_size is None else checked_int("batch_size", batch_size, 1),
        checked_float("l2", l2, 0), bool(shuffle), model.seed, bool(early_stopping),
        checked_int("n_iter_no_change", n_iter_no_change, 1), checked_float("tol", tol, 0), checked_verbose(verbose),
    )  # fmt: skip


def fit(
    model: Any, X: Any, y: Any, sample_weight: Any, settings: Settings, optimizer: Any, given: tuple | None,
    validation_fraction: float, callbacks: Any, checkpoint: Any, every: float, resume: bool,
) -> None:  # fmt: skip
    """Train a model; see `Model.fit`. given: X, y and weights to validate on, or None."""
    check_trains(model.mixed)
    functions = checked_callbacks(callbacks)
    file = CheckpointFile.checked(checkpoint, every, resume)
    rows, learned = inputs(model, X, y, sample_weight, labelled=True, learn=True)
    part, validation = parts_of(model, rows, given, validation_fraction, learned)
    if settings.early_stopping and validation is None:
        raise ValueError("early_stopping needs a validation set: give X_val and y_val, or validation_fraction")
    check_classes(part)
    if validation is not None and validation_fraction:
        check_validation(validation_fraction, validation)
    check_batch_size(settings.batch_size, part.order.size)
    check_parameters(model)
    optimizer = optimizers.resolve(optimizer)
    check_training_memory(model.widths, model.parameters.size, model.dtype, optimizer.n_moments)
    optimizer.prepare(model.parameters.size, model.dtype)
    with postponed(), fit_lock.fitting(model, lambda: aligned_copy(model.parameters)) as under_way:
        keep = progress = None
        if file is not None:
            held = None if validation is None else fingerprint(validation)
            same = arguments(model, learned, settings, optimizer, fingerprint(part), held)
            keep = Checkpoint(file, model, optimizer, same, extent_of(settings, part.order.size))
            progress = keep.resumed()
        before = {name: getattr(model, name) for name in ("optimizer", *learned._fields)}
        model.optimizer = optimizer
        learned.adopt(model)
        if progress is not None and progress.ended:
            return

        def after(record: Record) -> bool:
            under_way.seen = aligned_copy(model.parameters)
            try:
                return run_callbacks(functions, model, record)
            finally:
                model.optimizer = optimizer  # the one that trains, and that a checkpoint keeps

        score = None if validation is None else lambda: validate(model.network, validation)
        try:
            train(model.network, optimizer, part, score, settings, model, after, progress, keep)
        except RowError as failure:
            if is_bad_row(failure):
                vars(model).update(before)
            raise


def validate(network: Network, validation: Part) -> Record:
    """Return mean loss and score over the validation rows."""
    return figures(network, validation.rows, validation.order, own=True).record(network.plan.loss)


def check_parameters(model: Any) -> None:
    """Raise ValueError where weights are not finite, and cannot be trained."""
    if not np.isfinite(model.parameters).all():
        raise ValueError("parameters contain NaN or inf; set them before training")


def extent_of(settings: Settings, n: int) -> Extent:
    """Return what a checkpoint is checked against, for n rows to train on."""
    best = BEST_TENSORS if settings.early_stopping else None
    return Extent(settings.epochs, n, min(settings.batch_size or n, n), settings.improvement(), best)


def arguments(
    model: Any, learned: Learned, settings: Settings, optimizer: Optimizer, rows: str, held: str | None
) -> dict[str, Any]:
    """Return all that decides how a fit goes on, by which a checkpoint is told from another fit's.

    rows, held : fingerprints of the rows to train on, and to validate on
    """
    return {
        "widths": list(model.widths), "activation": model.activation_names, "bias": model.bias,
        "dtype": dtype_name(model.dtype, model.mixed), "seed": model.seed, **model.network.plan.loss.arguments(),
        "dropout": list(model.dropout),
        "scaling": listed(model.scaling), "target_scaling": listed(model.target_scaling),
        "encoding": None if model.encoding is None else model.encoding.to_dict(),
        "features": None if model.features is None else model.features.to_dict(),
        **{name: plain(value) for name, value in learned.beside(model)._asdict().items()},
        "optimizer": {"name": optimizer.name, **optimizer.settings()},
        **{name: value for name, value in vars(settings).items() if name != "verbose"},
        "training rows": rows, "validation rows": held,
    }  # fmt: skip


def listed(scaling: tuple[np.ndarray, np.ndarray] | None) -> list[Any] | None:
    """Return a scaling as JSON has it."""
    return None if scaling is None else [values.tolist() for values in scaling]


def fingerprint(part: Part) -> str:
    """Return the number of rows and, of rows in memory, a digest of some."""
    rows, n = part.rows, part.order.size
    if isinstance(rows, StreamedRows):
        return str(n)
    index = np.concatenate([part.order.rows(int(i), int(i) + 1) for i in sampled(n)])
    found = [None if values is None else values[index] for values in (rows.y, rows.w)]
    return f"{n}, {digest(rows.taken(index), *found)[:16]}"


def sampled(n: int) -> np.ndarray:
    """Return positions of `SAMPLED_ROWS` of n rows, or of all where there are fewer: evenly spread, in order."""
    return np.unique(np.linspace(0, max(0, n - 1), SAMPLED_ROWS).astype(np.intp))


def digest(*arrays: np.ndarray | None) -> str:
    """Return the SHA-256 digest of the arrays that there are."""
    found = hashlib.sha256()
    for array in arrays:
        if array is not None:
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
