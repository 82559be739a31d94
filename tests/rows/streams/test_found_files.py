"""Which files a folder means, by one rule for CSV and Parquet; and pages whose checksums do not hold."""

import numpy as np
import pyarrow
import pytest
from pyarrow import csv, parquet

from fastmlp import rows
from fastmlp.rows.streams.files import open_table

n = 40
TABLE = pyarrow.table({"a": np.arange(n, dtype=float), "y": np.arange(n) % 2})
WRITERS = {rows.Csv: (csv.write_csv, ".csv"), rows.Parquet: (parquet.write_table, ".parquet")}
kinds = pytest.mark.parametrize("kind", [rows.Csv, rows.Parquet])


def values(table):
    return [value for block in table.blocks() for value in block.X.column("a").to_pylist()]


@kinds
def test_a_folder_is_read_without_what_other_programs_left_there(kind, tmp_path):
    write, suffix = WRITERS[kind]
    for name in ("part=1/2", "part=1/10", ".ipynb_checkpoints/2-checkpoint", "part=1/._2", "_metadata", "_old/2"):
        path = tmp_path / f"{name}{suffix}"
        path.parent.mkdir(exist_ok=True)
        if "_2" in name or name == "_metadata":
            path.write_bytes(b"\0\5\x16\7")
        else:
            write(TABLE if name.endswith("2") else TABLE.slice(0, 3), path)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "README.txt").write_text("Not a table.")
    for table in (kind(tmp_path, "y"), open_table(tmp_path, "y")):
        assert values(table) == [0, 1, 2, *range(n)]


@kinds
def test_a_folder_without_such_files_tells_what_it_holds(kind, tmp_path):
    write, suffix = WRITERS[kind]
    write(TABLE, tmp_path / "table.dat")
    write(TABLE, tmp_path / f".table{suffix}")
    for opened in (kind, open_table):
        with pytest.raises(FileNotFoundError, match=rf"holds no .*{suffix}.*left out: '.table{suffix}', 'table.dat'"):
            opened(tmp_path, "y")
    assert values(kind(tmp_path / "table.dat", "y")) == values(kind([tmp_path / "table.dat"], "y")) == [*range(n)]


@pytest.mark.parametrize("read", [rows.Csv, rows.Parquet, open_table, lambda path: rows.Csv([path])])
def test_an_empty_path_is_not_the_present_folder(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.csv").write_text("a,y\n1,0\n")
    with pytest.raises(FileNotFoundError, match=r"path='': is empty; give the path of a file, or '.' for the present"):
        read("")
    assert open_table(".").names == ["a", "y"]


@pytest.mark.parametrize("name", ["t.json", "t", "t.csv.zip"])
def test_a_name_with_another_ending(name, tmp_path):
    (tmp_path / name).write_text("{}")
    with pytest.raises(
        ValueError, match=rf"{name}: the name must end with \.csv or \.tsv or \.parquet or .*, or be that"
    ):
        open_table(tmp_path / name)


def test_a_folder_of_both_kinds(tmp_path):
    for write, suffix in WRITERS.values():
        write(TABLE, tmp_path / f"t{suffix}")
    with pytest.raises(ValueError, match="CSV and Parquet files; name"):
        open_table(tmp_path, "y")
    assert values(rows.Csv(tmp_path, "y")) == [*range(n)]


@pytest.mark.parametrize("checked", [True, False])
def test_a_page_that_changed_is_read_as_right_only_where_nothing_tells(checked, tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(
        TABLE, path, compression="none", use_dictionary=False, row_group_size=20, write_page_checksum=checked
    )
    assert values(rows.Parquet(path, "y")) == [*range(n)]
    data = bytearray(path.read_bytes())
    at = data.index(np.float64(25).tobytes())
    data[at : at + 8] = np.float64(26).tobytes()
    path.write_bytes(data)
    if checked:
        with pytest.raises(OSError, match=r"t\.parquet, row group 1: damaged .*CRC"):
            values(rows.Parquet(path, "y"))
    else:
        assert values(rows.Parquet(path, "y"))[25] == 26
