"""Tables as they are: categories, booleans and holes, from files to a model and back, by Model and command line."""

import csv as python_csv
import json

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from pyarrow import parquet

from fastmlp import MLPClassifier, Model, ModelFormatError, TableEncoder, rows
from fastmlp.cli.main import main
from fastmlp.saving import container
from fastmlp.system.machine import available_memory

n = 3000
random = np.random.default_rng(0)
JOBS = np.array(["clerk", "smith", "baker", "pilot"])


def frame(seed=0, rows=n):
    """People whose label depends on a number with holes, a category with holes and a boolean."""
    draw = np.random.default_rng(seed)
    age, job, member = 20 + 40 * draw.random(rows), draw.integers(0, 4, rows), draw.random(rows) < 0.4
    label = (age - 40) / 10 + np.array([-1.5, 0, 0.5, 2])[job] + member + 0.3 * draw.standard_normal(rows) > 0.7
    return pd.DataFrame({
        "age": np.where(draw.random(rows) < 0.1, np.nan, age),
        "job": pd.Series(JOBS[job]).where(draw.random(rows) > 0.1, None),
        "member": member,
        "label": np.where(label, ">50K", "<=50K"),
    })  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Return the same table as a folder of Parquet files and as a CSV file with question marks for holes."""
    table = pyarrow.Table.from_pandas(frame(), preserve_index=False)
    (tmp_path / "parts").mkdir()
    for k in range(3):
        parquet.write_table(table.slice(1000 * k, 1000), tmp_path / "parts" / f"{k}.parquet", row_group_size=300)
    frame().astype({"member": int}).to_csv(tmp_path / "table.csv", index=False, na_rep="?")
    return tmp_path


def train(folder, name, *options):
    command = [
        "train",
        str(folder / name),
        "--target",
        "label",
        "--hidden",
        "16",
        "--epochs",
        "20",
        "--batch-size",
        "64",
    ]
    assert main([*command, "--learning-rate", "0.01", "--quiet", "--save", str(folder / "model"), *options]) == 0
    return folder / "model"


def accuracy(out):
    return float(out.rsplit("accuracy ", 1)[1].split(",")[0])


def test_train_evaluate_predict(folder, capsys):
    model = train(folder, "parts")
    assert accuracy(capsys.readouterr().out) > 0.85
    other = folder / "new.parquet"
    new = frame(1)
    new.loc[:9, "job"] = "astronaut"
    parquet.write_table(pyarrow.Table.from_pandas(new[["label", "member", "job", "age"]]), other)
    assert main(["evaluate", str(model), str(other)]) == 0
    assert accuracy(capsys.readouterr().out) > 0.85
    assert main(["predict", str(model), str(other), "--out", str(folder / "p.csv")]) == 0
    with open(folder / "p.csv") as file:
        predicted = [row["prediction"] for row in python_csv.DictReader(file)]
    assert (np.array(predicted) == new["label"]).mean() > 0.85
    assert main(["predict", str(model), str(folder / "table.csv"), "--out", str(folder / "q.parquet")]) == 0
    ours = parquet.read_table(folder / "q.parquet")
    assert ours.num_rows == n
    expected = Model.load(model).predict_proba(rows.Parquet(folder / "parts"))
    np.testing.assert_allclose(ours["probability"].to_numpy(), expected, atol=1e-6)


def test_csv_and_parquet_give_the_same_encoding(folder):
    encodings = [Model.load(train(folder, name)).encoding for name in ("parts", "table.csv")]
    assert encodings[0].feature_names_out == encodings[1].feature_names_out
    assert encodings[0].feature_names_out == [
        "age", "age missing", "job=baker", "job=clerk", "job=pilot", "job=smith", "job missing", "member",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["parts", "table.csv"])
def test_block_by_block_trains_as_well_as_in_memory(folder, name, capsys):
    train(folder, name)
    in_memory = capsys.readouterr().out
    train(folder, name, "--window-rows", "700", "--early-stopping")
    by_blocks = capsys.readouterr().out
    assert "in memory" in in_memory
    assert "block by block" in by_blocks
    assert abs(accuracy(in_memory) - accuracy(by_blocks)) < 0.05


def test_what_memory_does_not_hold_is_read_block_by_block(folder, monkeypatch, capsys):
    monkeypatch.setattr("fastmlp.cli.train.available_memory", lambda: 1000)
    model = Model.load(train(folder, "parts"))
    assert "block by block" in capsys.readouterr().out
    assert model.classes == ["<=50K", ">50K"]
    assert available_memory() > 10**6


def test_columns_and_weights(folder, capsys):
    model = Model.load(train(folder, "parts", "--columns", "age,member", "--scaling", "robust"))
    assert model.encoding.columns == ["age", "member"]
    unweighted = Model.load(train(folder, "parts", "--columns", "age,job", "--max-categories", "2")).parameters
    model = Model.load(train(folder, "parts", "--columns", "age,job", "--weight", "member", "--max-categories", "2"))
    assert not np.array_equal(model.parameters, unweighted)
    assert model.encoding.feature_names_out[2:4] == [f"job={model.encoding.parts[1].categories[0]}", "job=other"]


def test_a_model_with_an_encoding_reads_frames_and_streams(folder):
    table = rows.Parquet(folder / "parts", target="label")
    encoder = TableEncoder().fit(table)
    model = Model([encoder.encoding_.n_features_out, 8, 1], seed=1)
    model.encoding = encoder
    model.fit(table, epochs=5, batch_size=50, shuffle=False)
    data, y = frame(), frame()["label"] == ">50K"
    other = Model([8, 8, 1], seed=1)
    other.encoding = encoder
    other.fit(data[["member", "age", "job"]], y, epochs=5, batch_size=50, shuffle=False)
    assert np.array_equal(model.parameters, other.parameters)
    probability = model.predict_proba(table)
    plain = Model([8, 8, 1], seed=1).fit(encoder.transform(data), y, epochs=5, batch_size=50, shuffle=False)
    assert np.array_equal(plain.parameters, model.parameters)
    for X in (data, polars.from_pandas(data), pyarrow.Table.from_pandas(data), data.astype({"job": "category"})):
        np.testing.assert_array_equal(model.predict_proba(X), probability)
    model.save(folder / "m")
    loaded = Model.load(folder / "m")
    assert loaded.encoding == encoder.encoding_
    assert (loaded.classes, loaded.target_name) == (["<=50K", ">50K"], "label")
    assert np.array_equal(loaded.predict_proba(data), probability)
    with pytest.raises(TypeError, match="reads tables"):
        model.predict(rows.Array(np.ones((3, 8))))
    with pytest.raises(ValueError, match="gives 8 features"):
        Model([3, 1]).encoding = encoder
    with pytest.raises(TypeError, match="fitted TableEncoder"):
        Model([8, 1]).encoding = TableEncoder()


def test_text_that_looks_like_numbers_in_a_small_file(tmp_path):
    data = pd.DataFrame({"z": ["1", "2", "A", "true"] * 50, "y": ["0", "1", "one", "1"] * 50})
    data = data[data["y"] != "one"]
    data.to_csv(tmp_path / "t.csv", index=False)
    command = ["train", str(tmp_path / "t.csv"), "--target", "y", "--hidden", "8", "--quiet", "--save"]
    assert main([*command, str(tmp_path / "m"), "--epochs", "60", "--batch-size", "10"]) == 0
    (tmp_path / "few.csv").write_text("z,y\n1,0\n2,1\n")
    assert main(["evaluate", str(tmp_path / "m"), str(tmp_path / "few.csv")]) == 0
    assert main(["predict", str(tmp_path / "m"), str(tmp_path / "few.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    assert (tmp_path / "p.csv").read_text().count("\n") == 3


def test_a_pipeline_for_scikit_learn():
    from sklearn.pipeline import make_pipeline

    data = frame()
    pipeline = make_pipeline(TableEncoder(), MLPClassifier((16,), max_iter=100, random_state=0, early_stopping=True))
    pipeline.fit(data.drop(columns="label"), data["label"])
    new = frame(1)
    assert pipeline.score(new.drop(columns="label"), new["label"]) > 0.85


def test_labels_of_every_kind(tmp_path):
    X = random.standard_normal((400, 2))
    one = X[:, 0] > 0
    kinds = [one, one.astype("int8"), one * 2.0 - 1, np.where(one, "x", "a"), pd.Categorical(np.where(one, "x", "a"))]
    for k, label in enumerate(kinds):
        data = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": label})
        for stream in (rows.Arrow(data, target="y"), rows.Arrow(polars.from_pandas(data), target="y")):
            model = Model([2, 8, 1]).fit(stream, epochs=30, batch_size=20)
            assert (model.predict(X) == one).mean() > 0.95, k
            json.dumps(model.classes)


def test_a_damaged_encoding_is_no_model(folder):
    model = Model.load(train(folder, "parts"))
    description, tensors = container.read(folder / "model")
    for change in ({"columns": 3}, {"columns": [{"kind": "numbers"}]}, [1], {"columns": []}):
        description["encoding"] = change
        container.write(folder / "bad", {k: v for k, v in description.items() if k != "version"}, tensors)
        with pytest.raises(ModelFormatError, match="bad"):
            Model.load(folder / "bad")
    del description["encoding"]  # as version 1 wrote it
    container.write(folder / "old", {k: v for k, v in description.items() if k != "version"}, tensors)
    assert np.array_equal(Model.load(folder / "old").parameters, model.parameters)


def test_csv_is_read_as_pandas_reads_it(tmp_path):
    data = pd.DataFrame({"k": [1, 2, 3], "x": [0.1, np.nan, 1e-300], "s": ["a,b", "", "ü"], "y": [0, 1, 1]})
    data.to_csv(tmp_path / "t.csv", index=False)
    batch = next(iter(rows.Csv(tmp_path / "t.csv", target="y").batches()))
    assert batch.to_pydict() == {"k": [1.0, 2.0, 3.0], "x": [0.1, None, 1e-300], "s": ["a,b", None, "ü"]}
    read = pd.read_csv(tmp_path / "t.csv").drop(columns="y")
    assert batch.to_pydict() == read.astype(object).where(read.notna(), None).to_dict("list")
