"""Fixtures of several files of tests of model files."""

import pytest
from model_files import assemble

from fastmlp import Model


@pytest.fixture
def loaded(tmp_path):
    """Return a function that loads a model of a description and tensors, as model-file.md has them."""

    def load(description, tensors):
        (tmp_path / "model").write_bytes(assemble(description, tensors))
        return Model.load(tmp_path / "model")

    return load
