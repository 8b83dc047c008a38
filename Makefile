# Each command does its own set-up; see README.md.
PORT ?= 8000
PREFIX ?= $(HOME)/.local/share/pagetally
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test lint units bench torture snippet wheel install words pictures numerals lock clean

demo: .venv/ready
	$(BIN)/python -m seeds --data .demo --port $(PORT)

PYTEST = $(BIN)/python -m pytest
# Four processes, though there be two cores: much of the time they wait. Files by their names: browsers, which take longest, first.
BESIDE = -n 4 --dist loadfile --no-loadscope-reorder
# What fails beside other tests, or beside other users of the machine, is tried once more by itself; the first failure is shown.
AGAIN = --last-failed --last-failed-no-failures none

test: .venv/ready-to-test snippet/node_modules/ready
	sh .ci/find-chromium
	$(MAKE) --no-print-directory -j 2 lint units
	$(PYTEST) -m "not alone" $(BESIDE) || $(PYTEST) -m "not alone" $(AGAIN)
	$(PYTEST) -m alone || $(PYTEST) -m alone $(AGAIN)

lint: .venv/ready-to-test snippet/node_modules/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd snippet && npm run --silent check

units: .venv/ready-to-test snippet/node_modules/ready
	cd snippet && npm test --silent

bench: .venv/ready-to-test
	$(BIN)/python -m tests.bench

torture: .venv/ready-to-test
	$(BIN)/python -m tests.torture

snippet: snippet/node_modules/ready
	cd snippet && npm run --silent build

wheel: .venv/ready
	rm -f dist/pagetally-*.whl
	$(BIN)/python -m hatchling build -t wheel

# An environment of its own at PREFIX, with the versions of the lock file; or what is there, made new.
# Blanks in it are escaped; in quotes a ~ would stay one.
BLANK := $(subst ,, )
THERE = $(subst $(BLANK),\$(BLANK),$(PREFIX))
PIP_THERE = $(BIN)/python -m pip --python $(THERE)/bin/python install --quiet --disable-pip-version-check
install: wheel
	@echo "Installing Pagetally into" $(THERE)
	@$(BIN)/python -m venv --without-pip $(THERE)
	@$(PIP_THERE) --require-hashes -r requirements.lock
	@$(PIP_THERE) --no-deps --force-reinstall dist/pagetally-*.whl
	@$(THERE)/bin/pagetally --version

# What is to be translated, from the sources into the catalogues, and these compiled.
words: .venv/ready
	cd analytics && ../$(BIN)/pybabel -q extract -F ../babel.cfg -k N_ -k NN_:1,2 --no-location --omit-header \
		--sort-output --no-wrap -o locale/pagetally.pot .
	for code in de fr; do $(BIN)/pybabel -q update --no-fuzzy-matching --no-wrap --ignore-obsolete -D pagetally \
		-l $$code -i analytics/locale/pagetally.pot -d analytics/locale || exit 1; done
	$(BIN)/pybabel -q compile -D pagetally -d analytics/locale

# The pictures of the demo in docs/images.
pictures: .venv/ready-to-test
	$(BIN)/python -m tests.pictures

# How languages write numbers, as this Node has it: analytics/data/numerals.json.
numerals: .venv/ready-to-test
	$(BIN)/python -m tests.numerals

COMPILE = $(BIN)/uv pip compile --quiet --upgrade pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

# Newest versions of everything, with hashes and without addresses.
lock: .venv/ready-to-test
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group test --constraint requirements.lock -o requirements-test.lock

.venv/ready: requirements.lock pyproject.toml .ci/make-environment
	@sh .ci/make-environment
	@touch $@

.venv/ready-to-test: .venv/ready requirements-test.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-test.lock
	touch $@

snippet/node_modules/ready: .venv/ready-to-test snippet/package-lock.json
	cd snippet && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

clean:
	rm -rf .venv .demo dist snippet/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
