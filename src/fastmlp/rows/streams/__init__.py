"""Streams: sources of blocks of rows."""
