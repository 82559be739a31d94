"""A command's outputs must not replace its inputs, or one another, by whatever path they are named."""

import os

import pytest

from fastmlp.cli.output_paths import check_outputs


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make a table, a folder with another, and links of each kind."""
    monkeypatch.chdir(tmp_path)
    for folder in ("folder/year=2013", "elsewhere"):
        os.makedirs(folder)
    for name in ("data.csv", "folder/year=2013/part.csv", "other"):
        (tmp_path / name).write_text("a,y\n1,0\n")
    os.symlink("data.csv", "soft")
    os.symlink("not-yet", "dangling")
    os.symlink("folder", "folder-by-link")
    os.link("data.csv", "hard")
    os.link("folder/year=2013/part.csv", "hard-of-part")
    return tmp_path


@pytest.mark.parametrize("path", ["data.csv", "./elsewhere/../data.csv", "soft", "hard", "{}/data.csv"])
def test_an_output_that_is_an_input(place, path):
    for data in ("data.csv", "soft", "hard"):
        with pytest.raises(ValueError, match=r"^--save .*: is the file of the data"):
            check_outputs({"--save": path.format(place)}, {"data": data})


@pytest.mark.parametrize("path", ["folder/new", "folder/year=2013/part.csv", "folder-by-link/new", "hard-of-part"])
def test_an_output_in_a_folder_that_is_read(place, path):
    for data in ("folder", "folder-by-link"):
        with pytest.raises(ValueError, match=r"^--save .*: is in the folder of the data"):
            check_outputs({"--save": path}, {"data": data})


@pytest.mark.parametrize(("path", "other"), [("new", "elsewhere/../new"), ("other", "other"), ("dangling", "not-yet")])
def test_two_outputs_in_one_file(place, path, other):
    with pytest.raises(ValueError, match=r"^--save .*: is also the file of --plot"):
        check_outputs({"--save": path, "--checkpoint": None, "--plot": other}, {"data": "data.csv"})


def test_outputs_of_their_own(place):
    outputs = {"--save": "new", "--checkpoint": "other", "--plot": "elsewhere/new", "--out": None}
    check_outputs(outputs, {"data": "folder", "model": "data.csv"})
    check_outputs(outputs, {"data": "folder/year=2013/part.csv"})


def test_an_output_in_a_folder_that_is_not_writable(place, monkeypatch):
    monkeypatch.setattr(os, "access", lambda folder, mode: os.path.basename(folder) != "elsewhere")  # root may anything
    with pytest.raises(
        PermissionError, match=r"^--out elsewhere/new: its folder is not writable; name a file elsewhere"
    ):
        check_outputs({"--save": "new", "--out": "elsewhere/new"}, {})


def test_outputs_that_cannot_be_written(place):
    for path, error, words in [
        ("folder", IsADirectoryError, "is a folder"),
        ("", IsADirectoryError, "is a folder"),
        ("nowhere/new", FileNotFoundError, "its folder does not exist"),
    ]:
        with pytest.raises(error, match=f"^--out .*{words}"):
            check_outputs({"--out": path}, {})
