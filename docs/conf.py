"""How Sphinx builds the site; `make docs` runs it. It fetches nothing, and pages load nothing from elsewhere."""

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_gallery.sorting import ExplicitOrder

import fastmlp

sys.path.insert(0, str(Path(__file__).parent))  # for extensions of this folder

project = "fastmlp"
author = "the fastmlp developers"
copyright = author
version = release = fastmlp.__version__

extensions = [
    "cli_options",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["examples", "conftest.py"]
templates_path = ["_templates"]
nitpicky = True
smartquotes = False  # quotes belong to code, in types and defaults

# Pages: Markdown, with the anchors of headings that other viewers make, too.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
copybutton_exclude = ".linenos, .gp, .go"  # prompts and output

# Reference: numpydoc's sections, without types in signatures, which the list of parameters has.
autosummary_generate = False  # pages name what they document
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"  # names of methods alone, which the narrow list beside a page has room for
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # words of types that have no alias
numpydoc_xref_aliases = {
    "bool": "bool",
    "sequence": "collections.abc.Sequence",
    "array-like": "numpy.typing.ArrayLike",
    "np.memmap": "numpy.memmap",
    "numpy.dtype": "numpy.dtype",
    "RandomState": "numpy.random.RandomState",
    "Pipeline": "sklearn.pipeline.Pipeline",
    **{name: f"fastmlp.{name}" for name in ("Model", "Gradient", "MLPClassifier", "MLPRegressor", "TableEncoder")},
    **{name: f"fastmlp.{name}" for name in ("TabularClassifier", "TabularRegressor")},
    **{name: f"fastmlp.features.{name}" for name in ("Features", "Number", "Clipped", "Missing", "Waves", "Bins")},
}
default_role = "py:obj"

# Links to other projects, by lists of the names that are used here: Sphinx reads its old text format from files.
intersphinx_mapping = {
    name: (url, f"inventories/{name}.txt")
    for name, url in {
        "python": "https://docs.python.org/3/",
        "numpy": "https://numpy.org/doc/stable/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
}

# Gallery: each example runs while the site is built, and fails the build where it fails. The order is that in which
# somebody new meets the tasks; the build fails for an example that it lacks.
EXAMPLES = ["table", "threshold", "counts", "quantiles", "learning_curve", "parquet"]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": ExplicitOrder([f"plot_{name}.py" for name in EXAMPLES]),
    "filename_pattern": "plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 3600,  # seconds: pages tell no times, which differ from build to build
    "write_computation_times": False,
    "show_signature": False,
    "doc_module": ("fastmlp",),
    "backreferences_dir": None,
}

html_theme = "pydata_sphinx_theme"
html_title = "fastmlp"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the browser asks for
html_static_path = ["_static"]
html_css_files = ["fastmlp.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {page: [] for page in ("getting_started", "benchmarks", "changelog")}  # which have no pages below them
html_theme_options = {
    "logo": {"text": "fastmlp"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def plain_code(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.TextElement | None:
    """Leave code in single backticks as it is where it names nothing in the reference, such as an argument."""
    return contnode if node.get("reftype") == "obj" else None


def strip_blocks(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out the empty line at the end of a block of code, where a doctest ends in Markdown."""
    for block in doctree.findall(nodes.literal_block):
        if len(block.children) == 1 and isinstance(block[0], nodes.Text):
            block.rawsource = block.astext().rstrip()
            block[0] = nodes.Text(block.rawsource)


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    """Let names of classes in code, such as `Model.fit`, link to the reference, where it has them.

    scikit-learn's classes of the same name are another matter.
    """
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext()
        free = not isinstance(literal.parent, nodes.title | nodes.reference | pending_xref)
        before = "" if literal.previous_sibling() is None else literal.previous_sibling().astext()
        free = free and not before.rstrip().endswith("scikit-learn's")
        if free and re.fullmatch(r"(fastmlp\.([a-z]+\.)?)?[A-Z]\w+(\.\w+)?|fastmlp\.[a-z.]+", name):
            xref = pending_xref("", refdomain="py", reftype="obj", reftarget=name, refdoc=app.env.docname)
            xref["py:module"] = "fastmlp"
            literal.replace_self(xref)
            xref += literal


def setup(app: Sphinx) -> None:
    """Connect what Sphinx calls."""
    app.connect("doctree-read", link_names)
    app.connect("doctree-read", strip_blocks)
    app.connect("missing-reference", plain_code, priority=900)  # after intersphinx
