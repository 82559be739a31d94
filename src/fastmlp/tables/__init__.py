"""Encode tables of numbers, strings and missing values as arrays of numbers."""
