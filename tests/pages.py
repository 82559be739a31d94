"""Read pages of reports as a browser would: headings, tables, pictures, text, and what they load."""

from html.parser import HTMLParser

EMPTY_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="360pt" height="240pt" viewBox="0 0 360 240"></svg>'
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page holds.

    Attributes
    ----------
    tags : (name, attributes) of every element
    text : all text, but for the style sheet
    headings : (level, text)
    tables : for each, by its caption, the rows as lists of text, the header first
    """

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.headings, self.tables = [], [], {}
        self.open, self.texts, self.caption, self.row, self.cell = [], [], None, None, None
        self.feed(html)
        self.close()
        assert self.open == [], "elements that are not closed"
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append([int(tag[1]), ""])
        elif tag == "table":
            self.caption, self.rows = "", []
        elif tag == "tr":
            self.row = []
        elif tag in ("th", "td"):
            self.row.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "tr":
            self.rows.append(self.row)
        elif tag == "table":
            assert self.caption not in self.tables, "two tables have the same caption"
            self.tables[self.caption] = self.rows

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.texts.append(data)
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings[-1][1] += data
        if self.open and self.open[-1] == "caption":
            self.caption += data
        if "th" in self.open or "td" in self.open:
            self.row[-1] += data

    def table(self, beginning):
        """Return the rows, without the header, of the table whose caption begins so."""
        (found,) = (rows for caption, rows in self.tables.items() if caption.startswith(beginning))
        return found[1:]

    def pictures(self):
        """Return the attributes of every picture."""
        return [attributes for tag, attributes in self.tags if tag == "svg"]

    def alternatives(self):
        """Return the alternative text of every picture."""
        return [picture["aria-label"] for picture in self.pictures()]
