"""The nets that are averaged: what each is given of the rows, how they are trained, and their weights."""
