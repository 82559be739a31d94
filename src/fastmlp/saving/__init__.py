"""Save models to files and load them; docs/how_it_works/model-file.md describes the format."""
