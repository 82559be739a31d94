"""Tables to numbers: what an encoder learns of columns, and how it encodes them."""
