"""The catalogue is complete, each case names a test that is there, and the table in the documentation says the same."""

import ast

from cases import HEADINGS, LAST, ROOT, registered, table


def functions(path):
    """Names of the tests of a file."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_number_is_there():
    assert list(registered()) == list(range(1, LAST + 1))
    assert set(HEADINGS) < set(registered())


def test_every_case_has_its_test():
    for number, case in registered().items():
        file, _, name = case.test.partition("::")
        assert (ROOT / file).exists(), f"case {number}: {file}"
        assert not name or name in functions(ROOT / file), f"case {number}: {case.test}"


def test_the_table_in_the_documentation_is_this_one():
    """`python tests/catalogue/cases.py` prints it."""
    text = (ROOT / "docs/how_it_works/reliability.md").read_text()
    begin, end = "<!-- the catalogue -->\n", "<!-- end of the catalogue -->"
    assert text.split(begin)[1].split(end)[0].strip() == table().strip()
