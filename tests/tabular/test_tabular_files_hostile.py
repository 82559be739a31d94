"""Damaged and forged files of tabular estimators: a ModelFormatError, whatever the bytes, or a model that predicts."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from model_files import assemble, mutated, taken_apart, with_nasty_values
from small_tables import SMALL, classes, numbers, table, train_little

from fastmlp import ModelFormatError, TabularClassifier, TabularRegressor
from fastmlp.tabular import saved

X = table()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the bytes of a classifier's and of a regressor's file."""
    path, found = tmp_path_factory.mktemp("files") / "m", []
    models = TabularClassifier(n_members=4, random_state=0), TabularRegressor(n_members=2, random_state=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: SMALL)
        for model, y in zip(models, (classes(X), numbers(X)), strict=True):
            model.fit(X, y).save(path)
            found.append(path.read_bytes())
    return found


@pytest.fixture
def whole(files):
    return files[0]


@pytest.fixture
def refused(tmp_path):
    """Return a function that loads bytes, and demands a ModelFormatError that names the file."""

    def check(content, match="model.bin"):
        (tmp_path / "model.bin").write_bytes(content)
        with pytest.raises(ModelFormatError, match=match) as caught:
            saved.load(tmp_path / "model.bin")
        assert str(caught.value).startswith(str(tmp_path / "model.bin"))

    return check


def test_the_format_is_the_documented_one(whole):
    description, tensors = taken_apart(whole)
    assert assemble(description, tensors) == whole
    assert description["version"] == 6
    top = {"version", "tabular", "members", "parts", "loss", "loss_parameters", "out_activation"}
    assert description.keys() == top
    assert description["tabular"].keys() == {
        "of", "fastmlp", "parameters", "recipe", "table", "target_name", "classes", "class_dtype", "statistics",
    }  # fmt: skip
    of_member = {"parts", "history", "widths", "activations", "bias", "dtype", "seed", "dropout"}
    assert description["members"][0].keys() == of_member
    own = ("parameters", "history.numbers", "history.kinds")
    assert tensors.keys() == {"weights", *(f"member.{k}.{name}" for k in range(4) for name in own)}
    shared = [set(member["parts"]) for member in description["members"]]
    assert set.intersection(*shared), "parts that all members have stand there once"
    assert set.union(*shared) == set(range(len(description["parts"])))


def test_truncated(whole, refused):
    for size in range(0, len(whole), 61):
        refused(whole[:size])


def test_a_flipped_bit(whole, refused):
    random = np.random.default_rng(0)
    for place in random.choice(len(whole), 300, False):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(random.integers(8))
        refused(broken)


def test_random_damage(files, refused):
    random = np.random.default_rng(1)
    for _ in range(200):
        broken = mutated(*files, random)
        if broken not in files:
            refused(broken)


def test_newer_versions(whole, refused):
    description, tensors = taken_apart(whole)
    refused(assemble({**description, "version": 7}, tensors), "upgrade")


TENSORS = {
    "missing": lambda array: None, "shorter": lambda array: array[:-1], "longer": lambda array: np.repeat(array, 2),
    "another dtype": lambda array: array.astype("i8"), "another shape": lambda array: array[np.newaxis],
    "NaN": lambda array: np.append(array[:-1], array[:1] * np.nan), "empty": lambda array: array[:0],
}  # fmt: skip


@pytest.mark.parametrize("change", TENSORS)
def test_wrong_tensors(change, files, refused):
    for whole in files:
        description, tensors = taken_apart(whole)
        for name in tensors:
            others = {key: array for key, array in tensors.items() if key != name}
            changed = TENSORS[change](tensors[name])
            refused(assemble(description, others if changed is None else {**others, name: changed}))


def test_a_scaling_of_targets(files, refused):
    classifier, regressor = (taken_apart(whole) for whole in files)
    scaling = {"target_shift": np.zeros(1), "target_factor": np.ones(1)}
    refused(assemble(classifier[0], {**classifier[1], **scaling}), "not scaled")
    for factor in (0.0, -1.0, np.inf):
        refused(assemble(regressor[0], {**regressor[1], "target_factor": np.full(1, factor)}), "factor")
    others = {name: array for name, array in regressor[1].items() if name not in scaling}
    refused(assemble(regressor[0], others), "scaling of the target is missing")


WRONG = {
    "target_name": [3, [], ["y"], True],
    "of": ["TabularRegressor", "Model", "os.system", 3],
    "classes": [["a"], ["a", "b", "c"], ["a", 1], [1, 2], ["yes", "no"], ["no", "no"], None, "no", [[], []]],
    "class_dtype": ["<U1", "<i8", "O", "S3", "<U9999999", "V8", "i4,i4", "(", "datetime64[s]", None, 3],
    "parameters": [
        {"n_threads": 1}, {"other": 1}, {"class_weight": {"pairs": [[1]]}}, {"class_weight": {"pairs": [[[], 1]]}},
        {"class_weight": {"no": 1}}, {"random_state": [[1]]}, [],
    ],
    "recipe": [{"epochs": "1"}, {"encodings": 3}, {"activation": None}, {"width": True}, []],
}  # fmt: skip


@pytest.mark.parametrize("key", WRONG)
def test_wrong_values(key, whole, refused):
    description, tensors = taken_apart(whole)
    for value in WRONG[key]:
        refused(assemble({**description, "tabular": {**description["tabular"], key: value}}, tensors))


def test_columns_that_are_used_and_left_out(whole, refused):
    description, tensors = taken_apart(whole)
    table = description["tabular"]["table"]
    encoding, names, left_out = table["encoding"], table["names"], table["left_out"]
    wrong = [
        {"names": names[1:]}, {"names": [*names, "more"]}, {"names": [*names[:-1], names[0]]}, {"left_out": {}},
        {"left_out": {**left_out, "number": "is there"}}, {"n_rows": 0}, {"named": 1}, {"notes": [3]},
        {"encoding": {"columns": encoding["columns"][:-1]}}, {"encoding": {"columns": [*encoding["columns"]] * 2}},
        {"encoding": {"columns": []}, "left_out": dict.fromkeys(names, "is nothing")},
    ]  # fmt: skip
    for change in wrong:
        tabular = {**description["tabular"], "table": {**table, **change}}
        refused(assemble({**description, "tabular": tabular}, tensors))


def test_files_without_histories(whole, tmp_path):
    description, tensors = taken_apart(whole)
    members = [{key: member[key] for key in member if key != "history"} for member in description["members"]]
    others = {name: array for name, array in tensors.items() if ".history." not in name}
    (tmp_path / "m").write_bytes(assemble({**description, "members": members}, others))
    assert [model.history for model in saved.load(tmp_path / "m").models_] == [[]] * 4


def test_members_that_do_not_fit(whole, refused):
    description, tensors = taken_apart(whole)
    first, second, *rest = description["members"]
    wrong = [
        [first, second], [], [{**first, "parts": first["parts"][1:]}, second, *rest],
        [{**first, "parts": [-1, *first["parts"][1:]]}, second, *rest],
        [{**first, "parts": [10**30, *first["parts"][1:]]}, second, *rest],
        [{**first, "activations": [{"own": "f"}] * 2}, second, *rest], [{**first, "dtype": "float64"}, second, *rest],
        [{**first, "widths": [first["widths"][0], 10**9, 10**9, 1]}, second, *rest],
        *([{**first, "history": value}, second, *rest] for value in (None, [], ["loss"], first["history"][1:], [{}])),
    ]  # fmt: skip
    for members in wrong:
        refused(assemble({**description, "members": members}, tensors))


def test_few_bytes_that_would_become_many(whole, refused):
    """Numbers that many members share, and a long text among numbers, of which an array would have many copies."""
    description, tensors = taken_apart(whole)
    long = {"kind": "bins", "column": 0, "edges": ["x" * 10**6, *range(10**5)]}
    refused(assemble({**description, "parts": [*description["parts"], long]}, tensors))
    values = {"kind": "values", "column": 0, "values": [[0.5]] * 10**4}
    member = {**description["members"][0], "parts": [0] * 10**4, "widths": [10**4, 1], "activations": [], "dropout": []}
    many = {**description, "parts": [values], "members": [member] * 4}
    refused(assemble(many, tensors), "features of its members have 400,000,000 numbers")


@pytest.fixture(scope="module")
def with_statistics(tmp_path_factory):
    """Return the bytes of a file with statistics of two columns of 40 categories, and of their pairs."""
    random, path = np.random.default_rng(0), tmp_path_factory.mktemp("statistics") / "m"
    codes = np.tile(random.integers(40, size=(200, 2)), (2, 1))
    rows = pd.DataFrame(codes, columns=["first", "second"]).astype("category").assign(x=random.standard_normal(400))
    with pytest.MonkeyPatch.context() as patch:
        train_little(patch)
        TabularClassifier(n_members=2, random_state=0).fit(rows, codes[:, 0] % 2).save(path)
    return path.read_bytes()


def test_wrong_statistics(with_statistics, refused):
    description, tensors = taken_apart(with_statistics)
    tabular = description["tabular"]
    one, other, pair = tabular["statistics"]
    assert (one["columns"], one["radix"], pair["columns"]) == ([0], 1, [0, 1])
    columns = [], [0], [0, 1, 1], [0, 2], [0, 3], [-1, 1], [True, 1], [0, 1.0], ["first", "second"], 0
    radixes = 1, 0, -1, pair["radix"] - 1, pair["radix"] + 1, float(pair["radix"]), 2**63, None
    wrong = [
        [one, other], [one, other, pair, one], [pair, other, one], {}, None, [None] * 3, [{}] * 3,
        *([{**one, **each}, other, pair] for each in ({"columns": [2]}, {"radix": 2}, {"radix": True})),
        *([one, other, {**pair, "columns": each}] for each in columns),
        *([one, other, {**pair, "radix": each}] for each in radixes),
    ]  # fmt: skip
    for statistics in wrong:
        refused(assemble({**description, "tabular": {**tabular, "statistics": statistics}}, tensors))


def test_wrong_keys_and_values_of_statistics(with_statistics, refused):
    description, tensors = taken_apart(with_statistics)
    keys, values = tensors["statistic.2.keys"], tensors["statistic.2.values"]
    limit, low, high = 42**2, np.iinfo("i8").min, np.iinfo("i8").max  # codes: 40, missing, and other values
    wrong = [("keys", each) for each in (
        keys[::-1], keys[:-1], np.repeat(keys, 2), keys[np.newaxis], keys.astype("f8"), keys.clip(keys[1]),
        keys - keys[0] - 1, *(np.append(keys[:-1], last) for last in (limit, high)), np.append(low, keys[1:]),
        np.array([*keys[:-2], high, low]),  # whose difference, in int64, is 1
    )] + [("values", each) for each in (
        *(np.append(values[:-1], [[odd, 0]], axis=0).astype("f4") for odd in (np.nan, np.inf, -np.inf)),
        values[:-1], np.repeat(values, 2, axis=0), values[:, :1], values[:, 0],
        values[..., np.newaxis], values.astype("f8"), values[:, :0],
    )]  # fmt: skip
    for name, array in wrong:
        refused(assemble(description, {**tensors, f"statistic.2.{name}": array}))
    for name in ("statistic.0.keys", "statistic.1.values"):
        refused(assemble(description, {key: array for key, array in tensors.items() if key != name}))


@pytest.mark.parametrize("which", [0, 1])
def test_nasty_values_of_every_field(which, files, tmp_path):
    """A signed file with one odd value, each ninth of them: refused, or a model that predicts."""
    description, tensors = taken_apart(files[which])
    n = loaded = 0
    for changed in itertools.islice(with_nasty_values(description), which, None, 9):
        (tmp_path / "m").write_bytes(assemble(changed, tensors))
        n += 1
        try:
            model = saved.load(tmp_path / "m")
        except ModelFormatError:
            continue
        loaded += 1
        model.save(tmp_path / "again")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names
            try:
                predictions = (model.predict_proba if which == 0 else model.predict)(X)
            except ValueError:  # the file says that a column is of another kind
                continue
        assert np.isfinite(predictions).all()
    assert n > 300
    assert loaded < n / 3
