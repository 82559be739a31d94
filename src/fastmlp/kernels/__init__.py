"""Compiled code. It knows arrays and integers only; every other floor stands above it."""
