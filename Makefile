# make run    run every exercise in Python and in R, and show that they agree
# make test   run every test but the long ones; make test-all runs those too
# make bench  measure how fast it all is, for the book's page on speed (takes long)
# make book   make the website of the course in _book/
# make clean  remove all that the others made
#
# Each sets up what it needs first, and nothing twice. PYTHON= names another
# Python than python3 to start with.

PYTHON = python3
DEEPTWINS = .venv/bin/deeptwins

# A bare machine has no locale, and then R takes every letter beyond ASCII apart.
ifeq ($(findstring utf,$(shell echo "$(LC_ALL) $(LC_CTYPE) $(LANG)" | tr A-Z a-z)),)
export LC_ALL = C.UTF-8
endif

# rpy2 calls R without a compiled extension, which needs a compiler, on every machine.
export RPY2_CFFI_MODE = ABI

.PHONY: run test test-all bench book clean setup lock

run: setup
	@$(DEEPTWINS) run --lang $$(cat .make/languages)

# Not `.venv/bin/python -m pytest`: reticulate takes a relative path of a Python that it
# finds itself in for a library, and tries to load it.
test: setup
	@$(PYTHON) setup/browser.py
	@.venv/bin/pytest

test-all: setup
	@$(PYTHON) setup/browser.py
	@$(PYTHON) setup/slurm.py
	@.venv/bin/pytest -m "long or not long" --durations=20

bench: setup
	@.venv/bin/python bench/forked.py
	@.venv/bin/python bench/run.py

book: setup
	@$(PYTHON) setup/quarto.py
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(DEEPTWINS) book --render

setup:
	@$(PYTHON) setup/python.py
	@$(PYTHON) setup/r.py

lock: setup
	@$(PYTHON) setup/lock.py

clean:
	rm -rf .venv .rlib .make results _book book/notebooks .quarto .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
