"""Folders that only their user may have a hand in: who can write is asked of each on the way, links lead nowhere."""

import os
import shutil

import pytest

from fastmlp.system import private_folder
from fastmlp.system.private_folder import PrivateFolder


@pytest.fixture
def root(tmp_path):
    """Return a folder of this user's, with inner/leaf/file in it."""
    root = tmp_path / "root"
    with PrivateFolder(root, "inner", "leaf") as folder:
        folder.write("file", b"mine")
    return root


def content(root):
    """Return what lies in the file, by the names from the root on."""
    with PrivateFolder(root, "inner", "leaf") as folder:
        return folder.read("file")


def linked(path):
    """Make the path a link to what it was."""
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def given_away(path):
    """To another user; by root, as nobody else may do this."""
    os.chown(path, 65534, -1)


PLACES = {"root": ".", "inner": "inner", "leaf": "inner/leaf", "file": "inner/leaf/file"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_what_others_can_write_to_is_refused_and_left_as_it_is(root, place, mode):
    """A sticky root is none of that: others cannot rename what is this user's there."""
    path = root / PLACES[place]
    path.chmod(mode)
    if (place, mode) == ("root", 0o1777):
        assert content(root) == b"mine"
    else:
        with pytest.raises(PermissionError, match=f"other users can write to {path}$"):
            content(root)
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("place", PLACES)
def test_links_are_followed_to_the_root_alone(root, place):
    linked(root / PLACES[place])
    if place == "root":
        assert content(root) == b"mine"
    else:
        with pytest.raises(OSError, match=place):
            content(root)


@pytest.mark.parametrize("place", PLACES)
def test_what_belongs_to_another_user_is_refused(root, place, monkeypatch):
    path = root / PLACES[place]
    if os.geteuid() == 0:
        given_away(path)
    else:  # the first that is asked
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        path = root
    with pytest.raises(PermissionError, match=f"{path} belongs to another user"):
        content(root)


@pytest.mark.parametrize(
    ("make", "message"),
    [(None, "No such file"), (os.mkdir, "is not a regular file"), (os.mkfifo, "is not a regular file")],
)
def test_only_a_file_is_read(root, make, message):
    path = root / "inner/leaf/file"
    path.unlink()
    if make:
        make(path, 0o600)
    with pytest.raises(OSError, match=message):
        content(root)


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_all_that_is_made_is_this_users_alone(tmp_path, umask):
    """Those above the root, too: whoever can rename it decides what it is."""
    former = os.umask(umask)
    try:
        with PrivateFolder(tmp_path / "above" / "root", "inner") as folder:
            folder.write("file", b"mine")
    finally:
        os.umask(former)
    path = tmp_path
    for name in ("above", "root", "inner"):
        path /= name
        assert path.stat().st_mode & 0o777 == 0o700
    assert (path / "file").stat().st_mode & 0o777 == 0o644 & ~umask


def test_a_folder_that_is_exchanged_while_it_is_open(root):
    """The one that was checked is read and written, whatever its path leads to by then."""
    with PrivateFolder(root, "inner", "leaf") as folder:
        linked(root / "inner")
        shutil.copytree(root / "moved", root / "others")
        (root / "inner").unlink()
        (root / "inner").symlink_to("others")
        (root / "others/leaf/file").write_bytes(b"others'")
        assert folder.read("file") == b"mine"
        folder.write("second", b"mine")
        assert folder.takes_files()
    assert os.listdir(root / "others/leaf") == ["file"]
    assert (root / "moved/leaf/second").read_bytes() == b"mine"


def test_no_descriptor_stays_open(root):
    def descriptors():
        return len(os.listdir("/dev/fd"))

    before = descriptors()
    assert content(root) == b"mine"
    (root / "inner/leaf/file").rename(root / "file")
    (root / "inner/leaf/file").mkdir()
    with pytest.raises(OSError, match="is not a regular file"):
        content(root)
    (root / "inner/leaf").chmod(0o777)
    with pytest.raises(PermissionError):
        content(root)
    assert descriptors() == before


def test_where_the_system_has_paths_alone(tmp_path, monkeypatch):
    """As on Windows, where nothing is known of owners, and folders cannot be opened."""
    monkeypatch.setattr(private_folder, "BY_DESCRIPTOR", False)
    monkeypatch.delattr(os, "geteuid")
    assert private_folder.private_name("ours") == "ours"
    with PrivateFolder(tmp_path / "above" / "root", "inner") as folder:
        assert folder.takes_files()
        with pytest.raises(FileNotFoundError):
            folder.read("file")
        for text in (b"one\r\n", b"two"):
            folder.write("file", text)
            assert folder.read("file") == text
    assert os.listdir(tmp_path / "above/root/inner") == ["file"]
