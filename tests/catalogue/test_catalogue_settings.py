"""Settings of training and shapes of nets that are wrong, or at the edge of what is possible."""

from itertools import product

import numpy as np
import pytest
from cases import case
from subjects import (
    ESTIMATORS,
    X,
    classifier,
    columns,
    command_refuses,
    output,
    python,
    quiet,
    refused,
    regressor,
    run_train,
    y,
)

from fastmlp import SGD, Adam, AdamW, Model, Momentum, Nesterov, rows
from fastmlp.system import machine

pytestmark = quiet
rare = (np.arange(30) == 3).astype(int)


@case(52, "a learning rate that is inf, NaN, 0 or negative", "`ValueError`")
@pytest.mark.parametrize("value", [np.inf, np.nan, 0, -1.0])
def test_learning_rate(value, tmp_path, capsys):
    for kind in (SGD, Momentum, Nesterov, Adam, AdamW):
        refused(ValueError, f"learning_rate={value}", lambda kind=kind: kind(learning_rate=value))
    for make, solver in product(ESTIMATORS, ("adam", "sgd")):
        estimator = make(learning_rate_init=value, solver=solver)
        refused(ValueError, f"'learning_rate_init'.*Got {value}", lambda estimator=estimator: estimator.fit(X, y))
    words = ["--learning-rate", repr(str(value)), "at least 1e-30"]
    command_refuses(tmp_path, capsys, words, columns(), "--learning-rate", str(value), "--validation-fraction", "0")


@case(
    54,
    "batch_size above the number of rows, or below 1",
    "all rows, with a warning, silently for the default; `ValueError`",
)
def test_batch_size(tmp_path, capsys):
    whole = Model([3, 4, 1]).fit(X, y, epochs=2, batch_size=None).parameters
    with pytest.warns(UserWarning, match="batch_size=40 is clipped to 30"):
        model = Model([3, 4, 1]).fit(X, y, epochs=2, batch_size=40)
    with pytest.warns(UserWarning, match="batch_size=25 is clipped to 24"):
        Model([3, 4, 1]).fit(rows.Array(X[:24], y[:24]), epochs=1, batch_size=25)
    with pytest.warns(UserWarning, match="`batch_size`.*larger than sample size"):
        classifier(batch_size=40).fit(X, y)
    with pytest.warns(UserWarning, match="`batch_size`.*larger than sample size"):
        regressor(batch_size=40).fit(X, y)
    np.testing.assert_array_equal(model.parameters, whole)
    np.testing.assert_array_equal(Model([3, 4, 1]).fit(X, y, epochs=2).parameters, whole)
    for bad in (0, -1):
        refused(ValueError, f"batch_size={bad}", lambda bad=bad: Model([3, 1]).fit(X, y, batch_size=bad))
        for make in ESTIMATORS:
            refused(ValueError, f"'batch_size'.*Got {bad}", lambda bad=bad, make=make: make(batch_size=bad).fit(X, y))
    refused(TypeError, r"batch_size=1\.5", lambda: Model([3, 1]).fit(X, y, batch_size=1.5))
    command_refuses(tmp_path, capsys, ["--batch-size: '-1'"], columns(), "--batch-size", "-1")


@case(
    55,
    "one row",
    "`Model`, command line: `ValueError`, 1 sample; `MLPClassifier` learns its class, as scikit-learn's; numbers: fits",
)
def test_one_row(tmp_path, capsys):
    for widths in ([3, 1], [3, 4, 5]):
        refused(ValueError, "X has 1 sample", lambda widths=widths: Model(widths).fit(X[:1], y[:1]))
    refused(ValueError, "X has 1 sample", lambda: Model([3, 1]).fit(rows.Array(X[:1], y[:1])))
    refused(
        ValueError,
        "validation_fraction=0.5: of 1 rows",
        lambda: Model([3, 1]).fit(X[:1], y[:1], validation_fraction=0.5),
    )
    assert np.isfinite(Model([3, 2], out_activation="logistic").fit(X[:1], [[0, 1]]).parameters).all()
    for estimator in (classifier(batch_size="auto").fit(X[:1], y[:1]), classifier(solver="lbfgs").fit(X[:1], y[:1])):
        assert estimator.predict(X).tolist() == [0] * 30
    for make in ESTIMATORS:
        early = make(early_stopping=True)
        refused(ValueError, "validation_fraction=0.1.*n_samples=1", lambda early=early: early.fit(X[:1], y[:1]))
    assert np.isfinite(Model([3, 1], loss="squared_error").fit(X[:1], y[:1]).parameters).all()
    assert np.isfinite(regressor(batch_size="auto").fit(X[:1], y[:1]).predict(X)).all()
    command_refuses(tmp_path, capsys, ["one value", "two or more"], {name: v[:1] for name, v in columns().items()})


@case(
    56,
    "a validation split of fewer than 2 rows or one class",
    "`ValueError`: validation_fraction; one class: a warning, AUC undefined; `Model` draws by class",
)
def test_validation_split(tmp_path, capsys):
    for fraction, words in ((0.001, "at least 2 must be drawn"), (0.034, "at least 2"), (1.0, "less than 1")):
        refused(ValueError, f"validation_fraction={fraction}.*{words}",
                lambda f=fraction: Model([3, 1]).fit(X, y, validation_fraction=f))  # fmt: skip
        refused(ValueError, f"validation_fraction={fraction}.*{words}",
                lambda f=fraction: Model([3, 1], loss="huber").fit(X, y, validation_fraction=f))  # fmt: skip
        if fraction == 0.001:
            early = classifier(early_stopping=True, validation_fraction=fraction)
            refused(ValueError, "validation_fraction=0.001: ", lambda early=early: early.fit(X, y))
            early = regressor(early_stopping=True, validation_fraction=fraction)
            refused(ValueError, "validation set is too small", lambda early=early: early.fit(X, y))
    words = "validation_fraction=0..: the . rows drawn for validation hold only one class"
    early = classifier(early_stopping=True, random_state=1)
    refused(ValueError, "validation_fraction=0.1: .*only 1 member", lambda: early.fit(X, rare))
    for fit in (
        lambda: Model([3, 1], seed=1).fit(X, rare, validation_fraction=0.1, epochs=1),
        lambda: Model([3, 4, 3], seed=1).fit(X, rare * 2, validation_fraction=0.1, epochs=1),
        lambda: Model([3, 1], seed=1).fit(rows.Array(X, rare), validation_fraction=0.1, epochs=1),
        lambda: early.fit(X, rare + 2 * (np.arange(30) == 4)),
        lambda: classifier(early_stopping=True, validation_fraction=0.3).fit(rows.Array(X, rare)),
    ):
        with pytest.warns(UserWarning, match=words):
            fit()
    with pytest.warns(UserWarning, match=words):
        assert run_train(tmp_path, columns(y=rare), "--validation-fraction", "0.1") == 0
    assert "AUC undefined (one class)" in capsys.readouterr().out
    (tmp_path / "model").unlink()
    one = Model([3, 1]).fit(X, y, X_val=X[::2], y_val=y[::2], epochs=1)
    assert np.isfinite(one.history[-1]["validation_loss"])
    refused(ValueError, "X_val has 0 rows; at least 1", lambda: Model([3, 1]).fit(X, y, X_val=X[:0], y_val=y[:0]))
    command_refuses(tmp_path, capsys, ["--validation-fraction=0.01"], columns(), "--validation-fraction", "0.01")


@case(57, "1,000 layers", "finite")
def test_a_thousand_layers():
    model = Model([3, *[4] * 1000, 1], "tanh").fit(X, y, epochs=2, batch_size=8)
    assert len(model.weights) == 1001
    for result in (model.parameters, model.predict_proba(X), model.loss_and_gradient(X, y)[1].parameters):
        assert np.isfinite(result).all()
    for make in ESTIMATORS:
        assert np.isfinite(output(make(hidden_layer_sizes=(4,) * 1000).fit(X, y), X)).all()


@case(58, "width 1", "fits")
def test_width_one(tmp_path):
    for activation in ("relu", "tanh", "softplus"):
        model = Model([3, 1, 1, 1], activation).fit(X, y, epochs=2, batch_size=8)
        assert model.history[1]["loss"] < 1
        assert Model([1, 1, 1], activation).fit(X[:, :1], y, epochs=1).predict_proba(X[:, :1]).shape == (30,)
    for make in ESTIMATORS:
        assert np.isfinite(output(make(hidden_layer_sizes=(1, 1)).fit(X, y), X)).all()
    assert run_train(tmp_path, columns(), "--hidden", "1", "--validation-fraction", "0") == 0


LITTLE_MEMORY = """
import resource
from pathlib import Path
from itertools import product

import numpy as np
from fastmlp import MLPClassifier, Model

X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30) % 2
Model([3, 4, 1]).fit(X, y, epochs=1)

def limit(mebibytes):
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + mebibytes * 2**20, resource.RLIM_INFINITY))

def refused(call):
    try:
        call()
    except MemoryError as error:
        return True

limit(40)  # θ takes 80 MB
assert refused(lambda: Model([3, 10_000, 2_000, 1]))
assert refused(lambda: MLPClassifier((10_000, 2_000)).fit(X, y))
limit(300)  # θ fits, and its largest W in float64
model = Model([3, 10_000, 2_000, 1])
limit(120)  # the moments do not
before = model.parameters[::9973].copy()
assert refused(lambda: model.fit(X, y, epochs=1))
assert model.history == [] and (model.parameters[::9973] == before).all()
limit(4000)
assert np.isfinite(model.predict_proba(X)).all()
print("refused")
"""


@case(59, "width 10,000", "fits, or `MemoryError` before training begins; [3, 10000, 10000, 1] whole: `make soak`")
def test_width_ten_thousand():
    model = Model([3, 10_000, 1]).fit(X, y, epochs=2, batch_size=8)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(classifier(hidden_layer_sizes=(10_000,)).fit(X, y).predict_proba(X)).all()
    assert python(LITTLE_MEMORY) == "refused\n"


def test_what_is_not_left_is_refused_before_the_system_kills_the_process(monkeypatch):
    model = Model([3, 4, 1])
    before = model.parameters.copy()
    monkeypatch.setattr(machine, "LITTLE", 0)
    monkeypatch.setattr(machine, "available_memory", lambda: 500)
    refused(MemoryError, r"widths=\[3, 400, 1\].*GiB", lambda: Model([3, 400, 1]))
    refused(MemoryError, r"widths \[3, 4, 1\].*GiB", lambda: model.fit(X, y))
    for make in ESTIMATORS:
        refused(MemoryError, r"hidden_layer_sizes=\(4,\).*GiB", lambda make=make: make().fit(X, y))
    np.testing.assert_array_equal(model.parameters, before)
    assert Model([3, 1]).fit(X, y, epochs=1).history


@case(60, "widths whose product exceeds 2⁶³", "`ValueError`")
@pytest.mark.parametrize("widths", [(2**33, 2**31), (2**63,), (2**70,), (2**32, 2**32, 2**32)])
def test_product_of_widths(widths, tmp_path, capsys):
    for bias in (True, False):
        words = "widths=.*more than can be addressed"
        refused(ValueError, words, lambda bias=bias: Model([3, *widths, 1], bias=bias))
    for make in ESTIMATORS:
        words = "hidden_layer_sizes=.*more than can"
        refused(ValueError, words, lambda make=make: make(hidden_layer_sizes=widths).fit(X, y))
    hidden = ",".join(map(str, widths))
    command_refuses(tmp_path, capsys, ["--hidden", "more than can be"], columns(), "--hidden", hidden)


@case(61, 'max_iter = 0, random_state = "x"', "`ValueError` in `fit`, not in the constructor")
@pytest.mark.parametrize(("name", "value"), [("max_iter", 0), ("random_state", "x"), ("alpha", -1), ("solver", "x")])
def test_errors_wait_for_fit(name, value):
    for make in ESTIMATORS:
        for estimator in (make(**{name: value}), make().set_params(**{name: value})):
            assert estimator.get_params()[name] == value
            refused(ValueError, f"'{name}'.*Got {value!r}", lambda fit=estimator.fit: fit(X, y))
