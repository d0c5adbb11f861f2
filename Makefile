# Two set-up commands: `make demo` segments the sample patient, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := mstkd MSTKDLib MSTKDSegment MSTKDTrain Testing

.PHONY: demo test clean

demo: $(VENV)/engine
	$(VENV)/bin/mstkd demo --output demo

test: $(VENV)/tests
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest --numprocesses 2 --dist loadfile

$(VENV)/engine: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[brain]'
	touch $@

$(VENV)/tests: $(VENV)/engine
	$(PIP) --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) demo
