"""Names of columns and classes in pictures."""

from ..messages import MOST_CHARACTERS


def plain(name: str) -> str:
    """Return text that matplotlib shows as it is: a dollar sign would begin a formula."""
    return name.replace("$", r"\$")


def shortened(name: str, most: int = MOST_CHARACTERS) -> str:
    """Return a name of at most `most` characters and a mark."""
    return name if len(name) <= most else name[:most] + "…"
