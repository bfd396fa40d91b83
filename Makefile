# Silver Guardian. `make help` lists the targets: every target with a "## text" behind it is listed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Tests and the embedded runtime start hundreds of processes: what the first one compiles the others only read.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv/bin
OUT ?= out
CACHE = $${SILVER_GUARDIAN_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/silver-guardian}

##@ Try it

.PHONY: demo
demo: setup media ## Analyse the examples here, without a cluster: sample media, verdicts, reports
	@models="$(CACHE)/ml/speech"; $(VENV)/python -m ml.common.whisper "$$models" || models=; \
	  GUARDIAN_MODELS="$${GUARDIAN_MODELS:-$$models}" $(VENV)/guardian run -f crds/examples --media $(OUT)/media --out $(OUT)
	@$(VENV)/guardian app --try $(OUT)/media/synthetic.wav --out $(OUT)

PORT ?= 8080

.PHONY: app
app: setup ## Serve the page for people and its API on this machine: PORT=8080, without a cluster
	@$(VENV)/guardian app --port $(PORT) --out $(OUT)

.PHONY: demo-cluster
demo-cluster: setup ## The same on a real Kubernetes cluster: kind, or without Docker one of plain processes
	@$(VENV)/python -m tests.demo_cluster

.PHONY: demo-cluster-down
demo-cluster-down: setup ## Remove that cluster and everything in it
	@$(VENV)/python -m tests.cluster down

.PHONY: media
media: setup ## Make the sample recordings in out/media; what is there is kept
	@$(VENV)/python -m tests.support.media.samples $(OUT)/media

.PHONY: run-audio
run-audio: setup media ## Serve the audio analyzer on port 8000, with a local S3 server that holds the samples
	@$(VENV)/guardian serve audio --media $(OUT)/media --port 8000 --out $(OUT)

.PHONY: run-video
run-video: setup media ## Serve the video analyzer on port 8001, with a local S3 server that holds the samples
	@$(VENV)/guardian serve video --media $(OUT)/media --port 8001 --out $(OUT)

.PHONY: run-context
run-context: setup media ## Serve the context analyzer on port 8002, with a local S3 server that holds the samples
	@$(VENV)/guardian serve context --media $(OUT)/media --port 8002 --out $(OUT)

.PHONY: speech-model
speech-model: setup ## Put Whisper base (MIT, 150 MB) where guardian looks for models: MODELS=another folder
	@$(VENV)/python -m ml.common.whisper $(MODELS)

##@ Work on it

.PHONY: setup
setup: ## Install what is missing: Debian packages, uv, Python packages into .venv
	@scripts/bootstrap.sh

.PHONY: generate
generate: setup ## Write the CRDs, docs/reference.md and schemas from the models, and KEDA's messages from their .proto
	@$(VENV)/python -m analysis_operator.api.crd crds
	@$(VENV)/python -m analysis_operator.api.crd charts/silver-guardian/crds
	@$(VENV)/python -m analysis_operator.api.reference docs/reference.md
	@$(VENV)/python -m analysis_operator.cli.lines docs/analyze-line.schema.json
	@$(VENV)/python -m analysis_operator.batches.lines docs/batch-line.schema.json
	@$(VENV)/python -m grpc_tools.protoc -I operator/src --python_out=operator/src --pyi_out=operator/src \
	  analysis_operator/scaling/externalscaler.proto

.PHONY: lint
lint: setup ## Check style, types, the architecture and the spelling
	@$(VENV)/ruff check --no-cache .
	@$(VENV)/ruff format --check .
	@MYPY_CACHE_DIR="$(CACHE)/mypy" $(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/codespell

.PHONY: audit
audit: setup ## Ask whether a vulnerability is known of a locked package; says so loudly, and never fails for one
	@scripts/audit-lock.sh

.PHONY: test
test: setup ## Run every test: unit, integration, and e2e on a real cluster
	@$(VENV)/python -m tests.cluster build-tools > /dev/null
	@$(VENV)/python -m pytest --numprocesses=5 --dist=loadscope --no-loadscope-reorder --junitxml=$(OUT)/tests.xml

.PHONY: coverage
coverage: setup ## Report which lines the unit tests run: a table, and pages in out/coverage
	@$(VENV)/python -m pytest tests/unit --numprocesses=2 --dist=loadfile --quiet \
	  --cov --cov-report=term --cov-report=html:$(OUT)/coverage

.PHONY: bench
bench: setup ## Take the figures of docs/performance.md, most of them on a local cluster
	@$(VENV)/python -m tests.benchmarks

.PHONY: faults
faults: setup ## Try every fault at every call of every kind of request, half an hour or more, and write docs/faults.md
	@$(VENV)/python -m tests.faults

.PHONY: fuzz
fuzz: setup ## Read 200 mangled content credentials and 500 damaged recordings, as hostile senders make them: ten minutes
	@$(VENV)/python -m tests.benchmarks.credentials 200
	@$(VENV)/python -m tests.benchmarks.fuzz

SOAK_SECONDS ?= 7200

.PHONY: soak
soak: setup ## Random faults at 5 requests a second for two hours (SOAK_SECONDS); what the operator holds goes to docs/faults.md
	@$(VENV)/python -m tests.faults.soak --seconds $(SOAK_SECONDS)

EVAL_ARGS ?=

IN_EVAL_ENV = export PATH="$$PATH:$(CACHE)/uv/bin" UV_PROJECT_ENVIRONMENT="$(CACHE)/ml/venv"; \
	  uv sync --locked --quiet --package silver-guardian-ml --group voices --python $(VENV)/python; "$$UV_PROJECT_ENVIRONMENT/bin/python"

.PHONY: eval
eval: setup ## Measure the voice models on recorded and synthetic speech, and write their cards
	@$(IN_EVAL_ENV) -m ml.voice.evaluate $(EVAL_ARGS)

GENUINE ?= $(OUT)/genuine
SPEECH ?= ../shared/speech

.PHONY: eval-genuine
eval-genuine: setup ## Measure how often genuine recordings are accused: SPEECH=folder of recorded speech, GENUINE=what is made
	@$(VENV)/python -m ml.genuine.build $(GENUINE) --speech $(SPEECH)
	@$(VENV)/python -m ml.genuine $(GENUINE)/list.csv

.PHONY: train
train: setup ## Train the texture of a voice on packages, and join it with what make tune made; then run make eval
	@export OPENBLAS_NUM_THREADS=1; $(IN_EVAL_ENV) -m ml.voice.train $(EVAL_ARGS)

# What PyTorch frees it takes again at once: giving it back to the system in between costs a third of the time.
KEEP_MEMORY = MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 GLIBC_TUNABLES=glibc.malloc.hugetlb=1

.PHONY: tune
tune: setup ## Fine-tune AASIST on published speech with PyTorch, most of an hour of one core
	@export PATH="$$PATH:$(CACHE)/uv/bin" UV_PROJECT_ENVIRONMENT="$(CACHE)/ml/venv-networks" OMP_NUM_THREADS=1; \
	  uv sync --locked --quiet --package silver-guardian-ml --group networks --python $(VENV)/python; \
	  export $(KEEP_MEMORY); "$$UV_PROJECT_ENVIRONMENT/bin/python" -m ml.voice.train.tuning $(EVAL_ARGS) && \
	  "$$UV_PROJECT_ENVIRONMENT/bin/python" -m ml.voice.train.pairing $(EVAL_ARGS)

.PHONY: clean
clean: ## Remove what was made in this checkout: out/, .venv and caches
	@rm -rf out .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ About

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z0-9-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
