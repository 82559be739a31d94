"""Fixtures of several files of tests of the tabular estimators."""

import pytest
from small_tables import train_little


@pytest.fixture
def little_training(monkeypatch):
    """Train the small recipe, whatever the table."""
    train_little(monkeypatch)
