"""Damaged and hostile model files: a ModelFormatError at once, no code run, little memory, whatever the bytes."""

import copy
import json
import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from model_files import assemble, compact, mutated, signed, taken_apart, with_nasty_values

from fastmlp import Adam, Model, ModelFormatError, TableEncoder
from fastmlp.saving import container
from fastmlp.saving.history import as_arrays, check_arrays, check_records

random = np.random.default_rng(0)


def small_model(seed=0):
    """Return a model with everything that a file can keep."""
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"n": [1.0, None, 2.5], "c": ["a", "ü", None]})
    encoder = TableEncoder().fit(table)
    model = Model([encoder.encoding_.n_features_out, 2, 1], "tanh", seed=seed)
    X = np.random.default_rng(1).standard_normal((20, model.widths[0]))
    model.fit(X, X[:, 0] > 0, epochs=1, optimizer=Adam())
    model.scaling = X.mean(axis=0), 1 / X.std(axis=0)
    model.encoding, model.feature_names, model.target_name, model.classes = encoder, ["n", "c"], "y", ["no", "yes"]
    return model


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m"
    small_model().save(path)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path):
    """Return a function that loads bytes, and demands a ModelFormatError that names the file."""

    def check(content, match="model.bin"):
        (tmp_path / "model.bin").write_bytes(content)
        with pytest.raises(ModelFormatError, match=match) as caught:
            Model.load(tmp_path / "model.bin")
        assert str(caught.value).startswith(str(tmp_path / "model.bin"))

    return check


def test_the_format_is_the_documented_one(whole, tmp_path):
    """A file put together by hand, from the documentation, is the same byte for byte."""
    assert assemble(*taken_apart(whole)) == whole
    (tmp_path / "m").write_bytes(assemble(*taken_apart(whole)))
    Model.load(tmp_path / "m")


def test_truncated_at_every_byte(whole, refused):
    for size in range(len(whole)):
        refused(whole[:size])


def test_one_bit_flipped_in_every_byte(whole, refused):
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(random.integers(8))
        refused(broken)


def test_random_damage(whole, refused, tmp_path):
    small_model(seed=9).save(tmp_path / "other")
    other = (tmp_path / "other").read_bytes()
    for _ in range(1000):
        broken = mutated(whole, other, random)
        if broken not in (whole, other):
            refused(broken)


@pytest.mark.parametrize(
    ("length", "match"), [(2**60, "1,152,921,504,606,846,976"), (2**64 - 1, "header would have"), (0, "header")]
)
def test_header_s_length(whole, refused, length, match):
    refused(length.to_bytes(8, "little") + whole[8:], match)


class Payload:
    """Pickled code: it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_in_disguise(refused, tmp_path):
    bomb = pickle.dumps(Payload(tmp_path / "ran"))
    refused(bomb)
    refused(len(bomb).to_bytes(8, "little") + bomb)
    refused(signed(compact({"__metadata__": {"fastmlp": bomb.decode("latin1"), "sha256": "0" * 64}}).encode(), bomb))
    np.save(tmp_path / "array.npy", np.array([Payload(tmp_path / "ran")], object), allow_pickle=True)
    refused((tmp_path / "array.npy").read_bytes())
    assert not (tmp_path / "ran").exists()
    pickle.loads(bomb)
    assert (tmp_path / "ran").exists(), "the payload works"


def test_newer_versions(whole, refused):
    description, tensors = taken_apart(whole)
    refused(assemble({**description, "version": container.FORMAT_VERSION + 1}, tensors), "upgrade")
    refused(assemble({**description, "version": 10**30, "new": 3}, tensors), "upgrade")
    for version in (None, True, 0, -1, 1, 2, 5.0, "5"):
        refused(assemble({**description, "version": version}, tensors), "version")
    del description["version"]
    refused(assemble(description, tensors), "no format version")


OTHER_SPELLINGS = {
    "a space": (b'{"data_offsets"', b'{ "data_offsets"'),
    "another order": (b'{"data_offsets":[0,40],"dtype":"F64",', b'{"dtype":"F64","data_offsets":[0,40],'),
    "an escape": (b'"F64"', b'"\\u004664"'),
    "twice the same key": (b'{"data_offsets":[0,40],', b'{"data_offsets":[0,40],"data_offsets":[0,40],'),
    "another key": (b'{"data_offsets"', b'{"device":"cpu","data_offsets"'),
}
NO_SPELLINGS = {
    "a leading zero": (b"[0,40]", b"[0,040]"),
    "NaN": (b"[0,40]", b"[NaN,40]"),
    "infinity": (b"[0,40]", b"[0,Infinity]"),
    "a large exponent": (b"[0,40]", b"[0,1e999]"),
    "too many digits": (b"[0,40]", b"[0," + b"9" * 5000 + b"]"),
    "a list too deep": (b"[0,40]", b"[" * 50_000 + b"]" * 50_000),
    "no UTF-8": (b'"F64"', b'"F\xff4"'),
    "a lone surrogate": (b'"F64"', b'"\\ud800"'),
    "a mark of order": (b'{"__meta', b'\xef\xbb\xbf{"__meta'),
    "a byte behind": (b"]}}", b"]}}x"),
}


def respelled(whole, old, new):
    """Return the file with another header, under a digest that fits."""
    length = int.from_bytes(whole[:8], "little")
    header, data = whole[8 : 8 + length], whole[8 + length :]
    assert old in header
    blank = bytearray(header.replace(old, new, 1))
    place = blank.index(b'","sha256":"') + 12
    blank[place : place + 64] = b"0" * 64
    return signed(bytes(blank).rstrip(b" "), data)


@pytest.mark.parametrize("name", NO_SPELLINGS)
def test_what_is_no_such_header(whole, refused, name):
    refused(respelled(whole, *NO_SPELLINGS[name]), "header|tensor")


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_another_spelling_says_the_same(whole, tmp_path, name):
    """As another program may write it."""
    (tmp_path / "m").write_bytes(respelled(whole, *OTHER_SPELLINGS[name]))
    Model.load(tmp_path / "m").save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == whole


def test_spelling_of_the_description(whole, refused):
    description, tensors = taken_apart(whole)
    text = compact(description)
    changes = {
        '"version":6': '"version":6.0', '"epsilon":1e-08': '"epsilon":NaN', '"seed":0': '"seed":00',
    }  # fmt: skip
    for old, new in changes.items():
        assert old in text
        refused(assemble(text.replace(old, new, 1), tensors), "JSON|version|header")
    for text in ("", "3", "[]", "null", '"', "[" * 10_000, '{"version":6}' + " "):
        refused(assemble(text, tensors))


ENTRIES = {
    "overflow": {"shape": [2**32, 2**32], "data_offsets": [0, 0]},
    "more overflow": {"shape": [2**62, 4]},
    "hidden overflow": {"shape": [2**40, 2**40, 0], "data_offsets": [0, 0]},
    "negative": {"shape": [-1]},
    "negative twice": {"shape": [-1, -7]},
    "true": {"shape": [True]},
    "float": {"shape": [5.0]},
    "text": {"shape": "5"},
    "many dimensions": {"shape": [1] * 9},
    "too long": {"shape": [6]},
    "too short": {"shape": [4]},
    "backwards": {"data_offsets": [40, 0]},
    "before the data": {"data_offsets": [-40, 0]},
    "behind the data": {"data_offsets": [2**40, 2**40 + 40]},
    "overlap": {"data_offsets": [8, 48]},
    "one offset": {"data_offsets": [0]},
    "unknown dtype": {"dtype": "BF16"},
    "objects": {"dtype": "O"},
    "a dtype of another size": {"dtype": "F32"},
    "a list as dtype": {"dtype": ["F64"]},
}


@pytest.mark.parametrize("name", ENTRIES)
def test_places_and_shapes(whole, refused, name):
    description, tensors = taken_apart(whole)
    refused(assemble(description, tensors, factor=ENTRIES[name]), "tensor")


def test_more_of_tensors(whole, refused):
    description, tensors = taken_apart(whole)
    entry = {"data_offsets": [0, 40], "dtype": "F64", "shape": [5]}
    refused(assemble(description, tensors, same_place=entry), "behind the tensor before it")
    padding = {**tensors, "z": np.zeros(1000, np.uint8)}
    end = sum(array.nbytes for array in padding.values())
    entry = {"data_offsets": [end, end], "dtype": "U8", "shape": [1000] * 7 + [0]}
    refused(assemble(description, padding, zz=entry), "behind the tensor before it")
    for name in ("../x", "/etc/passwd", "A", "x y", "", "a/b", "..", "ü", "a" * 3 + "\x00"):
        refused(assemble(description, tensors, **{name: {"data_offsets": [0, 0], "dtype": "U8", "shape": [0]}}), "name")
    header = compact({"__metadata__": {"fastmlp": compact(description), "sha256": "0" * 64}}).encode()
    refused(signed(header, b"x"), "there are 1 bytes of data")
    for metadata in ({}, [], None, {"fastmlp": 3}, {"fastmlp": compact(description)}, {"sha256": "0" * 64}):
        refused(signed(compact({"__metadata__": metadata}).encode(), b""))
    refused(signed(compact({"__metadata__": {"fastmlp": compact(description), "sha256": "Z" * 64}}).encode(), b""))
    for name in ("parameters", "moments", "shift", "factor", "history.numbers", "history.kinds"):
        assert name in tensors
        broken = {key: array for key, array in tensors.items() if key != name}
        if name != "moments":
            refused(assemble(description, broken))
        refused(assemble(description, {**broken, name: tensors[name][:-1]}))
        refused(assemble(description, {**broken, name: tensors[name].astype("i8")}))
        if name != "history.kinds":
            bad = tensors[name].copy()
            bad.flat[0] = np.nan
            refused(assemble(description, {**broken, name: bad}))


WRONG = {
    "t": [("optimizer", "t", value) for value in (-1, 2**63, 1.0, True, None)],
    "settings": [("optimizer", "learning_rate", value) for value in (0, -1.0, 10**400, "0.1", None, True)],
    "more settings": [("optimizer", "beta_1", 1), ("optimizer", "schedule", "never"), ("optimizer", "momentum", 0.5)],
    "optimizers": [("optimizer", "name", value) for value in ("sgd", "Optimizer", "__init__", 3)],
    "seed": [("seed", value) for value in (-1, 0.5, True, None)],
    "bias": [("bias", value) for value in (1, None, False)],
    "dtype": [("dtype", value) for value in ("float64", "float16", "object", None)],
    "outputs": [("out_activation", value) for value in ("softmax", "relu", 3)],
    "loss": [("loss", value) for value in ("squared_error", "quantile", "hinge", 3, None)],
    "loss parameters": [("loss_parameters", value) for value in ([0.5], [True], 0.5, None)],
    "dropout": [("dropout", value) for value in (0.5, [], [0.5, 0.5], [1.0], [-0.5], [0], [True], ["0.5"], None, {})],
    "classes": [("classes", value) for value in ([1, 2, 3], [1, 1], ["a", 1], [[], []], "ab", {"a": 1, "b": 2})],
    "activations": [("activations", value) for value in ([], ["tanh", "tanh"], "tanh", [3], [{"own": "tanh"}])],
    "names": [("feature_names", value) for value in ("ab", [1, 2], {"a": 1}, [None])],
    "target": [("target_name", value) for value in (3, ["y"])],
    "history": [("history", value) for value in ([], ["epoch"], ["loss"] * 6, list("abcdef"), None, {"epoch": 1})],
    "encoding": [("encoding", value) for value in ({}, [], {"columns": []}, {"columns": [3]})],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values(whole, refused, name):
    description, tensors = taken_apart(whole)
    for *keys, value in WRONG[name]:
        changed = copy.deepcopy(description)
        (changed[keys[0]] if len(keys) == 2 else changed)[keys[-1]] = value
        refused(assemble(changed, tensors))


def test_nasty_values_of_every_field(whole, tmp_path):
    """A signed file with one odd value: refused, or a model that works."""
    description, tensors = taken_apart(whole)
    path, loaded, n = tmp_path / "m", [], 0
    for changed in with_nasty_values(description):
        path.write_bytes(assemble(changed, tensors))
        n += 1
        try:
            model = Model.load(path)
        except ModelFormatError as error:
            assert str(error).startswith(str(path))  # noqa: PT017  (no error is fine, too)
            continue
        loaded.append({key for key in description if key not in changed or changed[key] != description[key]})
        model.save(tmp_path / "again")
        model.encoding = None
        assert np.isfinite(model.predict_proba(np.zeros((2, 5)))).all()
    assert n > 1500
    free = {"seed", "target_name", "classes", "feature_names", "encoding", "optimizer", "activations", "history"}
    free |= {"out_activation", "loss", "loss_parameters", "surplus"}  # absent: log loss
    assert set().union(*loaded) <= free | {"dropout", "features"}  # absent: none
    assert len(loaded) < n / 4


def test_widths_of_a_net_that_is_not_there(whole, refused):
    """A small file claims a net of 4 TB."""
    description, tensors = taken_apart(whole)
    for widths in ([10**6, 10**6, 1], [5, 2**62, 1], [5, 2, 2], [1, 1, 1], [2, 5, 1], [5, 2], [5]):
        refused(assemble({**description, "widths": widths}, tensors))


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ({}, "the history is no list"),
        ([3], "the history's record 0 is 3"),
        ([{"epoch": 1}, {"loss": 0.5}], "the history's record 1 is {'loss': 0.5}"),
        ([{"epoch": -1}], "record 0"),
        ([{"epoch": 2**53 + 1}], "record 0"),
        ([{"epoch": 1.0}], "record 0"),
        ([{"epoch": 1, "loss": "low"}], "record 0"),
    ],
)
def test_histories_of_old_versions_that_are_none(history, words):
    check_records([{"epoch": 0, "loss": 0.5}])
    with pytest.raises(ValueError, match=words):
        check_records(history)


def test_a_number_of_an_unknown_kind_in_a_history():
    names, numbers, kinds = as_arrays([{"epoch": 1, "loss": 0.5}])
    check_arrays(names, numbers, kinds)
    kinds[0, 1] = 4
    with pytest.raises(ValueError, match="the history has numbers of an unknown kind"):
        check_arrays(names, numbers, kinds)


def test_old_versions_damaged(whole, tmp_path):
    """They have no digest: what is damaged is refused, or not visible."""
    description, tensors = taken_apart(whole)
    old = {**description, "version": 2, "activations": ["tanh"], "history": []}
    del tensors["history.numbers"], tensors["history.kinds"]
    header, data = {"__metadata__": {"fastmlp": json.dumps(old, sort_keys=True)}}, b""
    for name, array in tensors.items():
        code, end = {"float64": "F64", "float32": "F32"}[str(array.dtype)], len(data) + array.nbytes
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file = len(text).to_bytes(8, "little") + text + data
    (tmp_path / "m").write_bytes(file)
    assert Model.load(tmp_path / "m").classes == ["no", "yes"]
    refused = 0
    for _ in range(1000):
        (tmp_path / "m").write_bytes(mutated(file, whole, random))
        try:
            Model.load(tmp_path / "m")
        except ModelFormatError:
            refused += 1
    assert refused > 700


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        Model.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFormatError, match="regular file"):
        Model.load(tmp_path / "pipe")
    with pytest.raises(ModelFormatError, match="regular file"):
        Model.load("/dev/null")


MEMORY = """
import resource, sys, tracemalloc
from pathlib import Path
import pyarrow
from fastmlp import Model, ModelFormatError
for path in sorted(Path(sys.argv[1]).iterdir()):
    size = path.stat().st_size
    allowed = 2 * size + 64 * 2**20
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + allowed, resource.RLIM_INFINITY))
    try:
        Model.load(path)
    except ModelFormatError:
        pass
    else:
        sys.exit(f"{path} was loaded")
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tracemalloc.start()
    try:
        Model.load(path)
    except ModelFormatError:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{path.name}: {size:,} bytes, at most {peak:,} allocated")
    if peak > allowed:
        sys.exit(f"{path} took {peak:,} bytes")
print("all refused")
"""


def test_no_more_memory_than_twice_the_file_and_64_mib(whole, tmp_path):
    """Measured, and again with no more address space than that."""
    description, tensors = taken_apart(whole)
    names = [f"column {n}" for n in range(300_000)]
    many = {
        "widths": {**description, "widths": [10**6, 10**6, 1]},
        "lists": {**description, "feature_names": [[]] * 500_000},
        "fewer_lists": {**description, "feature_names": [[]] * 200_000},
        "dicts": {**description, "feature_names": [{"": 0}] * 400_000},
        "fewer_dicts": {**description, "feature_names": [{"": 0}] * 100_000},
        "names": {**description, "feature_names": [*names, 3]},
        "text": {**description, "feature_names": "x" * 24_000_000},
        "wide_text": {**description, "feature_names": "x" * 3_000_000 + "😀"},
        "numbers": {**description, "classes": [n / 7 for n in range(200_000)]},
        "categories": {**description, "encoding": {"columns": [{"kind": "categories", "name": "c", "missing": False,
            "value_type": "string", "other": True, "categories": names}]}},
    }  # fmt: skip
    folder = tmp_path / "files"
    folder.mkdir()
    for name, changed in many.items():
        (folder / name).write_bytes(assemble(changed, tensors))
    large = {**tensors, "parameters": np.zeros(5_000_000, np.float32)}
    (folder / "large").write_bytes(assemble(description, large))
    (folder / "unsigned").write_bytes(assemble(description, large)[:-1] + b"\1")
    (folder / "sparse").write_bytes(whole[:8])
    os.truncate(folder / "sparse", 2**26)
    (folder / "header").write_bytes((2**60).to_bytes(8, "little") + whole[8:])
    entries = {f"a{n}": {"data_offsets": [0, 0], "dtype": "U8", "shape": [0]} for n in range(100_000)}
    (folder / "tensors").write_bytes(assemble(description, tensors, **entries))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEMORY), str(folder)], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["all refused"]), done.stdout + done.stderr


def test_a_file_is_taken_as_it_is(whole, tmp_path):
    """The helpers above change nothing that they should not."""
    description, tensors = taken_apart(whole)
    before = copy.deepcopy(description)
    list(with_nasty_values(description, [3]))
    assert description == before
    assert assemble(description, tensors) == whole
