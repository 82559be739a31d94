"""The gallery's examples have what the site needs of them; `make docs` runs them."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


def test_all_are_run_by_the_gallery():
    """It runs files of this name only, and shows the source of others."""
    assert len(EXAMPLES) >= 6
    assert not [path.name for path in EXAMPLES if not path.name.startswith("plot_")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_a_title_blocks_of_text_and_a_picture(path):
    text = path.read_text(encoding="utf-8")
    title, line, _, first = ast.get_docstring(ast.parse(text)).splitlines()[:4]
    assert line == "=" * len(title)
    assert first
    blocks = re.findall(r"^# %%(.*)\n(.*)", text, re.MULTILINE)
    assert len(blocks) >= 3
    assert not [after for after, _ in blocks if after]  # a title there would stand on no page
    assert "plt.show()\n" in text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_headings_are_underlined_to_their_length(path):
    """Sphinx takes shorter lines for a warning, and longer ones for a sloppy page."""
    lines = path.read_text(encoding="utf-8").splitlines()
    underlined = [(a, b) for a, b in pairwise(lines) if re.fullmatch("# -+", b)]
    assert underlined
    assert [(a, b) for a, b in underlined if len(a) != len(b)] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fetches_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"\bfetch_\w+|https?://|\burl\w*\(", text)
    for node in ast.walk(ast.parse(text)):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.split(".")[0] in {
                "fastmlp",
                "matplotlib",
                "numpy",
                "pandas",
                "pathlib",
                "pyarrow",
                "sklearn",
                "tempfile",
            }
