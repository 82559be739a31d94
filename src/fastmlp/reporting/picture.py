"""Pictures that matplotlib draws, as SVG in the page: their text is text, and their colours are the page's.

Nothing of the user's pyplot is touched: figures belong to no window, and settings are those of matplotlib, not the
user's. matplotlib draws in colours that stand for others; the page says by its style sheet which these are, in light
and in dark.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from .html import Element, element, printable

INK, MUTED, LINE, CARD = "#010203", "#010204", "#010205", "#010206"
SERIES = ("#010207", "#010208", "#010209", "#01020a", "#01020b")
COLORS = {INK: "ink", MUTED: "muted", LINE: "line", CARD: "card"} | {
    color: f"series-{k + 1}" for k, color in enumerate(SERIES)
}
ACCENT = (0.23, 0.53, 0.80)  # of cells whose colour is a number: it lies between those of the card and of ink
WIDTH, HEIGHT = 5.0, 3.4  # inches, of 72 units each: as wide as a telephone, where text has the size it is drawn in
UNUSED = {"{http://www.w3.org/2000/svg}metadata", "{http://www.w3.org/2000/svg}style"}


def picture(draw: Callable[[Any], None], title: str, caption: str, alt: str, height: float = HEIGHT) -> Element:
    """Return a picture.

    Parameters
    ----------
    draw : called with matplotlib's axes
    title, caption : what the picture is, and how to read it
    alt : what it shows, with its figures, for those who do not see it
    height : in inches; pictures are 5 inches wide
    """
    svg = inlined(svg_of(draw, height), alt)
    return element("figure", svg, element("figcaption", element("strong", title), " ", caption))


def svg_of(draw: Callable[[Any], None], height: float) -> str:
    """Return what matplotlib writes of a picture."""
    from matplotlib.figure import Figure

    with drawing():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return file.getvalue()


@contextmanager
def drawing() -> Iterator[None]:
    """Have matplotlib draw with its own settings and these, in the block, whatever the user has set."""
    from matplotlib import style

    ours = {
        "svg.fonttype": "none",
        "svg.hashsalt": "fastmlp",
        "font.size": 10,
        "font.family": "sans-serif",
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.titlesize": 10,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.spines.top": False,
        "axes.axisbelow": True,
        "axes.spines.right": False,
        "grid.color": LINE,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.limits": (-4, 6),
        "legend.facecolor": CARD,
        "legend.edgecolor": LINE,
        "legend.framealpha": 0.9,
        "legend.fontsize": 9,
        "axes.prop_cycle": cycle(),
        "path.simplify_threshold": 0.3,
    }
    with style.context(["default", ours]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)  # text is drawn by the browser, in its fonts
        yield


def cycle() -> Any:
    """Return the colours of lines, in their order."""
    from cycler import cycler  # matplotlib's own requirement

    return cycler(color=SERIES)


def inlined(svg: str, alt: str) -> Element:
    """Return what matplotlib wrote as an element of the page, with alternative text, colours of the page, and no ids.

    Ids that are used within the picture are kept, and are made of what they stand for, so that two pictures may share
    one.
    """
    root = ElementTree.fromstring(svg)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in UNUSED]:
            parent.remove(child)
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
        for name in list(each.attrib):
            value = each.attrib.pop(name)
            local = name.rpartition("}")[2]
            if not (local == "space" or (local == "id" and value not in used)):
                each.attrib[local] = colored(value) if local == "style" else value
    width, height = (float(root.attrib.pop(side).removesuffix("pt")) for side in ("width", "height"))
    root.attrib.pop("version", None)
    root.attrib.update({"role": "img", "aria-label": printable(alt), "width": f"{width:g}", "height": f"{height:g}"})
    root.tail = None
    return root


def colored(style: str) -> str:
    """Return a style with the page's colours, and without the fonts, which are the page's, too."""
    style = re.sub(r"#0102\w\w", lambda found: f"var(--{COLORS[found[0]]})", style)
    return re.sub(r"font: ([\d.]+px) [^;]*", r"font-size: \1", style)
