"""The catalogue of bad and odd input: which case has which number, what a user gets, and which test shows it.

`python tests/catalogue/cases.py` prints the table that stands in docs/how_it_works/reliability.md.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
HEADINGS = {1: "X", 35: "y and weights", 52: "Hyperparameters and shape", 62: "Files and streams", 84: "Concurrency"}
LAST = 93


class Case(NamedTuple):
    """What happens, and the test that shows it, as file::function."""

    what: str
    outcome: str
    test: str


CASES: dict[int, Case] = {}


def register(number: int, what: str, outcome: str, test: str) -> None:
    if CASES.setdefault(number, Case(what, outcome, test)) != Case(what, outcome, test):
        raise ValueError(f"case {number} stands for {CASES[number]} already")


def case(number: int, what: str, outcome: str) -> Callable:
    """Mark a test as that of a case of the catalogue."""

    def mark(test: Callable) -> Callable:
        file = Path(test.__code__.co_filename).resolve().relative_to(ROOT)
        register(number, what, outcome, f"{file.as_posix()}::{test.__name__}")
        return test

    return mark


def registered() -> dict[int, Case]:
    """All cases, in the order of their numbers."""
    for path in [*sorted(FOLDER.glob("test_*.py")), FOLDER / "elsewhere.py"]:
        importlib.import_module(path.stem)
    return dict(sorted(CASES.items()))


def table() -> str:
    """Markdown: a table for each heading."""
    lines = []
    for number, (what, outcome, test) in registered().items():
        if number in HEADINGS:
            lines += ["", f"### {HEADINGS[number]}", "", "| | input | what you get | test |", "|---|---|---|---|"]
        file, _, name = test.removeprefix("tests/").partition("::")
        shown = f"{file.removeprefix('catalogue/').removeprefix('test_catalogue_').removesuffix('.py')}"
        lines.append(f"| {number} | {what} | {outcome} | {shown}: {name.removeprefix('test_') or 'all'} |")
    return "\n".join(lines).strip() + "\n"


if __name__ == "__main__":
    sys.path.append(str(FOLDER.parent))
    import cases  # the module that tests know, not __main__

    print(cases.table(), end="")
