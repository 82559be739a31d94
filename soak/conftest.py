"""Long runs, which no test has the time for: `make soak`.

Each test prints its figures, one line each, and fails where a promise of docs/how_it_works/reliability.md does not
hold. SOAK_MINUTES (15) is how long the longest of them, soak/test_soak.py, fits and predicts in one process.
"""

import os
import signal

import pytest


@pytest.fixture(scope="session")
def soak_seconds():
    """How long the longest run lasts."""
    return 60 * float(os.environ.get("SOAK_MINUTES", "15"))


def pytest_configure(config):
    """Ctrl-C arrives, also where a shell has started this in the background, which ignores it from then on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
