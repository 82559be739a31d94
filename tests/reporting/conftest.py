"""Reports without pictures, for tests of their figures: most of the time of a report goes into drawing."""

import pytest

from fastmlp.reporting import picture

NOTHING = '<svg xmlns="http://www.w3.org/2000/svg" width="360pt" height="240pt" viewBox="0 0 360 240"></svg>'


@pytest.fixture
def undrawn(monkeypatch):
    """Have an empty picture in place of each one."""
    monkeypatch.setattr(picture, "drawn", lambda draw, height: NOTHING)
