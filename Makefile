# The two commands that matter: `make study` and `make test`. Both set up what they need.
.DEFAULT_GOAL := help
.PHONY: help study test said lint unit bench engines torture stop clean

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

help:  ## this list
	@echo "usage: make <target>"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "  %-8s %s\n", $$1, $$2 }'
	@echo
	@echo "  make study                      6,000 generated ICU stays: 2 minutes, 3 GB of disk in .postgres"
	@echo "  make study CSV=DIR              a folder of MIMIC-IV files (hosp/, icu/), into the embedded server:"
	@echo "                                  2 minutes for the demo (open data: SUPPRESS_BELOW=0), 100 GB of disk for all of MIMIC-IV"
	@echo "  make study ENGINE=duckdb CSV=DIR  the same files read where they lie: no server, no loading, one file in .duckdb"
	@echo "  make study ENGINE=spark CSV=DIR   the same models on Spark, from Parquet in .spark; needs Java 17; 4 minutes for the demo"
	@echo "  make study DSN=postgresql://... your own server: reads MIMIC-IV, writes one schema of its own"
	@echo "  make study ZIGONG=generated     with the external cohort, generated too, or a folder of its seven files: ZIGONG=DIR"
	@echo "  STAYS=N, SEED=N, VARS='{...}', OUTPUT=DIR, SUPPRESS_BELOW=N change the generated data, the definitions,"
	@echo "  the output folder, and which counts are hidden; QUIET=1 shows errors and the report's path alone"
	@echo
	@echo "The first of these commands sets up .venv (a minute, 1 GB). The embedded server stays running: make stop."

study: $(READY) $(if $(filter duckdb spark,$(ENGINE)),$(READY)-$(ENGINE))  ## the whole study: data, dbt build, statistics, report in output/
	@$(RUN) -m study $(if $(ENGINE),--engine '$(ENGINE)') $(if $(CSV),--csv '$(CSV)') $(if $(DSN),--dsn '$(DSN)') $(if $(STAYS),--stays '$(STAYS)') $(if $(ZIGONG),--zigong '$(ZIGONG)') \
		$(if $(SEED),--seed '$(SEED)') $(if $(SUPPRESS_BELOW),--suppress-below '$(SUPPRESS_BELOW)') $(if $(VARS),--vars '$(VARS)') $(if $(OUTPUT),--output '$(OUTPUT)') $(if $(QUIET),--quiet)

test: said lint unit  ## lint, types, pytest, dbt build and dbt test on shipped data: about 10 minutes

said:
	@echo "about 10 minutes on two cores; DEXSIC_TEST_MINUTES=30, as .ci/run has it, adds the study as a package, commands by hand and that no row leaks;"
	@echo "60 adds builds by other definitions, of another release, in another order, on other servers and on Spark, BigQuery's SQL, the external cohort, faults tried for real"
	@echo "servers of its own in temporary folders, stopped and removed at the end"

lint: $(READY)-dev  ## ruff, mypy (strict), sqlfluff; no file is changed
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy analysis_py mimic_db zigong_db twin pipeline study.py bench torture
	@$(RUN) -m mypy --explicit-package-bases tests/reference tests/recompute tests/golden tests/mutants
	@said="$$($(VENV)/bin/lint-imports --no-cache)" && echo "$$said" | tail -2 || { echo "$$said"; exit 1; }
	@mkdir -p target/lint && cp profiles.example.yml target/lint/profiles.yml
	@# dbt's templates want a connection: an empty server of the linter's own, stopped afterwards
	@export DEXSIC_PGDATA=target/lint/server; eval "$$($(RUN) -m mimic_db env)" && \
		$(VENV)/bin/sqlfluff lint --processes 2 models tests/data; status=$$?; $(RUN) -m mimic_db stop >/dev/null; exit $$status

unit: $(READY)-dev
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

bench: $(READY)  ## benchmarks, as ratios measured in one run: MIMIC-IV demo multiplied, 12 GB of disk in .postgres
	@echo "makes two databases on the first run: 12 GB of disk in .postgres, kept for the next run"
	@$(RUN) -m bench

engines: $(READY)-spark  ## is every cell of every mart the same on PostgreSQL, DuckDB and Spark? Three data sets, ten minutes, 5 GB of disk
	@$(RUN) -m bench.equal

torture: $(READY)  ## faults and hostile input on servers of its own, and a table of how each ended: about an hour
	@$(RUN) -m torture $(if $(SEED),--seed '$(SEED)')

stop:  ## stop the embedded server; its data stay in .postgres
	@if [ -x $(RUN) ]; then $(RUN) -m mimic_db stop; fi

clean:  ## stop the embedded server and remove its data (.postgres), .duckdb, .spark, .bench, output/, .venv and all caches, without asking
	@if [ -x $(RUN) ]; then $(RUN) -m mimic_db stop; fi
	rm -rf $(VENV) .postgres .duckdb .spark .bench output target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

# uv installs in a fifth of pip's time; pip does it where uv cannot be had, or does not reach the index that pip is told of, and
# shows errors only (-qq): of a page that its settings name and that is not there it warns once for each package
define install
@export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1; if $(RUN) -m pip install --quiet --require-hashes --only-binary :all: -r requirements/uv.txt 2>/dev/null && \
	$(VENV)/bin/uv pip install --quiet --python $(RUN) --no-deps --require-hashes --only-binary :all: $(1) 2>/dev/null; then :; else \
	$(RUN) -m pip install -qq --no-deps --require-hashes --only-binary :all: $(1); fi
endef

# the environment is made aside the mark, so that an install that breaks off is taken up again
$(READY): requirements/runtime.txt
	@echo "setting up $(VENV): half a minute, 1 GB of disk"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed; make PYTHON=/path/to/python3.11 study")'
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(call install,--no-binary autograd-gamma -r requirements/runtime.txt)
	@touch $@

# what the tests and linters need; all that these files list is besides requirements/runtime.txt
$(READY)-dev: requirements/dev.txt $(READY)
	$(call install,-r requirements/dev.txt)
	@touch $@

$(READY)-duckdb: requirements/duckdb.txt $(READY)
	$(call install,-r requirements/duckdb.txt)
	@touch $@

# pyspark comes as source alone; Java is the system's
$(READY)-spark: requirements/spark.txt requirements/duckdb.txt $(READY)
	@echo "adding Spark to $(VENV): 0.5 GB of disk"
	$(call install,--no-binary pyspark -r requirements/spark.txt)
	@$(RUN) -c 'import sys; from mimic_db.load.spark import missing; fault = missing(); sys.exit(fault and f"error: {fault}")'
	@touch $@

# with the parser by which its SQL is checked; nothing is run there
$(READY)-bigquery: requirements/bigquery.txt $(READY)
	$(call install,-r requirements/bigquery.txt)
	@touch $@
