# `make demo` segments the sample patient, `make test` runs every check, `make student` trains the model that ships.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
MSTKD := $(VENV)/bin/mstkd
SOURCES := mstkd MSTKDLib MSTKDSegment MSTKDTrain Testing

.PHONY: demo test student clean

demo: $(VENV)/engine
	$(MSTKD) demo --output demo

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

# make student DATALIST=datalist.json HEADS=folder-of-label-maps: each student starts from the one before. What was
# ended goes on when it is given again.
STUDENT := runs/student
DESCRIPTION := mstkd/training/presets/fourth_student.card.json
BEFORE = $(if $<,--set start_from=$(<D) --set heads=$(HEADS))

student: $(STUDENT)/models/fourth/card.json

$(STUDENT)/models/second/card.json: $(STUDENT)/models/first/card.json
$(STUDENT)/models/third/card.json: $(STUDENT)/models/second/card.json
$(STUDENT)/models/fourth/card.json: $(STUDENT)/models/third/card.json
$(foreach number,first second third fourth,$(STUDENT)/models/$(number)/card.json): $(STUDENT)/models/%/card.json: | $(VENV)/engine
	@test -n "$(DATALIST)" -a -n "$(HEADS)" || { echo "give DATALIST=FILE and HEADS=FOLDER, docs/student.md"; exit 2; }
	if [ -e $(STUDENT)/$* ]; then $(MSTKD) train --resume $(STUDENT)/$*; \
	else $(MSTKD) train $*_student --data $(DATALIST) $(BEFORE) -o $(STUDENT)/$*; fi
	$(MSTKD) package $(STUDENT)/$* -o $(@D) --description $(DESCRIPTION)

clean:
	rm -rf $(VENV) demo
