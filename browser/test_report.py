"""Reports in a browser: pages of all kinds, with names that would be code if they were not text."""

import functools

import numpy as np
import pytest

import fastmlp

EVIL = "<script>document.title = 'taken'</script>"
N = 300


@functools.cache
def report_on(kind):
    """Return a report on a small model."""
    random = np.random.default_rng(0)
    columns = {EVIL: random.standard_normal(N), "größe <b>": random.standard_normal(N)}
    columns |= {"kind": np.array(["</svg><script>alert(1)</script>", "b", "c"])[np.arange(N) % 3]}
    columns |= {"long " * 40 + str(k): random.standard_normal(N) for k in range(30)}
    x = columns[EVIL]
    X, settings = as_table(columns), {"n_members": 1, "random_state": 0}
    if kind == "two classes":
        model, y = fastmlp.TabularClassifier(**settings), np.where(x > 0, EVIL, "no")
    elif kind == "26 classes":
        y = np.array([f"class {chr(65 + k)} <i>" for k in range(26)])[np.arange(N) % 26]
        model = fastmlp.TabularClassifier(**settings)
    elif kind == "numbers":
        model, y = fastmlp.TabularRegressor(**settings), 1000 * x
    elif kind == "counts":
        model, y = fastmlp.TabularRegressor(loss="poisson", **settings), random.poisson(np.exp(x))
    else:
        model, y = fastmlp.TabularRegressor(loss="quantile", quantile=[0.1, 0.5, 0.9], **settings), x
    return fastmlp.report(model.fit(X, y), X, y, n_repeats=1)


def as_table(columns):
    """Return columns as an Arrow table."""
    import pyarrow

    return pyarrow.table(columns)


@pytest.fixture
def open_report(visit, tmp_path):
    """Return a function that opens a report of a kind, with all its parts unfolded."""

    def opened(kind, *rest):
        path = tmp_path / "a report <i>.html"
        report_on(kind).save(path)
        page = visit(path.as_uri(), *rest)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        return page

    return opened


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("kind", ["two classes", "26 classes", "numbers", "counts", "quantiles"])
def test_a_report_has_no_fault_and_fits_its_window(
    open_report, grave_faults, scrolls_sideways, kind, width, scheme
):  # fmt: skip
    page = open_report(kind, width, scheme)
    assert not grave_faults(page)
    assert not scrolls_sideways(page)
    assert page.title() == "Report on y"
    pictures = page.locator("svg").all()
    assert len(pictures) >= 8
    for picture in pictures:
        box = picture.bounding_box()
        assert 250 < box["width"] <= width
        assert box["height"] > 60
        assert len(picture.get_attribute("aria-label")) > 40


def test_names_stay_text(open_report):
    page = open_report("two classes")
    assert page.locator("script, main b, main i, img").count() == 0
    assert page.get_by_role("row").get_by_text(EVIL, exact=True).count() > 0
    assert page.locator("svg text").get_by_text("<script>docu", exact=False).count() > 0


def test_pictures_change_their_colours_with_the_page(open_report):
    ink = "getComputedStyle(document.querySelector('svg text')).fill"
    light, dark = (open_report("numbers", 1280, scheme).evaluate(ink) for scheme in ("light", "dark"))
    assert light == "rgb(27, 31, 36)"
    assert dark == "rgb(228, 232, 236)"


def test_keys_lead_through_the_page(open_report):
    page = open_report("numbers")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#figures")


def test_a_printed_page_is_light_and_has_no_table_of_contents(open_report):
    page = open_report("numbers", 1280, "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('svg text')).fill") == "rgb(27, 31, 36)"
