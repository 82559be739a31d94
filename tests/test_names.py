"""The public names of the package: `dir` shows all of them, also those that are imported when first asked for."""

import importlib.util
import subprocess
import sys

import fastmlp
import fastmlp.dask


def test_dir_shows_what_can_be_asked_for():
    names = dir(fastmlp)
    assert {"MLPClassifier", "Model", "TableEncoder", "dask", "onnx", "plot", "rows", "typing"} <= {*names}
    assert names == sorted({*names})
    for name in names:
        assert getattr(fastmlp, name) is not None
    for name in dir(fastmlp.dask):
        assert getattr(fastmlp.dask, name).__module__.startswith("fastmlp.dask")
    assert "DaskMLPClassifier" in dir(fastmlp.dask)


def test_dir_leaves_out_modules_whose_packages_are_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else name)
    assert "dask" not in dir(fastmlp)
    assert "onnx" in dir(fastmlp)


def test_dir_imports_nothing():
    code = "import sys, fastmlp; dir(fastmlp); print(*{'sklearn', 'dask', 'matplotlib', 'skl2onnx'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
