"""The mathematics as compiled loops over tiles of rows."""
