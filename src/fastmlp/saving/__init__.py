"""Save models to files and load them; docs/model-file.md describes the format."""
