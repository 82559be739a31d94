# Everything runs in a virtual environment inside the clone; `make clean` removes it and all that is built.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test versions coverage dist soak lint bench bench-quick bench-report bench-compare docs docs-serve test-browser clean

demo: $(VENV)/demo.stamp
	$(BIN)/python demo/run.py demo-output

# By two processes, which share the tests: most of their nets are too small for a second thread. `make test PROCESSES=0`
# runs them in one, where a debugger works.
PROCESSES ?= 2
test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal

# Part of the tests with the lowest versions that pyproject.toml allows, on Python 3.11, and the newest, on 3.13.
versions:
	.ci/versions

# Lines and branches that the tests reach, kernels' too, in .coverage/html; half an hour.
coverage: $(VENV)/coverage.stamp
	.ci/coverage $(BIN)

# The distributions, in dist/, and a stranger's use of them on each Python; some ten minutes, mostly of pip's.
dist: $(VENV)/dist.stamp
	.ci/dist $(BIN)

# Long runs (SOAK_MINUTES=15 sets the longest one's), each of which prints its figures; soak/conftest.py says more.
# Each file in a process of its own: JAX, with which one compares gradients, forbids the forks of another.
soak: $(VENV)/test.stamp
	failed=; for file in soak/test_*.py; do \
	  $(BIN)/python -m pytest -s -o addopts='-q --strict-markers --strict-config' -o pythonpath=tests $$file \
	    || failed="$$failed $$file"; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

lint: $(VENV)/lint.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Each kernel alone, by pytest-benchmark.
bench: $(VENV)/bench.stamp
	$(BIN)/python -m pytest -o addopts= -W default benchmarks/test_single_kernels.py

# The suite, in this environment and on the present commit, in a few minutes.
bench-quick: $(VENV)/bench.stamp
	$(BIN)/asv machine --yes
	QUICK=1 $(BIN)/asv run --python=same --set-commit-hash=$$(git rev-parse HEAD) --quick --show-stderr

# Pages with all results so far, in .asv/html; a browser fetches their scripts from the network.
bench-report: $(VENV)/bench.stamp
	$(BIN)/asv publish

# Two commits, in environments of their own, in turn; fails where the second takes longer by more than noise, twice. Of
# what asv tracks, rows per second too, it takes more for worse: so only times are compared.
FACTOR ?= 1.15
BENCH ?= time_
BASE ?= main~1
NEW ?= main
bench-compare: $(VENV)/bench.stamp
	$(BIN)/asv machine --yes
	QUICK=1 $(BIN)/python benchmarks/regressions.py $(BASE) $(NEW) --bench '$(BENCH)' --factor $(FACTOR)

# The site, in build/docs; examples that did not change do not run again. All pages are read each time, as warnings, which
# are errors here, come only from pages that are read.
docs: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx -q -E -W --keep-going -d build/doctrees docs build/docs
	$(BIN)/python docs/check_site.py build/docs

PORT ?= 8000
docs-serve: docs
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs $(PORT)

# Pages as a browser shows them: Chromium, which does not come by pip (Debian: apt-get install chromium).
test-browser: docs $(VENV)/browser.stamp
	$(BIN)/python -m pytest -o addopts='-q --strict-markers --strict-config' browser

$(VENV)/pip.stamp:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/demo.stamp: $(VENV)/pip.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[plot]'
	touch $@

$(VENV)/%.stamp: $(VENV)/pip.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) .venv-lowest .venv-newest demo-output build dist .coverage docs/auto_examples src/*.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
