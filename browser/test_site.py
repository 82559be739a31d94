"""The built site in a browser: main pages on a laptop and on a phone, in light and dark, and the search."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

BUILT = Path(__file__).parents[1] / "build/docs"
PAGES = [
    "index.html", "getting_started.html", "guide/index.html", "guide/tables.html", "auto_examples/index.html",
    "auto_examples/plot_table.html", "api/index.html", "api/dask.html", "api/mlp_classifier.html",
    "api/tabular_classifier.html", "api/command_line.html", "how_it_works/derivation.html",
    "how_it_works/reliability.html", "how_it_works/performance.html", "benchmarks.html", "changelog.html",
]  # fmt: skip


@pytest.fixture(scope="session")
def site():
    """Return the address under which the built pages are served."""
    assert (BUILT / "index.html").exists(), "no site in build/docs: make docs"
    handler = functools.partial(QuietHandler, directory=BUILT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A handler that prints no line for each request."""

    def log_message(self, *args):
        """Print nothing."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_and_fits_its_window(site, visit, grave_faults, scrolls_sideways, path, width, scheme):
    page = visit(f"{site}/{path}", width, scheme)
    assert not grave_faults(page)
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("words", ["class weights", "early stopping", "out of memory", "bfloat16"])
def test_the_search_finds(site, visit, words):
    page = visit(f"{site}/search.html?q={words.replace(' ', '+')}")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").count()
    assert found > 0
