"""What all tests stand on."""

import signal

import pytest

from fastmlp.jit import bfloat16_instructions


def pytest_configure(config):
    """Ctrl-C arrives, also where a shell has started the tests in the background, which ignores it from then on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bfloat16(monkeypatch):
    """Let nets of mixed_bfloat16 train on any CPU: by slow loops where there are no instructions."""
    if bfloat16_instructions.bfloat16_instructions() is None:
        monkeypatch.setenv("FASTMLP_BFLOAT16", "plain")


@pytest.fixture
def without_bfloat16(monkeypatch):
    """Return a function after whose call the CPU has no instructions for mixed_bfloat16."""
    why = "this CPU (i386) has no fast products of bfloat16"
    return lambda: monkeypatch.setattr(bfloat16_instructions, "found", lambda: (None, why))
