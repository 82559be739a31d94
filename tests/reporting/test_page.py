"""The page itself: text stays text, nothing comes from elsewhere, and pictures are told in words."""

import re

import matplotlib
import numpy as np
import pyarrow
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from pages import Page

import fastmlp
from fastmlp import MLPClassifier, Model, TabularClassifier
from fastmlp.feature_parts import Clipped, Missing
from fastmlp.features import Features
from fastmlp.reporting.confusion import MOST_LABELLED, draw
from fastmlp.reporting.html import table, written
from fastmlp.reporting.picture import COLORS, picture

EVIL = [
    "<script>alert(1)</script>", "</svg></title><img src=x onerror=alert(1)>", "a\"b'c&amp;d", "größe €日本", "$x^2$",
    "a$b", "tab\tand\x00nul\x1b", "x" * 3000, " ",
]  # fmt: skip
n = 120
random = np.random.default_rng(0)


@pytest.fixture(scope="module")
def evil():
    """Make a report whose columns, classes and categories have names that would be code if they were not text."""
    table = {name: random.standard_normal(n) for name in EVIL}
    table["<b>kind</b>"] = np.array(["<i>", "</text>", "&lt;", "]]>"])[np.arange(n) % 4]
    y = np.where(table["$x^2$"] > 0, "<script>yes</script>", "<i>never</i>")
    model = TabularClassifier(n_members=1, random_state=0).fit(pyarrow.table(table), y)
    return fastmlp.report(model, pyarrow.table(table), y, n_repeats=1)


def test_names_stay_text(evil):
    page = Page(evil.html)
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"script", "img", "i", "b", "iframe", "object", "embed"})
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    columns = [row[1] for row in page.table("Columns")]
    assert columns[:6] == [EVIL[0], EVIL[1], EVIL[2], EVIL[3], EVIL[4], EVIL[5]]
    assert columns[6] == "tab\\tand\\x00nul\\x1b"
    assert len(columns[7]) == 59  # the long one
    assert columns[8] == "' '"
    assert "share of <script>yes</script>" in evil.figures
    assert any("ROC curve of <script>yes</script>" in text for text in page.alternatives())


def test_nothing_comes_from_elsewhere(evil):
    page = Page(evil.html)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,")), (tag, attributes)
        assert "url(" not in re.sub(r"url\(#[^)]+\)", "", " ".join(filter(None, attributes.values())))
    (style,) = re.findall("<style>(.*?)</style>", evil.html, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'")


def test_those_who_do_not_see_it_find_their_way(evil):
    page = Page(evil.html)
    assert [level for level, _ in page.headings] == [1] + [2] * (len(page.headings) - 1)
    ids = [attributes["id"] for tag, attributes in page.tags if "id" in attributes and tag in ("h2", "main")]
    assert len(ids) == len({*ids})
    links = [attributes["href"][1:] for tag, attributes in page.tags if tag == "a"]
    assert links == ["report", *(name for name in ids if name != "report")]
    assert next(attributes for tag, attributes in page.tags if tag == "html") == {"lang": "en"}
    assert len(page.pictures()) == 10
    for each in page.pictures():
        assert each["role"] == "img"
        assert float(each["width"]) == float(each["viewbox"].split()[2]) > 0
        assert float(each["height"]) == float(each["viewbox"].split()[3]) > 0
        assert len(each["aria-label"]) > 40
    for tag, attributes in page.tags:
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
    used = {
        ref
        for _, attributes in page.tags
        for value in attributes.values()
        for ref in re.findall(r"url\(#(.+?)\)", value or "")
    }
    used |= {attributes["href"][1:] for tag, attributes in page.tags if tag == "use"}
    assert used <= {attributes["id"] for _, attributes in page.tags if "id" in attributes}


def test_pictures_have_the_colours_of_the_page(evil):
    assert not re.search("#0102[0-9a-f]{2}", evil.html)
    assert {"var(--ink)", "var(--series-1)", "var(--line)"} <= {*re.findall(r"var\(--[\w-]+\)", evil.html)}
    (style,) = re.findall("<style>(.*?)</style>", evil.html, re.DOTALL)
    light, dark = style.split("prefers-color-scheme: dark")
    for name in COLORS.values():
        assert f"--{name}: #" in light
        assert f"--{name}: #" in dark


def test_the_same_rows_and_seed_give_the_same_bits():
    X = random.standard_normal((n, 3))
    y = X[:, 0] > 0
    model = Model([3, 4, 1]).fit(X, y, epochs=2)
    first = fastmlp.report(model, X, y, n_repeats=1)
    assert fastmlp.report(model, X, y, n_repeats=1).html == first.html
    assert fastmlp.report(model, X, y, n_repeats=1, random_state=1).html != first.html


def test_the_users_pyplot_is_as_it_was():
    matplotlib.use("Agg")
    axes = pyplot.figure().gca()
    figures = pyplot.get_fignums()  # of other tests, too
    with matplotlib.rc_context({"font.size": 33, "text.usetex": True, "svg.fonttype": "path", "axes.facecolor": "red"}):
        settings = dict(matplotlib.rcParams)
        made = picture(lambda ax: ax.plot([0, 1], label="one"), "Title", "Caption", "Alt")
        assert dict(matplotlib.rcParams) == settings
    assert pyplot.get_fignums() == figures
    assert pyplot.gca() is axes
    assert not axes.lines
    assert written(made) == written(picture(lambda ax: ax.plot([0, 1], label="one"), "Title", "Caption", "Alt"))
    pyplot.close("all")


def test_a_history_that_is_not_finite():
    X = random.standard_normal((n, 3))
    y = X[:, 0] > 0
    model = Model([3, 4, 1]).fit(X, y, epochs=3, validation_fraction=0.2)
    model.history[1]["loss"] = model.history[1]["validation_loss"] = float("nan")
    page = Page(fastmlp.report(model, X, y, n_repeats=1).html)
    assert "1 epoch has a loss that is not finite" in page.text
    for record in model.history:
        record["loss"] = float("inf")
    page = Page(fastmlp.report(model, X, y, n_repeats=1).html)
    assert "No loss of the history is finite" in page.text


def test_without_a_history():
    X = random.standard_normal((n, 3))
    y = X[:, 0] > 0
    model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    assert (
        "There is no learning curve: MLPClassifier with solver='lbfgs'" in Page(fastmlp.report(model, X, y).html).text
    )


def test_the_parts_of_features_are_among_the_settings(undrawn):
    X = random.standard_normal((n, 2))
    model = Model([2, 4, 1], features=Features(2, (Clipped(0), Missing(1)))).fit(X, X[:, 0] > 0, epochs=1)
    page = Page(fastmlp.report(model, X, X[:, 0] > 0, n_repeats=1).html)
    assert "features" in page.text
    assert "Missing(column=1)" in page.text


def test_a_picture_of_more_classes_than_it_can_name_has_no_ticks():
    K = MOST_LABELLED + 1
    ax = Figure().subplots()
    draw(ax, np.eye(K), np.eye(K), [str(k) for k in range(K)])
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


def test_many_classes_that_are_all_found(undrawn):
    K = 12
    y = np.repeat(np.arange(K), 3)
    model = Model([K, K])
    model.parameters[:] = 0
    model.weights[0][:] = 50 * np.eye(K)
    model.history.append({"epoch": 1, "loss": 1.0})
    X = np.eye(K)[y]
    page = Page(fastmlp.report(model, X, y, n_repeats=1).html)
    assert "No class is taken for another." in page.text
    one = Page(fastmlp.report(model, X[:3], y[:3], n_repeats=1).html)
    assert "No class has both rows of it and others among the scored rows: curves are undefined." in one.text


def test_the_history_of_a_tabular_estimator_is_in_its_file(tmp_path):
    X = random.standard_normal((n, 3))
    y = X[:, 0] > 0
    model = TabularClassifier(n_members=2, random_state=0).fit(X, y)
    model.save(tmp_path / "m")
    pages = [
        Page(fastmlp.report(one, X, y, n_repeats=1).html) for one in (model, TabularClassifier.load(tmp_path / "m"))
    ]
    curves = [next(text for text in page.alternatives() if text.startswith("Learning curve of ")) for page in pages]
    assert curves[0] == curves[1]


def test_tables_tell_columns_and_rows_apart():
    page = Page(f"{written(table('About', ['a', 'b'], [['x', '1']]))}".removeprefix("<!DOCTYPE html>\n"))
    assert page.tables == {"About": [["a", "b"], ["x", "1"]]}
    cells = [
        (tag, attributes.get("scope"), attributes["class"]) for tag, attributes in page.tags if tag in ("th", "td")
    ]
    assert cells == [("th", "col", "text"), ("th", "col", "number"), ("th", "row", "text"), ("td", None, "number")]


def test_notebooks_show_it_in_a_frame_of_its_own(evil):
    frame = Page(evil._repr_html_())
    ((tag, attributes),) = frame.tags
    assert tag == "iframe"
    assert attributes["srcdoc"] == evil.html


def test_it_is_saved_in_one_step(tmp_path, evil):
    path = tmp_path / "report.html"
    path.write_text("old")
    evil.save(path)
    assert path.read_text(encoding="utf-8") == evil.html
    with pytest.raises(OSError, match="No such file"):
        evil.save(tmp_path / "no folder" / "report.html")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
