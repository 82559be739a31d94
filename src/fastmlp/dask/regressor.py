"""`DaskMLPRegressor`: scikit-learn's conventions over Dask's collections, for targets that are numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..model import Model
from ..rows.labels import TargetNumbers
from ..sklearn.numbers import NumberTarget
from ..sklearn.parameters import OF_NUMBERS, set_parameters
from ..typing import Activations, DaskCollection, OptimizerName, Record, Verbose
from .estimator import DaskMLPEstimator
from .fit import check_columns
from .partitions import Partitions
from .predict import predict
from .scores import judged_by, of_numbers

if TYPE_CHECKING:
    from distributed import Client


class DaskMLPRegressor(RegressorMixin, DaskMLPEstimator):  # type: ignore[misc]
    """Multilayer perceptron for one or several numbers, trained by the workers of a Dask cluster.

    Parameters of the same name as those of `MLPRegressor` have the same meaning and the same default, except where this
    is told below. Weights start as those of a `Model`, and rows for validation are drawn one by one by the seed.

    Parameters
    ----------
    loss : {"squared_error", "poisson", "quantile", "huber"}, default="squared_error"
    hidden_layer_sizes : sequence of int, or int, default=(100,)
    activation : as for `Model`, default="relu"
    solver, alpha, batch_size, learning_rate_init, max_iter : as for `DaskMLPClassifier`
    early_stopping : bool, default=False
        Keep a part of the rows for validation, stop when R² over it does not improve, and go back to the weights with
        the highest; of quantiles, their mean pinball loss. lbfgs does without.
    validation_fraction, n_iter_no_change, tol, dtype, random_state, verbose : as for `DaskMLPClassifier`
    quantile : float, or ascending list of them, default=0.5
        For loss="quantile": levels between 0 and 1. A list predicts a column for each, in ascending order; y is one
        column then.
    delta : float, default=1.0
        For loss="huber".
    standardize_target : bool, default=False
        Train on (y - mean) / standard deviation of the training rows, weighted; predictions have the units of y. Losses
        are those of the standardised target. Not for loss="poisson".
    client : distributed.Client or None, default=None
    timeout : float, default=600
        Seconds that an answer of the cluster may take.

    Attributes
    ----------
    model_ : Model
        Which can be saved, and predicts arrays on one machine.
    coefs_, intercepts_ : lists of arrays
    n_features_in_, n_outputs_, n_iter_ : int
    loss_ : float
        As `MLPRegressor` has it: the squared error of several outputs is the mean over them, but not with lbfgs.
    loss_curve_ : list of float
    best_loss_ : float or None
        None with early_stopping, as in scikit-learn. Not for lbfgs, as the next two.
    validation_scores_ : list of float or None
    best_validation_score_ : float or None
    target_mean_, target_scale_ : float or array (K)
        Only with standardize_target. The scale of a constant target is 1.
    feature_names_in_ : array of str
        Only where X has names.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from distributed import Client
    >>> from fastmlp.dask import DaskMLPRegressor
    >>> client = Client(processes=False, n_workers=1, dashboard_address=":0")   # or the address of a cluster
    >>> X = da.from_array(np.random.default_rng(0).standard_normal((1000, 3)), chunks=(500, 3))
    >>> regressor = DaskMLPRegressor(hidden_layer_sizes=(16,), tol=0.01, random_state=0).fit(X, X[:, 0])
    >>> regressor.predict(X).compute().shape
    (1000,)
    >>> client.close()
    """

    _parameter_constraints: dict = {  # noqa: RUF012
        **DaskMLPEstimator._parameter_constraints,
        **{name: OF_NUMBERS[name] for name in ("loss", "quantile", "delta", "standardize_target")},
    }
    _numeric = True

    def __init__(
        self, loss: Literal["squared_error", "poisson", "quantile", "huber"] = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,), activation: Activations = "relu", *,
        solver: OptimizerName | Literal["lbfgs"] = "adam", alpha: float = 0.0001,
        batch_size: int | Literal["auto"] | None = "auto", learning_rate_init: float = 0.001,
        max_iter: int = 200, early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: float = 10, tol: float = 1e-4,
        dtype: Literal["auto", "float32", "float64", "mixed_bfloat16"] = "auto",
        random_state: int | np.random.RandomState | None = None, verbose: Verbose = False,
        quantile: float | Sequence[float] = 0.5, delta: float = 1.0, standardize_target: bool = False,
        client: "Client | None" = None, timeout: float = 600.0,
    ) -> None:  # fmt: skip
        set_parameters(self, vars())

    def _check_parameters(self) -> None:
        NumberTarget(self).check_parameters(incremental=False)

    def _net(self, partitions: Partitions) -> tuple[int, dict[str, Any]]:
        loss = NumberTarget(self).loss_for(partitions.targets)
        outputs = loss.outputs(partitions.targets)
        check_columns(partitions.targets, loss, outputs)
        return outputs, loss.arguments()

    def _measure(self, model: Model, partitions: Partitions, held_part: float) -> None:
        """Standardise the target by the rows that are trained on, if it is to be."""
        if self.standardize_target:
            training, _ = partitions.parts(held_part, model.seed)
            target = TargetNumbers(model.widths[-1], model.network.plan.loss, np.dtype(np.float64))
            model.target_scaling = partitions.moments(target, training).scaling()

    def _score_of(self, model: Model, record: Record) -> float:
        if "validation_r2" in record:
            return record["validation_r2"]
        return -record["validation_loss"] / np.size(self.quantile)

    def _learn(self, model: Model, partitions: Partitions) -> None:
        self.n_outputs_ = model.widths[-1]
        NumberTarget(self).keep(model.target_scaling)

    def predict(self, X: DaskCollection) -> Any:
        """Return the predicted target of each row, in the units of y.

        Parameters
        ----------
        X : Dask array (n, p) or dataframe

        Returns
        -------
        Dask array (n) or (n, K) that is not yet computed
            Quantiles ascend in each row.
        """
        check_is_fitted(self, "model_")
        return predict(self.model_, X)

    def score(
        self, X: DaskCollection, y: DaskCollection | str | list[str], sample_weight: DaskCollection | str | None = None
    ) -> float:
        """Return R², the mean over columns of y, or of several quantiles the mean pinball loss, negative.

        It is computed where the rows lie.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`

        Returns
        -------
        float
        """
        check_is_fitted(self, "model_")
        found = self._judged(X, y, sample_weight, of_numbers)
        return found.means(judged_by(self.model_.network.plan.loss))[1]
