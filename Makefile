# Two commands do everything: `make run` and `make test`.
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
CYCLONEDX_VERSION := 7.5.0
PIP_AUDIT_VERSION := 2.10.1
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
BIN := .venv/bin
export RASA_TELEMETRY_ENABLED := false

.PHONY: help run test train evaluate encoder statements benchmark lock lint sbom audit clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.installed ## start the clinic page, the bot and the desk on http://localhost:8000/
	@$(BIN)/mesoguide serve

test: .venv/.installed-dev ## run every test
	@tests/prepare
	@$(BIN)/mesoguide train
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

train: .venv/.installed ## train the model if anything it is made from changed
	@$(BIN)/mesoguide train

evaluate: .venv/.installed ## measure the understanding on the held-out messages
	@$(BIN)/mesoguide evaluate

encoder: .venv-tuning/.installed ## train the encoder's upper layers anew on the messages (PyTorch; half an hour)
	@.venv-tuning/bin/python -m tuning

statements: .venv-tuning/.installed ## train anew what hears facts, concerns, treatments and ages (PyTorch; twenty minutes)
	@.venv-tuning/bin/python -m tuning.statements

benchmark: .venv/.installed-dev ## ours beside Rasa's starter bot, side by side
	@$(BIN)/python -m benchmarks.turns

lint: .venv/.installed-dev ## style, types and the direction of imports
	$(BIN)/ruff check bot tests benchmarks tuning
	$(BIN)/lint-imports

lock: $(UV) ## renew the lock files after a change in pyproject.toml
	$(UV) pip compile -q pyproject.toml --python-version 3.10 --generate-hashes --no-header --no-emit-index-url -o requirements.lock
	$(UV) pip compile -q pyproject.toml --group dev --python-version 3.10 --generate-hashes --no-header --no-emit-index-url -c requirements.lock -o requirements-dev.lock
	$(UV) pip compile -q --group pyproject.toml:tracing --python-version 3.10 --generate-hashes --no-header --no-emit-index-url -c requirements.lock -o requirements-tracing.lock
	$(UV) pip compile -q --group pyproject.toml:tuning --python-version 3.10 --generate-hashes --no-header --no-emit-index-url -c requirements.lock -o requirements-tuning.lock

sbom: $(UV) ## write the bill of materials (CycloneDX) of what is installed and of the pages to results/sbom.cdx.json
	@mkdir -p results
	@$(UV) tool run -q --from cyclonedx-bom==$(CYCLONEDX_VERSION) cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file results/sbom.cdx.json 2>results/sbom.log || { tail -5 results/sbom.log; echo "No bill of materials was made."; exit 1; }
	@$(PYTHON) .ci/sbom_web.py results/sbom.cdx.json
	@echo "Written: results/sbom.cdx.json"

audit: $(UV) ## look the packages of the lock up in the advisories
	@$(PYTHON) .ci/audit.py $(UV) tool run -q --from pip-audit==$(PIP_AUDIT_VERSION) pip-audit

clean: ## remove the environment, trained models and local data
	rm -rf .venv .venv-tuning .tools var bot/models results

.tools/uv/bin/uv:
	@echo "uv is missing; putting version $(UV_VERSION) into .tools/"
	@$(PYTHON) -m venv .tools/uv || { echo "Mesoguide needs a Python 3 with venv to fetch uv: install python3-venv, or uv itself."; exit 1; }
	@.tools/uv/bin/pip install -q uv==$(UV_VERSION)

.venv/.python: .python-version | $(UV)
	@$(UV) venv -q --clear --python 3.10 .venv 2>/dev/null || $(UV) venv -q --clear --python $$(command -v python3.10 || echo 3.10) .venv || \
		{ echo "Mesoguide needs Python 3.10: Rasa 3.6, which it is built on, runs on no newer one. Install it (for example 'pyenv install 3.10'), then try again."; exit 1; }
	@touch $@

.venv/.installed: requirements.lock pyproject.toml .venv/.python | $(UV)
	@echo "Installing the packages of requirements.lock"
	@$(UV) pip sync -q --compile-bytecode --python $(BIN)/python requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@rm -f .venv/.installed-dev
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@$(UV) pip install -q --compile-bytecode --python $(BIN)/python --no-deps -r requirements-dev.lock
	@touch $@

.venv-tuning/.installed: requirements-tuning.lock requirements.lock .venv/.python | $(UV)
	@$(UV) venv -q --clear --python $(BIN)/python .venv-tuning
	@$(UV) pip sync -q --python .venv-tuning/bin/python requirements.lock requirements-tuning.lock
	@$(UV) pip install -q --python .venv-tuning/bin/python --no-deps --no-build-isolation -e .
	@touch $@
