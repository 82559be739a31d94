"""What features make of the numbers of a row: inputs of the net, and lookups of rows of W[1]."""
