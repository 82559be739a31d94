"""Check the built site: `python docs/check_site.py build/docs`; `make docs` runs it.

Pages load nothing from elsewhere, each link within the site leads to a page and a place that exist, each picture has a
text, and the search finds what users look for. Prints what is wrong, one line each, and fails if anything is.
"""

import json
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.search.en import SearchEnglish

QUERIES = ["class weights", "early stopping", "out of memory", "bfloat16"]
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("object", "data")}
PAGES = {"prev", "next", "index", "search", "canonical", "author"}  # of links in heads, which load nothing


class Page(HTMLParser):
    """The ids of a page, its links, what it loads, and pictures without a text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.mute: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag says."""
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("rel") not in PAGES:
            self.loads += [given[name] for where, name in LOADED if where == tag and name in given]
        if tag == "img" and is_path(given.get("alt", "/")):
            self.mute.append(given.get("src", ""))


def is_path(text: str) -> bool:
    """Return whether the text of a picture is its path, as Sphinx makes it; pictures beside their title have none."""
    return "/" in text and " " not in text


@cache
def page(path: Path) -> Page:
    """Return a page, which is parsed once."""
    return Page(path)


def is_elsewhere(address: str) -> bool:
    """Return whether an address needs the network."""
    return bool(urlsplit(address).netloc)


def wrong_link(path: Path, link: str) -> str | None:
    """Return what is wrong with a link of a page, if anything is."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"links to {link}, which is not there"
    fragment = unquote(parts.fragment)
    if fragment and target.suffix == ".html" and fragment not in page(target).ids:
        return f"links to {link}, but the page has no place of this name"
    return None


def faults_of_page(path: Path) -> list[str]:
    """Return what is wrong with a page."""
    found = page(path)
    faults = [f"loads {address}" for address in found.loads if is_elsewhere(address)]
    faults += [f"loads {address}, which is not there" for address in found.loads if not is_there(path, address)]
    faults += [f"shows {source} without a text" for source in found.mute]
    return faults + [wrong for link in found.links if (wrong := wrong_link(path, link))]


def is_there(path: Path, address: str) -> bool:
    """Return whether a file that a page loads exists."""
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc) or (path.parent / unquote(parts.path)).is_file()


def faults_of_style(path: Path) -> list[str]:
    """Return what a style sheet loads from elsewhere."""
    text = path.read_text(encoding="utf-8")
    return [f"loads {address}" for address in re.findall(r"""(?:url\(|@import)\s*['"]?((?:https?:)?//[^'")]+)""", text)]


def faults_of_search(site: Path) -> list[str]:
    """Return queries for which the index has no page that holds all of their words."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    english = SearchEnglish({})
    faults = []
    for query in QUERIES:
        words = [english.stem(word) for word in query.split() if word not in english.stopwords]
        if not set.intersection(*(pages_with(index, word) for word in words)):
            faults.append(f"finds nothing for {query!r}")
    return faults


def pages_with(index: dict, stem: str) -> set[int]:
    """Return the numbers of the pages that hold a word."""
    found: set[int] = set()
    for kind in ("terms", "titleterms"):
        pages = index[kind].get(stem, [])
        found |= {pages} if isinstance(pages, int) else set(pages)
    return found


def main(site: Path) -> int:
    """Print all faults, and return the exit code."""
    pages = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    faults = [f"{path.relative_to(site)}: {fault}" for path in pages for fault in faults_of_page(path)]
    for path in sorted(site.rglob("*.css")):
        faults += [f"{path.relative_to(site)}: {fault}" for fault in faults_of_style(path)]
    faults += [f"search: {fault}" for fault in faults_of_search(site)]
    print("\n".join(faults) or f"{len(pages)} pages are as they should be")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
