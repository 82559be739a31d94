"""Reports without pictures, for tests of their figures: most of the time of a report goes into drawing."""

import pytest
from pages import EMPTY_PICTURE

from fastmlp.reporting import picture


@pytest.fixture
def undrawn(monkeypatch):
    """Have an empty picture in place of each one."""
    monkeypatch.setattr(picture, "svg_of", lambda draw, height: EMPTY_PICTURE)
