"""Files replaced in one step: a fault or a kill at any system call leaves the old file or the new one, complete."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faults import FaultyOs

from fastmlp.cli.predict import table_writer
from fastmlp.system import atomic_write as module_of_it
from fastmlp.system import temporaries
from fastmlp.system.atomic_write import replaced

OLD, NEW = b"old", b"new" * 200_000
LEFT = ".m.0123456789abcdef.fastmlp-new"


def write(path, content=NEW):
    with replaced(path) as file:
        file.write(content[:5])
        file.write(content[5:])


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(OLD)
    return path


def with_faults(monkeypatch, target, fault, kinds=("before", "after")):
    """Save again and again, the k-th system call failing; yields (name of the call, kind, error or None)."""
    for kind in kinds:
        for k in range(1000):
            target.write_bytes(OLD)
            faulty = FaultyOs(k, fault, kind)
            with monkeypatch.context() as patch:
                for module in (module_of_it, temporaries):
                    patch.setattr(module, "os", faulty)
                patch.setattr(temporaries, "fcntl", faulty)
                try:
                    write(target)
                    error = None
                except BaseException as caught:
                    error = caught
            if faulty.failed is None:
                assert error is None
                break
            yield faulty.failed, kind, error


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_an_error_of_each_system_call(monkeypatch, target, code):
    seen = set()
    for call, kind, error in with_faults(monkeypatch, target, lambda: OSError(code, os.strerror(code)), ["before"]):
        seen.add(call)
        at, in_place = f"{call} {kind}", target.read_bytes()
        assert os.listdir(target.parent) == ["m"], at
        if error is None:  # of what is not needed for the file itself
            assert in_place == NEW, at
            assert call in ("listdir", "flock") or (call == "open" and code == errno.EACCES), at
        else:
            assert isinstance(error, OSError), at
            assert error.errno == code, at
            assert call in ("stat", "close", "fstat", "access") or error.filename == str(target) or in_place == NEW, at
            assert in_place == OLD or (call in ("open", "fsync", "close") and in_place == NEW), at
    assert seen >= {"stat", "access", "listdir", "open", "flock", "fstat", "write", "fsync", "replace", "close"}


def test_ctrl_c_at_each_system_call(monkeypatch, target):
    seen = set()
    for call, kind, error in with_faults(monkeypatch, target, KeyboardInterrupt):
        seen.add((call, kind))
        assert isinstance(error, KeyboardInterrupt), (call, kind)
        assert target.read_bytes() in (OLD, NEW), (call, kind)
        assert os.listdir(target.parent) == ["m"], (call, kind)
    assert {("open", "after"), ("write", "after"), ("replace", "before"), ("replace", "after")} <= seen


def test_short_writes(monkeypatch, target):
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: real(handle, bytes(data)[:7777]))
        write(target)
    assert target.read_bytes() == NEW


def test_a_file_kept_too_long(target):
    with replaced(target) as file:
        file.write(NEW)
    with pytest.raises(OSError, match="descriptor"):
        file.write(b"late")
    assert target.read_bytes() == NEW


def test_an_error_of_the_caller(target):
    def fails():
        with replaced(target) as file:
            file.write(NEW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["m"]


def test_everything_is_on_disk_before_the_name_changes(monkeypatch, target):
    faulty = FaultyOs(10**6, OSError, "before")
    monkeypatch.setattr(module_of_it, "os", faulty)
    write(target)
    calls = [call for call in faulty.calls if call in ("write", "fsync", "replace")]
    assert calls[-4:] == ["write", "fsync", "replace", "fsync"]


KILLED = """
import os, sys
from faults import FaultyOs, killed
from fastmlp.system import atomic_write as module, temporaries
path, kind = sys.argv[1:]
for k in range(1000):
    child = os.fork()
    if child == 0:
        faulty = FaultyOs(k, killed, kind)
        module.os = temporaries.os = temporaries.fcntl = faulty
        with module.replaced(path) as file:
            file.write(b"new" * 200_000)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    left = [name for name in os.listdir(os.path.dirname(path)) if name != os.path.basename(path)]
    print(os.WIFSIGNALED(status), len(open(path, "rb").read()), len(left), flush=True)
    if not os.WIFSIGNALED(status):
        break
    with module.replaced(path) as file:
        file.write(b"old")
    assert len(os.listdir(os.path.dirname(path))) == 1, left
"""


@pytest.mark.parametrize("kind", ["before", "after"])
def test_killed_at_each_system_call(target, kind):
    folders = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(target), kind], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = [line.split() for line in done.stdout.splitlines()]
    assert len(found) > 12
    assert found[-1] == ["False", str(len(NEW)), "0"]
    assert {size for _, size, _ in found} == {str(len(OLD)), str(len(NEW))}
    assert any(left == "1" for *_, left in found), "what was left is removed by the next save"


def test_what_was_left_behind_goes_and_nothing_else(target):
    folder = target.parent
    others = [".m.0123456789abcde.fastmlp-new", ".m.0123456789abcdef", ".mm.0123456789abcdef.fastmlp-new", "x" + LEFT]
    for name in [LEFT, *others]:
        (folder / name).write_bytes(b"part")
    (folder / LEFT.replace("0", "a")).symlink_to(folder / others[0])
    (folder / LEFT.replace("0", "b")).mkdir()
    write(target)
    assert not (folder / LEFT).exists()
    assert all((folder / name).exists() for name in others)


def test_a_save_that_goes_on_is_left_alone(target):
    """Of this process and of another."""
    with replaced(target) as outer:
        outer.write(b"outer")
        write(target, b"inner")
        assert target.read_bytes() == b"inner"
        code = "from fastmlp.system.atomic_write import replaced\n"
        code += f"with replaced({str(target)!r}) as file: file.write(b'other')"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
        assert target.read_bytes() == b"other"
        assert len(os.listdir(target.parent)) == 2
    assert target.read_bytes() == b"outer"
    assert os.listdir(target.parent) == ["m"]


def test_a_temporary_taken_for_left_behind_before_it_was_locked(monkeypatch, target):
    """Another save gets in between open and flock; then a new temporary is made."""
    real, taken = temporaries.lock, []

    def lock(handle):
        if not taken:
            taken.extend(name for name in os.listdir(target.parent) if name != "m")
            temporaries.remove_left_behind(str(target))
        return real(handle)

    monkeypatch.setattr(temporaries, "lock", lock)
    write(target)
    assert len(taken) == 1
    assert target.read_bytes() == NEW
    assert os.listdir(target.parent) == ["m"]


def test_many_threads_save_to_one_path(target):
    errors = []

    def save(content):
        try:
            for _ in range(20):
                write(target, content)
                assert len(set(target.read_bytes())) == 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(bytes([n]) * 100_000,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert os.listdir(target.parent) == ["m"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_mode_bits_of_a_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        (tmp_path / "plain").write_bytes(b"")
        write(tmp_path / "m")
    finally:
        os.umask(before)
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o666, 0o755])
def test_mode_bits_of_an_old_file_stay(target, mode):
    target.chmod(mode)
    with replaced(target) as file:
        file.write(NEW)
        (temporary,) = (path for path in target.parent.iterdir() if path != target)
        assert stat.S_IMODE(temporary.stat().st_mode) & ~mode == 0, "nobody may read more meanwhile"
    assert stat.S_IMODE(target.stat().st_mode) == mode


def test_links(target):
    folder = target.parent
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to(target)
    write(folder / "one")
    assert (folder / "one").is_symlink()
    assert (folder / "two").is_symlink()
    assert target.read_bytes() == NEW
    (folder / "dangling").symlink_to(folder / "born")
    write(folder / "dangling")
    assert (folder / "born").read_bytes() == NEW
    (folder / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        write(folder / "loop")
    assert (folder / "loop").is_symlink()


def test_targets_that_cannot_be_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    for path, error in {
        "": IsADirectoryError, ".": IsADirectoryError, "file/m": NotADirectoryError,
        "none/m": FileNotFoundError, "pipe": OSError, "/dev/full": OSError, "/proc/self/m": OSError,
    }.items():  # fmt: skip
        with pytest.raises(error):
            write(tmp_path / path)
    assert sorted(os.listdir(tmp_path)) == ["file", "pipe"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_long_and_odd_names(tmp_path):
    for name in ("x" * 255, "ü" * 127, "[a]*.{3}", "new\nline", " "):
        write(tmp_path / name)
        write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == NEW
        assert os.listdir(tmp_path) == [name]
        (tmp_path / name).unlink()
    write(os.fsencode(tmp_path / "bytes"))
    assert (tmp_path / "bytes").read_bytes() == NEW


FULL = """
import resource, signal, sys
from fastmlp import Model
model = Model([100, 100, 1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    model.save(sys.argv[1])
except OSError as error:
    print(error.errno)
"""


def test_a_disk_that_is_full(target):
    """A real one, as far as the kernel is concerned: no file may grow beyond 20 kB."""
    done = subprocess.run([sys.executable, "-c", FULL, str(target)], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([str(errno.EFBIG)], "")
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["m"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predictions_are_replaced_in_one_step(tmp_path, suffix):
    path = tmp_path / f"p{suffix}"
    path.write_bytes(OLD)

    def fails():
        with table_writer(path) as write_table:
            write_table({"a": [1, 2]})
            assert path.read_bytes() == OLD
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert path.read_bytes() == OLD
    with table_writer(path) as write_table:
        write_table({"a": [1, 2]})
        write_table({"a": [3]})
    assert path.read_bytes() != OLD
    assert os.listdir(tmp_path) == [path.name]


def test_killed_at_random_moments(tmp_path):
    program = Path(__file__).parents[1] / "killed_saves.py"
    done = subprocess.run(
        [sys.executable, program, tmp_path, "10", "1"], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("10 kills")
