"""Tell kinds of tables apart by what their classes have, so that no library needs to be imported for it."""

from typing import Any, TypeGuard


def offers(X: Any, *names: str) -> TypeGuard[Any]:
    """Return whether the class of X has all these attributes.

    A frame of pandas itself has its columns as attributes, too, and one of them may be named "compute".
    """
    return all(hasattr(type(X), name) for name in names)
