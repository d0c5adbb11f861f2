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
# ended goes on when it is given again; other data need another STUDENT.
STUDENT := runs/student
DESCRIPTION := mstkd/training/presets/fifth_student.card.json
CARD = $(STUDENT)/models/$(1)/card.json
before-second := first
before-third := second
before-fourth := third
before-fifth := fourth
package-fifth := --base-share 0.4 --et-without t2 --least-part-probability 0.8
START = $(if $(before-$*),--set start_from=$(STUDENT)/models/$(before-$*) --set heads=$(HEADS))

student: $(call CARD,fifth)
$(call CARD,second): | $(call CARD,first)
$(call CARD,third): | $(call CARD,second)
$(call CARD,fourth): | $(call CARD,third)
$(call CARD,fifth): | $(call CARD,fourth)

$(foreach student,first second third fourth fifth,$(call CARD,$(student))): $(call CARD,%): | $(VENV)/engine $(DESCRIPTION)
	@test -n "$(DATALIST)" -a -n "$(HEADS)" || { echo "give DATALIST=FILE and HEADS=FOLDER, docs/student.md"; exit 2; }
	if [ -e $(STUDENT)/$*/config.yaml ]; then $(MSTKD) train --resume $(STUDENT)/$*; \
	else $(MSTKD) train $*_student --data $(DATALIST) $(START) -o $(STUDENT)/$*; fi
	@grep -q '"event": "finished"' $(STUDENT)/$*/journal.jsonl || { echo "stopped; give the same command again"; exit 1; }
	sed 's/"version": "[^"]*/&+$*/' $(DESCRIPTION) > $(STUDENT)/$*.json
	rm -rf $(@D)
	$(MSTKD) package $(STUDENT)/$* -o $(@D) --description $(STUDENT)/$*.json $(package-$*)

clean:
	rm -rf $(VENV) demo
