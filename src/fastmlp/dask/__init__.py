"""More machines than one: training and prediction over Dask's arrays and dataframes (extra ``dask``)."""

from .classifier import DaskMLPClassifier
from .fit import fit
from .predict import predict, predict_proba

__all__ = ["DaskMLPClassifier", "fit", "predict", "predict_proba"]
