# make demo      install into .venv, ingest real documents and ask three questions
#                make demo DOCS=~/papers ASK="who may sign the lease?"
# make test      ruff, mypy and the tests that are not marked slow
# make test-all  the same with all tests, as CI runs them: about nine minutes on two cores
# make check     ruff and mypy alone;  make fix  lets ruff mend what it can
# make docs      writes the generated pages;  make coverage  shows which lines the tests run
# make bench     compares with other systems: see docs/benchmarks.md
# make release   builds wheel and sdist into dist/, and checks them
SHELL = bash
PYTHON ?= python3
VENV ?= .venv
DEMO = .demo
DOCS ?=
ASK ?=
# Documents of your own get a library of their own, the same one each time.
LIBRARY = $(DEMO)/$(if $(DOCS),$(shell printf %s "$(DOCS)" | cksum | cut -d ' ' -f 1),library)
WHEREIN = $(VENV)/bin/wherein --library $(LIBRARY)
export ASK
# Or each of the many processes that tests start would compile the program again.
export PYTHONDONTWRITEBYTECODE =
PYTEST = $(VENV)/bin/python -m pytest -q -n logical --dist worksteal

.PHONY: demo test test-all check fix coverage docs bench release clean

ifeq ($(DOCS),)
demo: $(VENV)/installed
	@echo; echo "Ingesting Wherein's documentation, and what the installed packages say of themselves:"
	@$(WHEREIN) ingest 'docs/*.md' README.md LICENSE '$(VENV)/lib/python*/site-packages/*.dist-info/METADATA'
	@ask() { echo; echo "$$ wherein query \"$$1\""; $(WHEREIN) query "$$1" -n 1; }; \
	if [ -n "$$ASK" ]; then ask "$$ASK"; exit; fi; \
	ask "What happens if I start patent litigation?" && \
	ask "Which package is fundamental for scientific computing with Python?" && \
	ask "How many edits may a misspelt word have?"
	@echo; echo "Now with documents of your own: make demo DOCS=~/papers ASK=\"who may sign the lease?\""
else
demo: $(VENV)/installed
	@if [ -e "$(DOCS)" ]; then $(WHEREIN) ingest "$(DOCS)"; else $(WHEREIN) ingest $(DOCS); fi || [ $$? -eq 3 ]
	@if [ -n "$$ASK" ]; then $(WHEREIN) query "$$ASK"; else $(WHEREIN) query; fi
endif

check: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

fix: $(VENV)/tested
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

test: check
	$(PYTEST) -m 'not slow'

test-all: check
	$(PYTEST)

coverage: $(VENV)/tested
	$(VENV)/bin/python -m pip install --quiet 'pytest-cov>=6.1'
	$(PYTEST) -m 'not slow' --cov=wherein --cov-config=pyproject.toml --cov-report=term:skip-covered

docs: $(VENV)/tested
	$(VENV)/bin/python docs/generate.py
	$(VENV)/bin/python docs/agents.py

release: check
	$(VENV)/bin/python -m pip install --quiet --editable '.[release]'
	rm -rf dist
	$(VENV)/bin/python -m build
	$(VENV)/bin/twine check --strict dist/*
	$(VENV)/bin/check-wheel-contents dist/*.whl

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	@printf "Installing into $(VENV), which takes a minute or two:"
	@set -o pipefail; $(VENV)/bin/python -m pip install --disable-pip-version-check --editable . | awk ' \
		/^Collecting/ { sub(/[][<>=!~;(].*/, "", $$2); printf " %s", $$2; fflush() } \
		/^Installing collected/ { printf "; unpacking ..."; fflush() } \
		END { print "" }'
	touch $@

$(VENV)/tested: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

# Several GB of other systems, and an hour or more: make bench DATA=FOLDER, with squad-dev-v1.1.json and scifact in it
bench: $(VENV)/tested
	$(VENV)/bin/python bench/run.py --data "$(DATA)"

clean:
	rm -rf $(VENV) $(DEMO) .bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
