"""A model on disk: one safetensors file, θ and moments as tensors, all else as JSON in its header. No pickle."""

import json
import os
from typing import Any

import numpy as np

from .exceptions import ModelFormatError
from .replaced import replaced

FORMAT_VERSION = 2
KEY = "fastmlp"


def write(path: str | os.PathLike, description: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Replace `path` by a new file, in one step."""
    from safetensors.numpy import save

    header = json.dumps({"version": FORMAT_VERSION, **description}, sort_keys=True, allow_nan=False)
    data = save(tensors, metadata={KEY: header})
    with replaced(path) as temporary:
        temporary.write_bytes(data)


def read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Description and tensors of a model file.

    Raises
    ------
    OSError : the file cannot be read
    ModelFormatError : it is not a model file of a version that is known here
    """
    from safetensors import SafetensorError, safe_open

    with open(path, "rb"):
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            description = json.loads((file.metadata() or {})[KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelFormatError(f"{os.fspath(path)}: not a fastmlp model ({error})") from None
    version = description.get("version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ModelFormatError(f"{os.fspath(path)}: format version {version} is newer than this fastmlp; upgrade it")
    return description, tensors
