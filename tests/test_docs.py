"""The documentation names files that exist: the tree of architecture.md has them all, each in its place."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = {"test_mlp.py"}  # scikit-learn's


def tree() -> list[str]:
    """Return the files that the tree lists, by their paths below src/fastmlp."""
    text = (ROOT / "docs/how_it_works/architecture.md").read_text(encoding="utf-8")
    folders: list[str] = []
    files = []
    for line in text.split("    src/fastmlp/\n")[1].split("\n\n")[0].splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folders[(len(indent) - 6) // 2 :] = [name]
        if name.endswith(".py"):
            files.append("".join(folders))
    return files


def test_the_tree_lists_every_file_once():
    there = [path.relative_to(ROOT / "src/fastmlp").as_posix() for path in (ROOT / "src/fastmlp").rglob("*.py")]
    assert sorted(tree()) == sorted(path for path in there if not path.endswith("__init__.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_pages_name_are_there(page):
    named = set(re.findall(r"[\w/]+\.py\b", page.read_text(encoding="utf-8"))) - ELSEWHERE
    there = [
        path.as_posix()
        for folder in ("src", "tests", "benchmarks", "demo", "soak", "docs", "browser")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert not [name for name in named if not any(path.endswith(f"/{name}") for path in there)]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_lead_to_files(name):
    """Sphinx checks those of the site's pages."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert not [target for target in targets if not (ROOT / target).exists()]
