# Two commands matter: `make run` and `make test`. Both are quick the second time and need no network then.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: run test fuzz torture bench check format lock texts reference screenshots clean

run: .venv/product
	DESFECHO_AUTH=demo $(BIN)/python -m core demo --if-empty
	DESFECHO_AUTH=demo $(BIN)/python -m core serve

test: .venv/tests .venv/chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/browser --ignore tests/live
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/browser  # the longest files come first
	$(BIN)/python -m pytest tests/live  # by themselves: they are about limits and delays

# Many more cases than `make test` tries, each time others: some tens of minutes.
fuzz: .venv/tests
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n 2 tests/fuzz

# Served, used by many at once, killed and looked into two hundred times: about twenty minutes. `make torture SEED=2 KILLS=50`.
SEED ?= 1
KILLS ?= 200
torture: .venv/tests
	$(BIN)/python -m tests.torture --seed $(SEED) --kills $(KILLS)

# All of it takes about an hour, alone on the machine: `make bench` or `make bench PARTS="commands pages"`.
# A hundred million conclusions are measured on request: `make bench PARTS=facts100`.
bench: .venv/bench .venv/postgresql
	$(BIN)/python -m benchmarks $(PARTS)

check: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The whole tree of each environment is pinned; this pins it anew from the .in files.
lock:
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links requirements.in
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links requirements-dev.in
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links requirements-bench.in

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv || python3 -m venv .venv

.venv/product: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/tests: requirements-dev.txt .venv/product
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

.venv/bench: requirements-bench.txt .venv/tests
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

# The server that the benchmarks compare with and start themselves: Debian's, unless there is one.
.venv/postgresql: | .venv/bin/python
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null \
		|| (apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql)
	touch $@

# The browser of the tests: Debian's, unless there is one.
.venv/chromium: | .venv/bin/python
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium)
	touch $@

# The texts of the screen: gather them from the code and merge them into each language.
KEYWORDS := -k text -k N_ -k _refused -k n:1,2 $(foreach e,Unauthenticated NotPermitted NotFound AlreadyConcluded \
	OpenConversationExists ConcurrentChange ClassificationOff Invalid,-k $(e))
texts: .venv/product
	mkdir -p build
	$(BIN)/pybabel -q extract --no-default-keywords $(KEYWORDS) --no-location --sort-output --omit-header \
		-F core/locale/babel.cfg -o build/desfecho.pot core pages
	for language in core/locale/*/; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-pot-creation-date --omit-header -D desfecho -i build/desfecho.pot -d core/locale -l $$(basename $$language); \
	done

# The data dictionary, the cookbook and who may do what, written anew from the schema's comments, the recipes and the table.
reference: .venv/tests
	$(BIN)/python docs/reference.py

# The pictures of the documentation, taken anew of a demonstration in a folder of its own.
screenshots: .venv/tests .venv/chromium
	$(BIN)/python docs/screenshots.py
