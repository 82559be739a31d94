"""docs/how_it_works/derivation.md names files and functions that exist."""

import re
from pathlib import Path

import pytest

import fastmlp

PACKAGE = Path(fastmlp.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs/how_it_works/derivation.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)(?:: ([^`]+))?`", PAGE)


@pytest.mark.parametrize(("file", "names"), sorted(set(NAMED)))
def test_named_functions_stand_in_the_named_files(file, names):
    path = next((path for path in (PACKAGE / "kernels" / file, PACKAGE / file) if path.exists()), None)
    path = path or PACKAGE.parents[1] / file  # src/fastmlp/…
    source = path.read_text()
    for name in re.findall(r"\*?\w+", names):
        pattern = re.escape(name).replace(r"\*", r"\w+")
        assert re.search(rf"(def {pattern}\(|^[\w, ]*\b{pattern}\b[\w, ]* = )", source, re.MULTILINE), name


def test_there_are_names_to_check():
    assert len(NAMED) > 40
