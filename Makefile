# Every target that needs the environment creates it first. Variables become flags of the commands:
#   make quickstart
#   make ablation-relu DATASET=cifar10 DATA_DIR=~/tensorflow_datasets SEEDS=0,1,2 RESULTS_DIR=runs

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m experiments
# With CUDA=1 pip also installs TensorFlow's CUDA libraries.
READY := $(VENV)/.ready$(if $(CUDA),-cuda)

# Makes Linux give memory in pages of 2 MB instead of 4 kB. Input takes up to a third less time (benchmarks/LOG.md).
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

RESULTS_DIR ?= runs
# For targets that read recorded rows: `results`, unless RESULTS_DIR is given.
RECORDED = $(if $(filter command line environment,$(origin RESULTS_DIR)),$(RESULTS_DIR),results)
# A name for the rows of one arm. It is cleared here, because make itself defines AS, as the assembler.
AS :=
FLAGS = $(if $(DATASET),--dataset "$(DATASET)") $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") \
	$(if $(ARMS),--arms "$(ARMS)") $(if $(EPOCHS),--epochs "$(EPOCHS)") \
	$(foreach change,$(SET),--set "$(change)") $(if $(AS),--as "$(AS)") \
	$(if $(PRECISION),--precision "$(PRECISION)") $(if $(REPLICAS),--replicas "$(REPLICAS)") \
	$(if $(CHECKPOINT_EVERY),--checkpoint-every "$(CHECKPOINT_EVERY)") $(if $(DRY_RUN),--dry-run) \
	$(if $(JOBS),--jobs "$(JOBS)") $(if $(SCHEDULER),--scheduler "$(SCHEDULER)") \
	--results-dir "$(RESULTS_DIR)"
# An environment of its own for PyTorch, which only the benchmark uses.
BENCHMARK_VENV ?= .venv-benchmark
BENCHMARK_PIP := $(BENCHMARK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# The variables of each target, besides PYTHON, VENV, CUDA and RUN, which all targets take. Others are refused:
# with a mistyped or ignored variable a command could train for hours with the wrong settings.
TAKES_run := NAME SEEDS ARMS AS CHECKPOINT_EVERY DATASET DATA_DIR DRY_RUN EPOCHS JOBS PRECISION REPLICAS RESULTS_DIR \
	SCHEDULER SET
TAKES_ablations := $(filter-out NAME,$(TAKES_run))
TAKES_search := $(filter-out SEEDS,$(TAKES_run))
TAKES_rerun := RUN_ID DATA_DIR EPOCHS REPLICAS RESULTS_DIR TOLERANCE
TAKES_imagenet := CACHE CHECKPOINT_EVERY DATASET DATA_DIR EPOCHS MODEL OUT PRECISION READERS RECIPE REPLICAS \
	SET
TAKES_compare := A B MARGIN METRIC TOLERANCE
TAKES_faults := ONLY RESULTS_DIR SEED TRIALS
TAKES_benchmark := BENCHMARK_VENV ITEMS QUICK RESULTS_DIR
TAKES_growth := QUICK RESULTS_DIR
TAKES_clean := BENCHMARK_VENV
$(foreach target,quickstart tables figures report scaling profile,$(eval TAKES_$(target) := RESULTS_DIR))
ALL := $(sort PYTHON VENV CUDA RUN $(foreach name,$(filter TAKES_%,$(.VARIABLES)),$($(name))))
VARIABLES := $(if $(MAKECMDGOALS),$(sort PYTHON VENV CUDA RUN $(foreach goal,$(MAKECMDGOALS),\
	$(TAKES_$(goal)) $(if $(filter ablation-%,$(goal)),$(TAKES_ablations)))),$(ALL))
GIVEN := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))
UNKNOWN := $(firstword $(filter-out $(VARIABLES),$(GIVEN)))
# $(call meant,NAME,KNOWN NAMES): the end of an error message, with the known name closest to NAME.
meant = $(patsubst %,; did you mean %?,$(shell $(PYTHON) -c 'import difflib, sys; \
	print(*difflib.get_close_matches(sys.argv[1], sys.argv[2:], 1))' $(1) $(2)))
ifneq ($(UNKNOWN),)
$(error expected some of the variables $(VARIABLES); received $(UNKNOWN)$(call meant,$(UNKNOWN),$(VARIABLES)))
endif

.DEFAULT_GOAL := help
TARGETS := help setup test test-slow test-all lint lock wheel quickstart ablations run search rerun imagenet \
	compare tables figures report benchmark growth scaling profile faults docs notebook clean
.PHONY: $(TARGETS) always

.DEFAULT:
	$(error expected one of the targets $(TARGETS) ablation-CLAIM; received $@$(call meant,$@,$(TARGETS)))

help:
	@echo 'usage: make TARGET [VARIABLE=VALUE ...]'
	@sed -n 's/^#: /  /p' $(firstword $(MAKEFILE_LIST))
	@echo 'variables: $(ALL)'

#: setup            the environment .venv, with the command .venv/bin/alexnet; CUDA=1 for an NVIDIA GPU
#: quickstart       the paper's Figure 1 on the built-in data set, in minutes
#: ablation-CLAIM   one experiment, such as ablation-relu; `ablations` runs all; DRY_RUN=1 estimates the time
#:                  DATASET= DATA_DIR= ARMS= SEEDS= EPOCHS= SET=field=value PRECISION= REPLICAS= RESULTS_DIR=
#:                  JOBS=auto trains several runs at once
#: run, search      NAME=experiment: its runs, or the search of its learning rates
#: rerun            RUN_ID=: trains a recorded run again and compares the numbers
#: imagenet         the recipe of 2012 on ImageNet; MODEL= RECIPE= DATA_DIR= CACHE= READERS= OUT=
#: compare          A= B=: compares two results folders, or one with B=paper; TOLERANCE= or MARGIN= METRIC=
#: report           tables, figures and pages from recorded rows; also `tables`, `figures`
#: benchmark        speed against PyTorch; also `growth`, `scaling`, `profile`; QUICK=1 ITEMS=
#: docs, notebook   the site; the notebook Annotated AlexNet
#: faults           trials of kills, full disks and damaged files; SEED= ONLY= TRIALS=
#: test, lint       also test-slow, test-all, wheel, lock, clean
setup: $(READY)

# The last `pip install` makes the command `alexnet`, which runs the code of this checkout.
$(READY): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "expected Python 3.11 to 3.13; received " + sys.version.split()[0] + "; PYTHON=python3.12 names another")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt $(if $(CUDA),"tensorflow[and-cuda]")
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(VENV)/.ready $@

quickstart: $(READY)
	$(RUN) run quickstart --results-dir "$(RESULTS_DIR)/quickstart"

# `always` makes the target run even if there is a file or folder of its name.
ablation-%: $(READY) always
	$(RUN) run $@ $(FLAGS) $(if $(SEEDS),--seeds "$(SEEDS)")

ablations: $(READY)
	names=$$($(RUN) list | sed -n 's/^\(ablation-[^ ]*\) .*/\1/p') && test -n "$$names" && \
		$(MAKE) --no-print-directory $$names

run: $(READY)
	$(RUN) run $(NAME) $(FLAGS) $(if $(SEEDS),--seeds "$(SEEDS)")

search: $(READY)
	$(RUN) search $(NAME) $(FLAGS)

rerun: $(READY)
	$(RUN) rerun "$(RUN_ID)" $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") $(if $(EPOCHS),--epochs $(EPOCHS)) \
		$(if $(TOLERANCE),--tolerance $(TOLERANCE)) $(if $(REPLICAS),--replicas $(REPLICAS)) \
		--results-dir "$(RECORDED)"

# The recipe of 2012 on every GPU; the same command resumes an interrupted training. RECIPE=2012-code is what the
# authors' program did. CACHE is a folder for decoded pixels, READERS the number of processes that decode.
imagenet: $(READY)
	$(VENV)/bin/python -m alexnet_tf train --model $(or $(MODEL),alexnet) --recipe $(or $(RECIPE),2012) \
		--dataset "$(or $(DATASET),imagenet2012)" $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") \
		$(if $(EPOCHS),--epochs $(EPOCHS)) $(foreach change,$(SET),--set "$(change)") \
		$(if $(PRECISION),--precision $(PRECISION)) --replicas $(or $(REPLICAS),auto) \
		$(if $(CHECKPOINT_EVERY),--checkpoint-every "$(CHECKPOINT_EVERY)") \
		$(if $(CACHE),--cache "$(CACHE)") $(if $(READERS),--readers $(READERS)) --out "$(or $(OUT),runs/imagenet)"

compare: $(READY)
	$(RUN) compare "$(or $(A),results)" "$(or $(B),runs)" $(if $(TOLERANCE),--tolerance $(TOLERANCE)) \
		$(if $(MARGIN),--margin $(MARGIN)) $(if $(METRIC),--metric "$(METRIC)")

# The page of results needs further packages.
$(VENV)/.ready-report: $(READY) requirements-report.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -r requirements-report.txt
	touch $@

report: $(VENV)/.ready-report

tables figures report: $(READY)
	$(RUN) $@ --results-dir "$(RECORDED)"

# If PyTorch cannot be installed, the rest is measured, and PyTorch's rows say that it is missing. torchvision is
# installed in a second step, because it lacks wheels for some machines that PyTorch has wheels for.
benchmark: $(READY)
	test -x $(BENCHMARK_VENV)/bin/python || $(PYTHON) -m venv $(BENCHMARK_VENV)
	$(BENCHMARK_PIP) -c requirements-benchmark.txt torch numpy pillow \
		|| echo "PyTorch could not be installed; its rows will say that it was not measured" >&2
	$(BENCHMARK_PIP) -r requirements-benchmark.txt \
		|| echo "torchvision, OpenCV or py-spy could not be installed; the rows that need it will say that they were not measured" >&2
	$(VENV)/bin/python -m benchmarks run $(if $(QUICK),--quick) $(if $(ITEMS),--items "$(ITEMS)") \
		--pytorch $(BENCHMARK_VENV)/bin/python --results-dir "$(RESULTS_DIR)/benchmarks"

growth: $(READY)
	$(VENV)/bin/python -m benchmarks growth $(if $(QUICK),--quick) --results-dir "$(RESULTS_DIR)/benchmarks"

profile: $(READY)
	$(VENV)/bin/python -m benchmarks profile --results-dir "$(RESULTS_DIR)/benchmarks"

scaling: $(READY)
	$(VENV)/bin/python -m benchmarks scaling --results-dir "$(RESULTS_DIR)/benchmarks" --out "$(RESULTS_DIR)/scaling"

# Two processes, because most tests spend their time building graphs, which uses one thread.
TEST := $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(TEST) -m "not slow"

test-slow: $(READY)
	$(TEST) -m slow

test-all: test test-slow

# Trials of kills, races, damage and odd input, drawn from SEED; writes results/reliability/ and RELIABILITY.md's table.
faults: $(READY)
	$(VENV)/bin/python -m tests.faults --seed $(or $(SEED),0) $(if $(ONLY),--only "$(ONLY)") \
		$(if $(TRIALS),--trials $(TRIALS)) \
		$(if $(filter command line environment,$(origin RESULTS_DIR)),--results-dir "$(RESULTS_DIR)")

lint: $(READY)
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

# Writes requirements.txt from pyproject.toml. Packages that are pinned already keep their versions.
lock: $(READY)
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --group dev --extra export --extra jobs --extra opencv \
		--custom-compile-command "make lock" --output-file requirements.txt pyproject.toml

# Builds dist/alexnet_tf-*.whl, checks it, and uses it in an empty environment in another folder.
wheel: $(READY)
	UV=$(abspath $(VENV))/bin/uv PYTHON=$(abspath $(VENV))/bin/python .ci/wheel

# Builds the site, offline, and executes the notebook and the pages' cells. Warnings are errors.
docs: $(VENV)/.docs-ready
	$(VENV)/bin/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo docs/_build/html/index.html

# Makes the notebook for Colab and Kaggle, without outputs.
notebook: $(VENV)/.docs-ready
	mkdir -p docs/_build
	$(VENV)/bin/python -m jupytext --quiet --to ipynb --output docs/_build/annotated_alexnet.ipynb \
		docs/notebook/annotated_alexnet.py
	@echo docs/_build/annotated_alexnet.ipynb

$(VENV)/.docs-ready: requirements-docs.txt $(READY)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -r requirements-docs.txt
	touch $@

clean:
	rm -rf build dist docs/_build alexnet_tf.egg-info $(VENV) $(BENCHMARK_VENV) .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
