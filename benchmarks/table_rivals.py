"""One estimator of tables.py in a process of its own: it fits rows of one table, and scores the others.

    python benchmarks/table_rivals.py lightgbm-tuned table.parquet '{"target": "y", "task": "binary"}' 0 --threads 2

It writes a line of JSON: seconds of fit and of predict, and the error. Columns of text are made categorical, and holes
stay holes. Before the clock starts, each is fitted once to FEW_ROWS rows, which loads and compiles what it needs. The
tuned boosted trees stop early by a tenth of the rows, as most people have them do.
"""

import argparse
import json
import time
import warnings

import numpy as np

FEW_ROWS = 500
TREES = dict(n_estimators=5000, learning_rate=0.05, subsample=0.8, colsample_bytree=0.8)
PATIENCE = 100  # rounds without a better loss, after which boosting stops


class Table:
    """The rows of a table: X, y, w, and whether y holds classes."""

    def __init__(self, path, about):
        import pandas as pd

        X = pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)
        X = X.dropna(subset=[about["target"]]).reset_index(drop=True)
        y = X.pop(about["target"])
        self.texts = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])]
        X[self.texts] = X[self.texts].astype("category")
        self.task, self.w = about["task"], None
        self.classes = self.task in ("binary", "multiclass")
        self.y = pd.factorize(y, sort=True)[0] if self.classes else y.to_numpy(float)
        if "exposure" in about:
            self.w = X.pop(about["exposure"]).to_numpy(float)
            self.y = self.y / self.w
        self.X = X

    def weights(self, rows):
        """Return the argument with the weights of these rows, if the table has any."""
        return {} if self.w is None else {"sample_weight": self.w[rows]}

    def split(self, rows, share, seed):
        """Return two parts of these rows, with this share in the second, of each class."""
        from sklearn.model_selection import train_test_split

        stratify = self.y[rows] if self.classes else None
        return train_test_split(rows, test_size=share, random_state=seed, stratify=stratify)

    def few(self, rows):
        """Return some rows that hold each class twice at least."""
        first = np.unique(self.y[rows], return_index=True)[1] if self.classes else []
        return np.tile(rows[np.concatenate([first, np.arange(min(FEW_ROWS, len(rows)))]).astype(int)], 2)

    def error(self, rows, P):
        """Return 1 - AUC, log loss, RMSE over the deviation of y, or Poisson deviance of counts."""
        from sklearn.metrics import log_loss, mean_poisson_deviance, roc_auc_score

        y = self.y[rows]
        if self.task == "binary":
            return 1 - roc_auc_score(y, P[:, 1])
        if self.task == "multiclass":
            P = np.clip(P, 1e-7, 1)
            return log_loss(y, P / P.sum(axis=1, keepdims=True), labels=np.arange(P.shape[1]))
        if self.task == "counts":
            w = np.ones(len(y)) if self.w is None else self.w[rows]
            return mean_poisson_deviance(y * w, np.maximum(np.ravel(P), 1e-9) * w)
        return np.sqrt(np.mean((np.ravel(P) - y) ** 2)) / np.std(y)


def fastmlp(table, rows, seed, threads):
    from fastmlp import TabularClassifier, TabularRegressor

    loss = {"loss": "poisson"} if table.task == "counts" else {}
    kind = TabularClassifier if table.classes else TabularRegressor
    model = kind(random_state=seed, n_threads=threads, **loss)
    return model.fit(table.X.iloc[rows], table.y[rows], **table.weights(rows))


def lightgbm(table, rows, seed, threads, **settings):
    import lightgbm

    kind = lightgbm.LGBMClassifier if table.classes else lightgbm.LGBMRegressor
    objective = {"objective": "poisson"} if table.task == "counts" else {}
    model = kind(n_jobs=threads, verbose=-1, random_state=seed, **objective, **settings)
    if not settings:
        return model.fit(table.X.iloc[rows], table.y[rows], **table.weights(rows))
    rows, held = table.split(rows, 0.1, seed)
    w = {} if table.w is None else {"eval_sample_weight": [table.w[held]]}
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    held_rows = [(table.X.iloc[held], table.y[held])]
    how = dict(eval_set=held_rows, callbacks=[stop], **w, **table.weights(rows))
    return model.fit(table.X.iloc[rows], table.y[rows], **how)


def lightgbm_tuned(table, rows, seed, threads):
    return lightgbm(table, rows, seed, threads, num_leaves=63, subsample_freq=1, **TREES)


def xgboost(table, rows, seed, threads):
    import xgboost

    kind = xgboost.XGBClassifier if table.classes else xgboost.XGBRegressor
    objective = {"objective": "count:poisson"} if table.task == "counts" else {}
    stop = dict(early_stopping_rounds=PATIENCE, enable_categorical=True)
    model = kind(n_jobs=threads, random_state=seed, max_depth=8, **stop, **objective, **TREES)
    rows, held = table.split(rows, 0.1, seed)
    w = {} if table.w is None else {"sample_weight_eval_set": [table.w[held]]}
    held_rows = [(table.X.iloc[held], table.y[held])]
    return model.fit(table.X.iloc[rows], table.y[rows], eval_set=held_rows, verbose=False, **w, **table.weights(rows))


def catboost(table, rows, seed, threads):
    import catboost

    texts = table.X[table.texts].astype(object)  # categories are strings there, missing ones, too
    table.X[table.texts] = texts.where(texts.notna(), "missing").astype(str)
    kind = catboost.CatBoostClassifier if table.classes else catboost.CatBoostRegressor
    loss = {"loss_function": "Poisson"} if table.task == "counts" else {}
    model = kind(thread_count=threads, random_seed=seed, verbose=0, allow_writing_files=False, **loss)
    model.fit(table.X.iloc[rows], table.y[rows], cat_features=table.texts, **table.weights(rows))
    return model


def scikit_learn(table, rows, seed, threads):
    from sklearn import ensemble

    loss = {"loss": "poisson"} if table.task == "counts" else {}
    kind = ensemble.HistGradientBoostingClassifier if table.classes else ensemble.HistGradientBoostingRegressor
    model = kind(random_state=seed, **loss)
    return model.fit(table.X.iloc[rows], table.y[rows], **table.weights(rows))


ESTIMATORS = {
    "fastmlp": fastmlp,
    "lightgbm-tuned": lightgbm_tuned,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "scikit-learn": scikit_learn,
}


def outputs(model, table, rows):
    """Return probabilities (n, K), or predictions of numbers: means, also where a model has their logarithm."""
    if table.classes:
        return model.predict_proba(table.X.iloc[rows])
    means = table.task == "counts" and type(model).__module__.startswith("catboost")
    return model.predict(table.X.iloc[rows], **({"prediction_type": "Exponent"} if means else {}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("estimator", choices=ESTIMATORS)
    parser.add_argument("table")
    parser.add_argument("about", type=json.loads)
    parser.add_argument("seed", type=int)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    fit, seed, threads = ESTIMATORS[arguments.estimator], arguments.seed, arguments.threads
    table = Table(arguments.table, arguments.about)
    rows, held = table.split(np.arange(len(table.y)), 0.2, seed)
    few = table.few(rows)
    outputs(fit(table, few, seed, threads), table, few)
    begin = time.perf_counter()
    model = fit(table, rows, seed, threads)
    middle = time.perf_counter()
    P = outputs(model, table, held)
    end = time.perf_counter()
    print(json.dumps({"fit": middle - begin, "predict": end - middle, "error": float(table.error(held, P))}))


if __name__ == "__main__":
    main()
