# Kịp's commands. Needs only make and Python 3.11 or newer; everything else is fetched into .venv/ and .run/ here.

UV_VERSION := 0.13.9
PYTHON := .venv/bin/python
UV := .venv/.uv/bin/uv
STAMP := .venv/.installed

# What Python compiled is kept for the next start (.gitignore lists it): else half of each start's CPU compiles it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run demo test check prove bench

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(STAMP) ## only the environment that the others need

run: $(STAMP) ## the whole system with a sample year, until Ctrl-C
	@exec $(PYTHON) -m demo.run

demo: $(STAMP) ## the same, checks the figures and ends by itself
	@exec $(PYTHON) -m demo.run --check

# The whole suite waits much (kills, restarts, retries): four workers, each with servers of its own, keep two cores busy.
test: $(STAMP) ## all tests, or those of T=tests/…, on a private broker and database
	@exec .venv/bin/pytest $(if $(T),$(T),-n 4 --dist loadfile --no-loadscope-reorder)

check: $(STAMP) ## lint, format, types, file rules, everything for deployment
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PYTHON) -m deploy.checks.file_rules
	$(PYTHON) -m deploy.checks.layers
	$(PYTHON) -m deploy.checks.doc_paths
	$(PYTHON) -m deploy.checks.generated
	$(PYTHON) -m deploy.checks.watched
	$(PYTHON) -m deploy.checks.compose
	$(PYTHON) -m deploy.checks.kubernetes
	$(PYTHON) -m deploy.checks.advisories
	.venv/bin/hadolint Dockerfile
	.venv/bin/shellcheck -x -P SCRIPTDIR deploy/backup/*.sh deploy/image/*.sh deploy/local/*.sh .ci/run
	$(PYTHON) -m services.intake.documents.files --check
	$(PYTHON) -m services.aggregation.reading.openapi --check
	$(PYTHON) -m services.notifications.openapi --check

prove: $(STAMP) ## the longer proofs, for PROVE_MINUTES (default 10)
	@exec $(PYTHON) -m prove

bench: $(STAMP) ## the benchmark; FULL=1 for the long one
	@FULL="$(FULL)" exec $(PYTHON) -m bench

# uv stands in an environment of its own inside .venv: a sync makes .venv exactly what uv.lock says and would remove it.
$(STAMP): uv.lock pyproject.toml
	@./deploy/local/install.sh $(UV_VERSION)
	@touch $@
