"""Pages in a browser: `make test-browser`, outside CI. It needs Chromium (Debian: apt-get install chromium).

CHROMIUM names its program, where it is not on the path. Each page that a test visits must load nothing from elsewhere
and leave its console without errors.
"""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDE, NARROW = 1280, 390  # pixels: of a laptop, and of a phone
HEIGHT = 900
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="session")
def chromium():
    """Return a browser without a window."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert program, "no Chromium: install it (apt-get install chromium), or name its program by CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Return a function that opens a page, in a window of a width, with light or dark colours; check what it did."""
    contexts, problems = [], []

    def opened(url, width=WIDE, scheme="light"):
        context = chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
        page.on("response", lambda answer: answer.status >= 400 and problems.append(f"{answer.status}: {answer.url}"))
        page.on("request", lambda request: is_elsewhere(request.url) and problems.append(f"asks for {request.url}"))
        page.goto(url, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def is_elsewhere(url):
    """Return whether a browser would need the network for it."""
    return not url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:"))


@pytest.fixture(scope="session")
def grave_faults():
    """Return a function that lists what axe-core finds wrong with a page, where it is serious or critical."""
    axe = Axe()  # which, to preload style sheets, would ask for those that they import under wrong addresses

    def found(page):
        return [
            f"{fault['impact']}: {fault['id']}: {node['html'][:200]}"
            for fault in axe.run(page, options={"preload": False}).response["violations"]
            if fault["impact"] in GRAVE
            for node in fault["nodes"]
        ]

    return found


@pytest.fixture(scope="session")
def scrolls_sideways():
    """Return a function that tells whether a page is wider than its window."""
    return lambda page: page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
