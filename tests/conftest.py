"""What all tests stand on."""

import signal


def pytest_configure(config):
    """Ctrl-C arrives, also where a shell has started the tests in the background, which ignores it from then on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
