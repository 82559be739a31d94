"""Fixtures of all tests of the catalogue."""

import pytest
from small_tables import train_little


@pytest.fixture(autouse=True)
def _little_training(monkeypatch):
    train_little(monkeypatch)
