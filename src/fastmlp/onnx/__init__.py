"""Convert the estimators and `TableEncoder` to ONNX: import this module, and skl2onnx can.

Needs skl2onnx (extra `onnx`); works inside pipelines, too. The graph computes in float64 if its input is float64, else
in float32. An activation that is a Python function raises ValueError. A regressor's output `variable` (n, K) holds what
`predict` returns, in the units of y; quantiles ascend. The options of a classifier are those of skl2onnx's own: zipmap,
output_class_labels and nocl. zipmap, which is their default, makes dictionaries of float32 only: for an input of
float64 give options={"zipmap": False}. Each column of a table is an input (n, 1) of the graph with the column's name;
see `fastmlp.onnx.encoder` for missing values. Inside a ColumnTransformer, skl2onnx joins columns to one input, so that
a `TableEncoder` there must have columns of one kind.

`TabularClassifier` and `TabularRegressor` are converted as a whole: numbers are scaled in float64, nets compute in
float32, predictions of a regressor are of float64. Columns of dates, lengths of time and numbers that are spelled as
text raise an error that names the column.

Examples
--------
>>> import skl2onnx
>>> from sklearn.datasets import make_moons
>>> import fastmlp.onnx
>>> X, y = make_moons(1000, noise=0.1, random_state=0)
>>> classifier = fastmlp.MLPClassifier((50, 50), random_state=1).fit(X, y)
>>> model = skl2onnx.to_onnx(classifier, X[:1].astype("float32"), options={"zipmap": False})
>>> [output.name for output in model.graph.output]
['label', 'probabilities']

>>> import pandas as pd
>>> from sklearn.pipeline import make_pipeline
>>> people = pd.DataFrame({"age": [20.0, 40, None], "job": ["clerk", "smith", "clerk"]}).astype({"job": object})
>>> pipeline = make_pipeline(fastmlp.TableEncoder(), fastmlp.MLPClassifier((5,), solver="lbfgs"))
>>> pipeline = pipeline.fit(people, [0, 1, 0])
>>> model = skl2onnx.to_onnx(pipeline, people[:1], options={"zipmap": False})
>>> [column.name for column in model.graph.input]
['age', 'job']
"""

try:
    import skl2onnx  # noqa: F401
except ImportError as error:
    raise ImportError('fastmlp.onnx needs skl2onnx: pip install "fastmlp[onnx]"') from error

from . import classifier, encoder, regressor, tabular

__all__ = ["classifier", "encoder", "regressor", "tabular"]
