"""Properties that are computed once, by one thread, by several, and in a process that is forked meanwhile."""

import threading
import warnings
from dataclasses import dataclass, fields

import pytest
from process_cases import LIMIT, forked

from fastmlp.cached import cached_property


@dataclass(frozen=True)
class Square:
    side: int

    @cached_property
    def area(self):
        """Of the square."""
        return [self.side**2]


def test_is_computed_once_for_each_object():
    one, other = Square(2), Square(3)
    assert (one.area, other.area) == ([4], [9])
    assert one.area is one.area


def test_is_no_part_of_what_a_dataclass_compares():
    read = Square(2)
    assert read.area
    assert read == Square(2)
    assert hash(read) == hash(Square(2))
    assert [field.name for field in fields(read)] == ["side"]


def test_of_the_class_is_the_property_with_its_docstring():
    assert isinstance(Square.area, cached_property)
    assert Square.area.__doc__ == "Of the square."


def test_an_error_is_not_kept():
    class Reader:
        text = None

        @cached_property
        def length(self):
            return len(self.text)

    reader = Reader()
    with pytest.raises(TypeError):
        reader.length  # noqa: B018
    reader.text = "four"
    assert reader.length == 4


class Slow:
    """A property whose first computation begins and does not end before it may."""

    def __init__(self):
        self.begun, self.may_end, self.first = threading.Event(), threading.Event(), True

    @cached_property
    def value(self):
        if self.first:
            self.first = False
            self.begun.set()
            assert self.may_end.wait(LIMIT)
        return ["computed"]

    def read_in_a_thread(self):
        """Return a thread that is in the middle of the computation, and the list where the value will be."""
        values = []
        thread = threading.Thread(target=lambda: values.append(self.value), daemon=True)
        thread.start()
        assert self.begun.wait(LIMIT)
        return thread, values


def test_threads_that_compute_at_once_get_one_value():
    slow = Slow()
    thread, values = slow.read_in_a_thread()
    value = slow.value
    slow.may_end.set()
    thread.join()
    assert values[0] is value is slow.value


def test_a_process_forked_during_the_computation_computes_it_too():
    slow = Slow()
    thread, _ = slow.read_in_a_thread()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, from Python 3.12 on
        assert forked(lambda: slow.value[0]) == "computed"
    slow.may_end.set()
    thread.join()
