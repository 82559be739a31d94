"""Estimators for tables as they are: what columns are is found, and several nets are trained and averaged."""
