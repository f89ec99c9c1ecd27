# The verbs of the README. Each sets up .venv by itself when needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Packages are installed without byte code; it is written where a module is first needed.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test lint types imports docs unit check bench clean

demo: $(READY) ## the main job on embedded data
	$(BIN)/python tools/demo.py

serve: $(READY) ## judges your clips in the browser, at http://127.0.0.1:8000/
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e ".[coach]"
	$(BIN)/aqa-bench serve

test: $(READY) ## everything that CI checks
	$(MAKE) --jobs 2 lint types imports docs check
	$(MAKE) unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

docs: $(READY) ## the documentation as a site under build/docs; broken links are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

unit: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: $(READY) ## every committed number again from the committed predictions
	OMP_NUM_THREADS=1 $(BIN)/aqa-bench leaderboard check --jobs 2
	$(BIN)/python tools/gym_report.py --check
	$(BIN)/python tools/rank_simulation.py page --check

bench: $(READY) ## speed figures
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/benchmarks --benchmark-only -q

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24.2"
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
