"""Properties that are computed once."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801 - used as property is
    """A property that is computed when it is first read, and kept in the object's `__dict__`, also of a frozen one.

    Up to Python 3.11, `functools.cached_property` holds a lock meanwhile, one for all objects of a class. A process
    that is forked then finds it taken for ever. Here is no lock: threads that read a property at the same time may
    each compute it, and all get the value that is kept first.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name, self.__doc__ = compute, compute.__name__, compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        """Compute and keep the value; as there is no `__set__`, Python reads it from `__dict__` from then on."""
        if instance is None:
            return self
        value: T = instance.__dict__.setdefault(self.name, self.compute(instance))
        return value
