"""The reference of docs/api names every public name, and their docstrings say what a reader needs."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import fastmlp
from fastmlp.activations import ACTIVATIONS
from fastmlp.losses import NAMES

PAGES = Path(__file__).parent.parent / "docs/api"
MODULES = ("rows", "dask", "plot", "features")
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.rst")))
DIRECTIVE = re.compile(
    r"^\.\. auto(?:class|function|exception):: (\S+)\n((?:\n?   \.\. automethod:: \S+)*)", re.MULTILINE
)
DOCUMENTED = {name: re.findall(r"automethod:: (\S+)", methods) for name, methods in DIRECTIVE.findall(TEXT)}
METHODS = [f"{name}.{member}" for name, members in DOCUMENTED.items() for member in members]
OF_OTHERS = {"onnx_parser"}  # public names by which other libraries find out what an estimator can do


def public_names():
    """Return all public classes and functions, by the names under which users find them."""
    names = [f"fastmlp.{name}" for name in fastmlp.__all__ if name not in ("rows", "__version__")]
    for module in MODULES:
        names += [f"fastmlp.{module}.{name}" for name in importlib.import_module(f"fastmlp.{module}").__all__]
    return names


def found(name):
    """Return the object of a dotted name."""
    there = fastmlp
    for k, part in enumerate(parts := name.split("."), start=1):
        if k > 1:  # a module may have the name of a function, which hides it: fastmlp.dask.fit
            there = getattr(there, part) if hasattr(there, part) else importlib.import_module(".".join(parts[:k]))
    return there


def sections(doc):
    """Return the sections of a docstring of numpydoc, and their text."""
    parts = re.split(r"^(\w[\w ]*)\n-+$", doc, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def described(text):
    """Return the names that a section of parameters describes."""
    lines = re.findall(r"^(\w[^:\n]*?)(?: :.*)?$", text, re.MULTILINE)
    return {name.strip() for line in lines for name in line.split(",")}


def parameters_of(there):
    """Return the names of the parameters of a class or function."""
    if inspect.isclass(there) and issubclass(there, BaseException):
        return []
    return [name for name in inspect.signature(there).parameters if name not in ("self", "cls")]


def check_parameters(there):
    """Fail unless the docstring describes each parameter."""
    parameters = parameters_of(there)
    assert not parameters or set(parameters) <= described(sections(inspect.getdoc(there)).get("Parameters", ""))


def test_the_reference_names_all_public_names():
    others = {"fastmlp.importances.FeatureImportances", "fastmlp.cpu.CPUFeatures"}
    types = {name for name in DOCUMENTED if name.startswith("fastmlp.typing.")}
    assert set(DOCUMENTED) - others - types == set(public_names())


@pytest.mark.parametrize("name", public_names())
def test_a_public_docstring_has_its_sections(name):
    there = found(name)
    parts = sections(inspect.getdoc(there))
    assert "Examples" in parts
    if not inspect.isclass(there):
        assert {"Returns", "Raises"} & set(parts)
    elif not issubclass(there, BaseException):
        assert "Attributes" in parts
    if name not in ("fastmlp.Gradient", "fastmlp.rows.Stream"):  # which users are given, or make a subclass of
        check_parameters(there)


@pytest.mark.parametrize("name", METHODS)
def test_a_public_method_says_what_it_takes_and_gives(name):
    there = found(name)
    check_parameters(there)
    returns = inspect.signature(there).return_annotation
    assert returns in (None, "None") or {"Returns", "Yields"} & set(sections(inspect.getdoc(there)))


@pytest.mark.parametrize("name", [name for name in public_names() if hasattr(found(name), "fit")])
def test_the_reference_has_all_methods_of_an_estimator(name):
    estimator = found(name)
    methods = {
        member
        for member, there in inspect.getmembers(estimator, callable)
        if not member.startswith("_") and there.__module__.startswith("fastmlp.")
    }
    assert methods - OF_OTHERS - set(DOCUMENTED[name]) == set()


def test_pages_of_names_have_all_of_them():
    for page, names in (("activations.md", ACTIVATIONS), ("losses.md", NAMES)):
        table = re.findall(r'^\| `"(\w+)"` \|', (PAGES / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(table) == sorted(names)
