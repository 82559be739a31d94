"""scikit-learn's conventions over the same training: the estimators, their data, rules and attributes."""
