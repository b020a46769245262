# make demo    install into .venv, ingest real documents and ask three questions
#              make demo DOCS=~/papers ASK="who may sign the lease?"
# make test    the whole test suite
PYTHON ?= python3
VENV ?= .venv
DEMO = .demo
WHEREIN = $(VENV)/bin/wherein --library $(DEMO)/library
DOCS ?= 'docs/**/*.md' README.md '$(VENV)/lib/python*/site-packages/*.dist-info/METADATA' \
	'$(VENV)/lib/python*/site-packages/*.dist-info/licenses/*'
ASK ?=

.PHONY: demo test bench clean

demo: $(VENV)/installed
	$(WHEREIN) ingest $(DOCS) || [ $$? -eq 3 ]
ifeq ($(ASK),)
	$(WHEREIN) query "What happens when the process is killed during an ingest?" -n 2
	$(WHEREIN) query "May I use this software in a commercial product?" -n 2
	$(WHEREIN) query "Which library finds the nearest vectors among millions?" -n 2
else
	$(WHEREIN) query "$(ASK)"
endif

test: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest -q -n logical

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

# Several GB of other systems, and an hour or more: make bench DATA=FOLDER, with squad-dev-v1.1.json and scifact in it
bench: $(VENV)/tested
	$(VENV)/bin/python bench/run.py --data "$(DATA)"

clean:
	rm -rf $(VENV) $(DEMO) .bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
