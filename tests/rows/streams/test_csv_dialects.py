"""CSV files as people have them: separators, encodings, headers, holes, and errors that tell line and option."""

import bz2
import csv
import gzip

import pyarrow.parquet
import pytest

from fastmlp import Model, rows
from fastmlp.cli.main import main
from fastmlp.rows.streams.csv_dialect import BLOCK_BYTES

PLAIN = {"a": [1, 2, 3], "s": ["é", "ü", None], "y": [0, 1, 0]}


def read(path, **options):
    """All columns, as Python's lists."""
    table = rows.Csv(path, **options)
    found = {name: [] for name in table.names}
    for batch in table.batches():
        for name, column in batch.to_pydict().items():
            found[name] += column
    return found


def written(tmp_path, text, encoding="utf-8", name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
def test_separator_and_encoding_are_found(separator, encoding, tmp_path):
    text = "a,s,y\n1,é,0\n2,ü,1\n3,,0\n".replace(",", separator)
    assert read(written(tmp_path, text, encoding)) == PLAIN


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a;b\n1,5;2\n2,5;3\n", ["a", "b"]),  # the comma does not split the header
        ("a;b,y\n1;2,0\n3;4,1\n", ["a;b", "y"]),  # both split all rows
        ("a\n1;2\n", ["a"]),
        ("a;b\ty\n1;2\t0\n", ["a;b\ty"]),  # not plain
        ('"a;b",y\n"1;2",0\n"3\n;4",1\n', ["a;b", "y"]),  # quoted
        ("a;b;y\n", ["a", "b", "y"]),
    ],
)
def test_a_comma_wins_unless_another_separator_is_plain(text, columns, tmp_path):
    assert rows.Csv(written(tmp_path, text)).names == columns


def test_options_tell_what_is_not_plain(tmp_path):
    text = "7:1,5:-: NA:x\n8:2,5:é:-:y\n"
    path = written(tmp_path, text, "latin-1")
    found = read(
        path, separator=":", decimal=",", encoding="latin-1", null_values=["-"], types={"f0": "string"}, header=False
    )
    assert found == {"f0": ["7", "8"], "f1": [1.5, 2.5], "f2": [None, "é"], "f3": [" NA", None], "f4": ["x", "y"]}
    for options, message in [
        ({"separator": "::"}, "separator='::': must be one ASCII character"),
        ({"separator": ",", "decimal": ","}, "separator and decimal are both ','"),
        ({"encoding": "utf-9"}, "encoding='utf-9': Python has no encoding"),
        ({"types": {"f0": "strink"}, "header": False}, "column 'f0': pyarrow has no type 'strink'"),
        ({"types": {"z": "string"}, "header": False}, "no column named 'z'"),
    ]:
        with pytest.raises(ValueError, match=message):
            rows.Csv(path, **options)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,y\nx,1,0\nz,2,1\n", {"a": [1, 2], "y": [0, 1]}),  # names of rows, as R writes them
        ("a,y,\n1,0\n2,1\n", {"a": [1, 2], "y": [0, 1]}),
        ("a,y\n1,0,\n2,1,\n", {"a": [1, 2], "y": [0, 1]}),
        ("a,y,,\n1,0,,\n2,1,,\n", {"a": [1, 2], "y": [0, 1]}),
        (",a,,y\n5,1,7,0\n5,2,8,1\n", {"Unnamed: 0": [5, 5], "a": [1, 2], "Unnamed: 2": [7, 8], "y": [0, 1]}),
        ('\n\n"a\nb",y\n\n1,0\n2,1', {"a\nb": [1, 2], "y": [0, 1]}),
        ("a,y", {"a": [], "y": []}),
        ("a,y\r1,0\r2,1\r", {"a": [1, 2], "y": [0, 1]}),
    ],
)
def test_headers(text, found, tmp_path):
    assert read(written(tmp_path, text)) == found


def test_blank_fields_are_missing_values(tmp_path):
    path = written(tmp_path, 'a,s\n1, ?\n ,x\n"    ",  \n2, NA\n')
    assert read(path) == {"a": [1, None, None, 2], "s": [None, "x", None, None]}


def test_files_of_a_folder_go_by_the_names_of_their_columns(tmp_path):
    written(tmp_path, "a,s,y\n1,p,0\n", name="1.csv")
    written(tmp_path, "y;s;a\n1;q;2\n", name="2.csv")
    (tmp_path / "3.csv.gz").write_bytes(gzip.compress(b"s\ty\ta\nr\t0\t3\n"))
    written(tmp_path, "a,s,y\n", name="4.tsv")
    assert read(tmp_path) == {"a": [1, 2, 3], "s": ["p", "q", "r"], "y": [0, 1, 0]}
    written(tmp_path, "a,s,y,z\n4,t,1,9\n", name="5.csv")
    with pytest.raises(ValueError, match=r"5\.csv: has a column 'z', which .*1\.csv does not have"):
        rows.Csv(tmp_path)
    assert read(tmp_path, columns=["s", "a"]) == {"s": ["p", "q", "r", "t"], "a": [1, 2, 3, 4]}
    (tmp_path / "5.csv.bz2").write_bytes(bz2.compress(b"a,s,y,z\n4,t,1,9\n"))
    with pytest.raises(ValueError, match=r"holds '5\.csv\.bz2' both compressed and not"):
        rows.Csv(tmp_path)


LONG = "a,s,y\n" + 'abc,"two\nlines",0\n'.replace("abc", "1.5") * (BLOCK_BYTES // 10)
LAST = LONG.count("\n") + 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            LONG + f"{'x' * 50}\x1b\n,p,1\n",
            rf"t\.csv, line {LAST}: expected 3 fields, as there are columns, got 1",
        ),
        (
            LONG + f'"{"x" * 50}\x1b",p,1\n',
            rf"t\.csv, line {LAST}: '{'x' * 40}…' in column 'a' is not of the type double.*--types a=string.*--null",
        ),
        (LONG + "\x1b[1m,p,1\n", r": '\\x1b\[1m' in column 'a'"),
        (LONG.encode() + b"1,\xe9,0\n", r"t\.csv: column 's': .*UTF8.*; give the encoding, .*--encoding"),
        (b"a,s\n1,\xc3\xa9\n2,\xe9\n", r"t\.csv: the text is not utf-8, as it holds the byte 0xe9; give the encoding"),
        (b"a,s\n1,\x81\n2,\xe9\n", r"t\.csv: the text is not utf-8, as it holds the byte 0x81; give the encoding"),
        ("a,s\n1,x\n".encode("utf-16-le"), r"t\.csv: not text, or in UTF-16.*; give the encoding"),
        (LONG.replace("two", "é").encode("cp1252") + b"1,\x81,0\n", r"t\.csv: the text is not cp1252, as .* 0x81"),
        (LONG + '1,"never closed,0\n' + "1,x,0\n" * BLOCK_BYTES, r"t\.csv: a row is longer than 4 MiB, or a quote"),
        (b"", r"t\.csv: not a readable CSV file \(its beginning holds no row"),
        ("a,y\n1,0.5,0\n1,0.25,1\n", r"t\.csv, line 2: expected 2 fields, as there are columns, got 3"),
        ("a,y\n" + f'"{"x" * 2**18}",0\n' * 9 + "z\n" * 100, r"t\.csv, line 11: expected 2 fields, .* got 1"),
    ],
)  # fmt: skip
def test_errors_tell_file_line_column_value_and_remedy(data, message, tmp_path):
    path = written(tmp_path, data)
    with pytest.raises(OSError, match=message):
        read(path)


@pytest.mark.parametrize("rows_of_it", [2, BLOCK_BYTES // 2])
def test_a_compressed_file_that_is_cut(rows_of_it, tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n" + b"1,0\n" * rows_of_it)[:-12])
    with pytest.raises(OSError, match=r"t\.csv\.gz: not a readable CSV file"):
        read(path)


@pytest.mark.parametrize(("data", "bad"), [("a,y\né,0\n", "0xc3"), ("a,y\n" + "1,0\n" * BLOCK_BYTES + "é,1\n", "0xc3")])
def test_text_that_is_not_in_the_encoding_that_is_given(data, bad, tmp_path):
    path = written(tmp_path, data)
    with pytest.raises(OSError, match=rf"t\.csv: the text is not ascii, as it holds the byte {bad}; give the encoding"):
        read(path, encoding="ascii")


def test_text_without_the_mark_of_its_encoding(tmp_path):
    path = written(tmp_path, "a,y\n1,0\n")
    with pytest.raises(
        OSError, match=r"t\.csv: the text is not utf-16 \(UTF-16 stream does not start with BOM\); give"
    ):
        read(path, encoding="utf-16")


@pytest.mark.parametrize("separator", [",", ";"])
def test_long_texts_are_read_and_leave_the_limit_of_python_s_parser_as_it_was(separator, tmp_path):
    text = "x" * 200_000
    path = written(tmp_path, f'a,y\n"{text}",0\n{text},1\n'.replace(",", separator))
    assert read(path) == {"a": [text, text], "y": [0, 1]}
    assert csv.field_size_limit() == 2**17


DATA = "".join(f"{k % 7},{k % 5};-;{'yes' if k % 2 else 'no'}\n" for k in range(200))
HEADED = "num;s;label\n" + DATA.replace("-", "é")


@pytest.mark.parametrize(
    ("name", "data", "target", "options"),
    [
        ("t.csv.gz", gzip.compress(HEADED.encode("cp1252")), "label", ["--decimal", ","]),
        ("t.tsv", HEADED.replace(";", "\t").encode("utf-16"), "label", ["--decimal", ","]),
        (
            "t.txt", DATA.replace(";", "\t").encode(), "f2",
            ["--no-header", "--separator", r"\t", "--decimal", ",", "--null-values", "+,-", "--types", "f0=double"],
        ),
    ],
    ids=["compressed", "UTF-16", "headerless"],  # the same in all processes: a compressed text has the time in it
)  # fmt: skip
def test_the_commands_take_the_same_options(name, data, target, options, tmp_path, capsys):
    path, model, out = tmp_path / name, tmp_path / "m", tmp_path / "p.csv"
    path.write_bytes(data)
    train = ["train", str(path), "--target", target, "--hidden", "4", "--epochs", "1", "--quiet", "--save", str(model)]
    assert main([*train, *options]) == 0
    column = next(iter(Model.load(model).encoding.columns))
    assert str(rows.Csv(path, decimal=",", header=target == "label").schema.field(column).type) == "double"
    assert main(["evaluate", str(model), str(path), *options]) == 0
    assert main(["predict", str(model), str(path), "--out", str(out), *options]) == 0
    assert out.read_text().count("\n") == 201
    assert "200 rows" in capsys.readouterr().out


def test_mistakes_of_options_end_with_2(tmp_path, capsys):
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": [1.0], "y": [0]}), path)
    command = ["train", str(path), "--target", "y", "--save", str(tmp_path / "m"), "--separator", ";"]
    assert main(command) == 2
    assert "t.parquet: separator: only for CSV files" in capsys.readouterr().err
    command[1] = str(written(tmp_path, "a:y\n1:0\n"))
    assert main(command[:-2]) == 2
    assert (
        "t.csv (separator ',', encoding utf-8): no column named 'y'; the columns are 'a:y'" in capsys.readouterr().err
    )
    command[1] = str(written(tmp_path, "a,y\n"))
    assert main(command[:-2]) == 2
    assert "t.csv (separator ',', encoding utf-8) has 0 rows; at least 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "--types", "y"])
    assert "'y' is not NAME=TYPE" in capsys.readouterr().err
