"""Where blocks of rows come from."""
