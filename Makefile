# EmoRec. Two commands for a newcomer: make run, make test.
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: run test mutants lint format bench evaluate lock messages clean help

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

include setup.mk

run: setup  ## Start EmoRec on this machine (http://127.0.0.1:8000, or EMOREC_PORT)
	@$(BIN)/python -m emorec_site.supervise

test: setup-dev  ## The whole test suite, with real PostgreSQL and Redis
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

mutants: setup-dev  ## How many small faults the tests notice (docs/testing.md)
	@$(BIN)/python -m tests.mutants $(ARGS)

CHECK := $(BIN)/python emorec_site/node.py node node_modules/@biomejs/biome/bin/biome check
lint: setup-dev $(BIOME)  ## Style, templates, scripts, types, import rules, deployment checks, missing migrations, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --quiet --check templates
	$(BIN)/djangofmt --quiet check templates
	$(CHECK) --error-on-warnings
	EMOREC_MODE=test $(BIN)/mypy
	$(BIN)/lint-imports
	EMOREC_MODE=test $(BIN)/python manage.py makemigrations --check --dry-run
	EMOREC_MODE=production EMOREC_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') EMOREC_HOSTS=example.org $(BIN)/python manage.py check --deploy --fail-level WARNING
	EMOREC_MODE=test $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/python -m pytest -q tests/site/test_translations.py tests/site/test_templates.py

format: setup-dev $(BIOME)  ## Put the code in its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt --quiet check --fix templates
	$(BIN)/djangofmt --quiet templates
	$(CHECK) --write

bench: setup  ## Seconds per stage, real-time factor and peak memory on a clip made for it
	@$(BIN)/python -m ml bench

evaluate: setup  ## Measure the weights (Tables 1 and 2, errors, noise) and write the model card (needs EMOREC_DATA)
	@$(BIN)/python -m ml evaluate all

UV := $(BIN)/uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate -q
lock: setup-dev  ## Pin all dependencies anew
	$(UV) requirements/uv.in -o requirements/uv.lock
	$(UV) requirements/base.in -o requirements/base.lock
	$(UV) requirements/dev.in -o requirements/dev.lock
	$(UV) --no-deps requirements/nodeps.in -o requirements/nodeps.lock

messages: setup-dev  ## Collect translatable strings (needs GNU gettext) and compile the translations
	EMOREC_MODE=test $(BIN)/python manage.py makemessages --locale zh_Hans --no-location --no-obsolete --ignore '.venv' --ignore 'var' --ignore 'node_modules'
	$(BIN)/python -m emorec_site.messages

clean:  ## Remove what was built; recordings and accounts in var/ stay
	rm -rf .venv node_modules emorec_site/static/built var/static
