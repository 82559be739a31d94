"""The benchmark suite, for asv: `asv run`, `asv continuous main HEAD`, `asv publish`."""
