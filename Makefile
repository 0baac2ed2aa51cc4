# Every command a newcomer and CI start from; `make` alone explains them.
# PYTHON=/path/to/python chooses the Python; ROWS, MONTHS, PUSHES shape the sample of `make run`;
# its last month is the newest, or UNTIL=YYYYMM, which gives the same bills on every day.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-thorough test-trino report pictures render bench lint mutate format package move deploy preflight smoke destroy clean

VENV ?= .venv
PY = $(VENV)/bin/python
ROWS ?= 20000
MONTHS ?= 2
PUSHES ?= 3
SEED ?= 1
PROVIDERS ?= alibaba,aws,azure,gcp,oci,datacenter,ai_spend
ROUNDS ?= 3

help:  ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv with all dependencies, and a Java where none is found
	@VENV=$(VENV) sh scripts/setup.sh

run: setup  ## make sample exports in build/raw, run the jobs on them into build/lake, ask it
	$(PY) -m focus_lake.sample --out build/raw --providers $(PROVIDERS) \
		--rows $(ROWS) --months $(MONTHS) --pushes $(PUSHES) --seed $(SEED) \
		$(if $(UNTIL),--until $(UNTIL))
	$(PY) jobs/normalize_focus.py --providers $(PROVIDERS) --raw build/raw --lake build/lake \
		--quiet_minutes 0
	$(PY) -m focus_lake.reference example --lake build/lake
	$(PY) jobs/refresh_catalog.py --engine duckdb --database focus --lake build/lake
	@$(PY) -m focus_lake.catalog.show --lake build/lake

test: setup  ## run the quick tests; .ci/run runs all of them
	$(PY) -m pytest -q -n auto --dist loadfile --no-loadscope-reorder \
		-m "not thorough and not slow and not s3 and not trino"

test-thorough: setup  ## run the tests that take seconds each: whole refreshes, kills, made values
	$(PY) -m pytest -q -n auto --dist loadfile --no-loadscope-reorder \
		-m "thorough and not slow and not s3 and not trino"

test-trino: setup  ## run the views' tests on a real Trino, fetched once (821 MB)
	$(PY) scripts/trino_server.py fetch
	$(PY) -m pytest -q -m trino

report: setup  ## write the pages of build/lake to build/report: open its index.html
	$(PY) -m focus_lake.report site --lake build/lake --out build/report

pictures: report  ## take the pictures in docs/images, with Chromium (sh scripts/browser.sh)
	$(PY) scripts/pictures.py build/report

render: setup  ## write every statement of the catalog to build/sql, to read or to paste
	$(PY) -m focus_lake.catalog --out build/sql

bench: ROWS = 1000000
bench: setup  ## measure speed and memory, and DuckDB at the same work (ROWS=1000000 ROUNDS=3)
	$(PY) bench/shares.py
	$(PY) bench/allocation.py
	$(PY) bench/bench.py --rows $(ROWS) --rounds $(ROUNDS)

lint: setup  ## check style, types, and that rooms import only from rooms below them
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	PYTHONPATH=lib $(VENV)/bin/lint-imports --no-logo
	PYTHONPATH=lib $(PY) -m mypy

mutate: setup  ## break the lines that decide about money, and tell which breaks no test sees
	$(PY) scripts/mutate.py

format: setup  ## format the code and sort the imports
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

package: setup  ## build dist/: wheel, zip, the release for Glue, the zip for Function Compute
	$(PY) scripts/package.py dist
	$(PY) scripts/package_function.py dist

move: setup  ## move a lake of the former layout: make move LAKE=build/lake (or s3://..) [DRY_RUN=1]
	@$(PY) -m focus_lake.lake.move --lake "$(LAKE)" --dry_run $(if $(DRY_RUN),true,false)

deploy: setup  ## package, upload, show the changes, ask, deploy: make deploy STACK=.. REGION=..
	@$(PY) scripts/deploy.py --stack "$(STACK)" --region "$(REGION)" \
		--parameters "$(PARAMETERS)" --yes $(if $(YES),true,false)

preflight: setup  ## ask AWS whether a deployment can work: make preflight STACK=.. REGION=..
	@$(PY) scripts/preflight.py --stack "$(STACK)" --region "$(REGION)"

smoke: setup  ## run a tiny bill through a deployed stack and compare: make smoke STACK=.. REGION=..
	@$(PY) scripts/smoke.py --stack "$(STACK)" --region "$(REGION)" --yes $(if $(YES),true,false)

destroy: setup  ## remove the stack; buckets stay with all in them, unless EMPTY=1
	@$(PY) scripts/destroy.py --stack "$(STACK)" --region "$(REGION)" \
		--empty $(if $(EMPTY),true,false) --yes $(if $(YES),true,false)

clean:  ## remove what the targets made, .venv excepted
	rm -rf build dist lib/focus_lake.egg-info .pytest_cache .ruff_cache spark-warehouse metastore_db derby.log
