"""How each column of a table becomes numbers: one class for each kind of column, as plain data."""
