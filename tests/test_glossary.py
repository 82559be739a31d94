"""One word for one thing: the glossary of architecture.md names what there is, and no two classes share a name."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = {path: path.read_text() for path in (ROOT / "src" / "fastmlp").rglob("*.py")}


def test_no_two_classes_share_a_name():
    names = Counter(name for text in SOURCES.values() for name in re.findall(r"^class (\w+)", text, re.MULTILINE))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_glossary_names_what_there_is():
    page = (ROOT / "docs/how_it_works/architecture.md").read_text()
    glossary = page[page.index("## Glossary") :].split("\n## ")[0]
    entries = re.findall(r"`([^`]+)` *[,;|]", glossary)
    assert len(entries) > 20
    for entry in entries:
        path, _, name = entry.rpartition(".py")
        texts = [text for file, text in SOURCES.items() if not path or file.as_posix().endswith(f"/{path}.py")]
        for word in re.findall(r"\w+", name):
            assert any(re.search(rf"\b{word}\b", text) for text in texts), entry
        assert texts, entry
