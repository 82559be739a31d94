"""Matplotlib, which only plots need."""


def require_matplotlib() -> None:
    """Raise ImportError, which says what to install, if matplotlib is missing.

    Raises
    ------
    ImportError

    Examples
    --------
    >>> from fastmlp.plot import require_matplotlib
    >>> require_matplotlib()
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError('plotting needs matplotlib: pip install "fastmlp[plot]"') from error
