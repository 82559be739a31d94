"""Elements of a page: text stays text, whatever is in it.

The page is a tree of `xml.etree`, which escapes text and attributes where it writes them.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

Element = ElementTree.Element
Content = Element | str


class Section(NamedTuple):
    """A part of the page, with a line in its table of contents.

    Attributes
    ----------
    anchor : the id of its heading
    title : its heading
    content : what stands below
    """

    anchor: str
    title: str
    content: list[Element]


def printable(text: str) -> str:
    """Return text with escapes in place of control characters and others that cannot be seen."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def element(tag: str, *content: Content, **attributes: str) -> Element:
    """Return an element with text and other elements in it.

    attributes : by name, with _ in place of -, and behind a name that is a word of Python, such as class_
    """
    named = {name.rstrip("_").replace("_", "-"): printable(value) for name, value in attributes.items()}
    made = Element(tag, named)
    for each in content:
        if isinstance(each, Element):
            made.append(each)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + printable(each)
        else:
            made.text = (made.text or "") + printable(each)
    return made


def paragraph(*content: Content) -> Element:
    """Return a paragraph."""
    return element("p", *content)


def listed_items(items: Sequence[Content]) -> Element:
    """Return a list with a bullet for each item."""
    return element("ul", *(element("li", item) for item in items))


def pair(*content: Element) -> Element:
    """Return elements side by side, where there is room."""
    return element("div", *content, class_="pair")


def details(summary: str, *content: Element) -> Element:
    """Return what is hidden until a reader opens it."""
    return element("details", element("summary", summary), *content)


def code(text: str, label: str) -> Element:
    """Return a block of code that one click selects; label: what it is, for those who do not see it."""
    return element("pre", element("code", text), tabindex="0", role="region", aria_label=label)


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[Content]], *, text_columns: int = 1) -> Element:
    """Return a table whose first column names the rows.

    text_columns : how many columns hold text, from the left; the others hold numbers, and are aligned to the right
    """
    head = [
        element("th", name, scope="col", class_="text" if k < text_columns else "number")
        for k, name in enumerate(header)
    ]
    body = [element("tr", *(cell(value, k, text_columns) for k, value in enumerate(row))) for row in rows]
    made = element(
        "table", element("caption", caption), element("thead", element("tr", *head)), element("tbody", *body)
    )
    return element("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def cell(value: Content, k: int, text_columns: int) -> Element:
    """Return column k of a row of a table."""
    kind = "text" if k < text_columns else "number"
    if k == 0:
        return element("th", value, scope="row", class_=kind)
    return element("td", value, class_=kind)


def written(page: Element) -> str:
    """Return a page as HTML."""
    text: str = ElementTree.tostring(page, encoding="unicode", method="html")
    return f"<!DOCTYPE html>\n{text}\n"
