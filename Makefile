# The two commands that matter: `make study` and `make test`. Both set up what they need.
.DEFAULT_GOAL := help
.PHONY: help study test lint unit bench clean

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

help:  ## this list
	@echo "usage: make <target>"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "  %-8s %s\n", $$1, $$2 }'
	@echo "  make study                      2,000 generated ICU stays: about 1 minute, 1 GB of disk in .postgres"
	@echo "  make study CSV=DIR              a folder of MIMIC-IV files (hosp/, icu/), into the embedded server"
	@echo "  make study DSN=postgresql://... your own server: reads MIMIC-IV, writes one schema of its own"
	@echo "  STAYS=N, SEED=N, VARS='{...}', OUTPUT=DIR, SUPPRESS_BELOW=N change the generated data, the definitions,"
	@echo "  the output folder, and which counts are hidden"

study: $(READY)  ## the whole study: data, dbt build, statistics, report in output/
	@$(RUN) -m study $(if $(CSV),--csv '$(CSV)') $(if $(DSN),--dsn '$(DSN)') $(if $(STAYS),--stays '$(STAYS)') \
		$(if $(SEED),--seed '$(SEED)') $(if $(SUPPRESS_BELOW),--suppress-below '$(SUPPRESS_BELOW)') $(if $(VARS),--vars '$(VARS)') $(if $(OUTPUT),--output '$(OUTPUT)')

test: lint unit  ## lint, types, pytest, dbt build and dbt test on shipped data

lint: $(READY)  ## ruff, mypy (strict), sqlfluff
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy analysis_py mimic_db study.py bench
	@$(RUN) -m mypy --explicit-package-bases tests/reference tests/recompute
	@mkdir -p target/lint && cp profiles.example.yml target/lint/profiles.yml
	@# dbt's templates want a connection: an empty server of the linter's own, stopped afterwards
	@export DEXSIC_PGDATA=target/lint/server; eval "$$($(RUN) -m mimic_db env)" && \
		$(VENV)/bin/sqlfluff lint --processes 2 models tests/data; status=$$?; $(RUN) -m mimic_db stop >/dev/null; exit $$status

unit: $(READY)
	@$(RUN) -m pytest

bench: $(READY)  ## benchmarks, as ratios measured in one run
	@$(RUN) -m bench

clean:  ## stop the embedded server and remove its data, the output and the virtual environment
	@if [ -x $(RUN) ]; then $(RUN) -m mimic_db stop; fi
	rm -rf $(VENV) .postgres output target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

# the environment is made aside the mark, so that an install that breaks off is taken up again
$(READY): requirements.txt
	@echo "setting up $(VENV): about a minute, 1 GB of disk"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or later is needed; make PYTHON=/path/to/python3.11 study")'
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
