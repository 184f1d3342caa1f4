# make install: the environment.  make run: the page on your machine.  make test: every check.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install run test clean

install: .venv/installed

run: install
	$(BIN)/assistant ingest || test $$? -eq 1
	$(BIN)/assistant serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: install .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# A stamp is as new as what was installed: the second time costs nothing.
.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable . --constraint constraints.txt
	touch $@

.venv/installed-for-tests: .venv/installed
	$(BIN)/python -m pip install --quiet --editable ".[test]" --constraint constraints.txt
	touch $@

clean:
	rm -rf .venv index build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
