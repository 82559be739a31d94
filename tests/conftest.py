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

    def take_away(patch=monkeypatch):
        patch.setattr(bfloat16_instructions, "by_flags", lambda: None)
        patch.setattr(bfloat16_instructions, "cpu_name", lambda: "i386")

    return take_away
