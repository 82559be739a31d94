"""Print the lowest versions that pyproject.toml allows of all that the project and its tests need, for pip."""

import re
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9-]+)(\[[a-z,]*\])?>=(?P<floor>[0-9.]+)")


def floors(project: dict) -> dict[str, str]:
    """{package: lowest version}; a requirement without one is an error."""
    extras = project["optional-dependencies"]
    found = {}
    for requirement in [*project["dependencies"], *extras["plot"], *extras["onnx"], *extras["dask"], *extras["test"]]:
        if requirement.startswith(f"{project['name']}["):
            continue
        match = REQUIREMENT.match(requirement)
        if match is None:
            raise SystemExit(f"pyproject.toml: {requirement!r} has no lowest version")
        found[match["name"]] = match["floor"]
    return found


if __name__ == "__main__":
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    for name, floor in floors(tomllib.loads(text)["project"]).items():
        print(f"{name}=={floor}")
