"""Check what distributions hold: the source all that git tracks, the wheel the package alone, and nothing else.

Call it as: python .ci/packed.py FOLDER
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# What setuptools adds to a source distribution: the metadata, and the settings of a build.
ADDED = ("PKG-INFO", "setup.cfg", "src/fastmlp.egg-info/")


def differences(name: str, packed: set[str], expected: set[str]) -> list[str]:
    """Say which files should be packed and are not, and the other way round."""
    found = {"lacks": sorted(expected - packed), "should not hold": sorted(packed - expected)}
    return [f"{name} {verb} {len(files)} files: {', '.join(files[:5])}" for verb, files in found.items() if files]


def main(folder: Path) -> int:
    """Compare the one source distribution and the one wheel in a folder with what git tracks."""
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    tracked = set(listed.split("\0")) - {""}  # without -z, git quotes names that are not ASCII
    with tarfile.open(source) as archive:
        packed = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    wrong = differences(source.name, {file for file in packed if not file.startswith(ADDED)}, tracked)
    with zipfile.ZipFile(wheel) as archive:
        packed = {file for file in archive.namelist() if ".dist-info/" not in file}
    package = {file.removeprefix("src/") for file in tracked if file.startswith("src/")}
    wrong += differences(wheel.name, packed, package)
    print("\n".join(wrong) or f"{source.name}: {len(tracked)} files; {wheel.name}: {len(package)} files")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
