"""Doctests are in pages; the site's configuration is no module to test, and `make docs` runs the examples."""

collect_ignore = ["conf.py", "cli_options.py", "check_site.py", "examples", "auto_examples"]
