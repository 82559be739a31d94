"""Tell kinds of tables apart by what their classes have, so that no library needs to be imported for it."""

from typing import Any, TypeGuard


def offers(X: Any, *names: str) -> TypeGuard[Any]:
    """Return whether the class of X has all these attributes.

    A frame of pandas itself has its columns as attributes, too, and one of them may be named "compute".
    """
    return all(hasattr(type(X), name) for name in names)


def is_sparse(X: Any) -> TypeGuard[Any]:
    """Return whether X is a matrix or array of SciPy's sparse ones."""
    return offers(X, "tocsr", "nnz")


def is_partitioned(X: Any) -> TypeGuard[Any]:
    """Return whether X is a Dask dataframe."""
    return offers(X, "npartitions", "to_delayed", "columns")
