"""A page of sections: heading, table of contents, and style. It needs no script, and nothing from elsewhere."""

from .html import Element, Section, element, listed_items, written
from .judged import FigureRow
from .style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # scripts and requests are refused


def page(title: str, lead: str, headline: list[FigureRow], sections: list[Section]) -> str:
    """Return a page.

    Parameters
    ----------
    title, lead : its heading, and a sentence below
    headline : the figures that matter most
    """
    head = element(
        "head", Element("meta", {"charset": "utf-8"}),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title), style(),
    )  # fmt: skip
    contents = listed_items([element("a", each.title, href=f"#{each.anchor}") for each in sections])
    body = element(
        "body",
        element("a", "Skip to the report", href="#report", class_="skip"),
        element("nav", element("p", "Contents", class_="contents"), contents, aria_label="Contents"),
        element(
            "main", element("header", element("h1", title), element("p", lead, class_="lead"), *figures(headline)),
            *(section(each) for each in sections), id="report",
        ),
    )  # fmt: skip
    return written(element("html", head, body, lang="en"))


def style() -> Element:
    """Return the style sheet, which is written as it is."""
    made = Element("style")
    made.text = STYLE
    return made


def figures(headline: list[FigureRow]) -> list[Element]:
    """Return the headline, if there are figures for it."""
    if not headline:
        return []
    cards = (
        element("div", element("dt", row.name), element("dd", row.text), element("dd", row.meaning, class_="meaning"))
        for row in headline
    )
    return [element("dl", *cards, class_="headline")]


def section(each: Section) -> Element:
    """Return a section under its heading."""
    heading = element("h2", each.title, id=each.anchor)
    return element("section", heading, *each.content, aria_labelledby=each.anchor)
