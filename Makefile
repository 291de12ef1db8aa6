# Makefile: every target does the set-up that is missing, and nothing where nothing is missing
# The CPython that .venv is made with: make PYTHON=/path/to/python3.12 (after make clean).
PYTHON ?= python3
JOBS ?= $(shell nproc)
export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
# One name for the compiler (make's own default is g++): ccache tells `c++` and `g++` apart. It takes
# paths in here as relative ones, so that a second clone has next to nothing to compile (its debug
# information may name the first).
export CXX
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

py := .venv/bin/python
pip := $(py) -m pip install
quietly := scripts/quietly

# Folders too: a file that goes away must go from the installed package as well.
sources := $(shell find include src python -name __pycache__ -prune -o -print) \
  $(wildcard cmake/*) CMakeLists.txt pyproject.toml
code := $(shell find $(wildcard include src python/src tests examples benchmarks) -name '*.[ch]pp')

system := build/.system
venv := .venv/.ready
bench := .venv/.bench
bench_cpp := build/.bench-cpp
installed := .venv/.installed

# The tsan preset leaves out the tests that count this process's own threads and page faults, as
# ThreadSanitizer adds its own. It wants a fixed memory layout, where that may be asked for.
fixed = $(shell setarch -R true 2>/dev/null && echo setarch -R)

# Recipes run one after the other: each uses all cores by itself.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help build demo test test-all chaos bench bench-cpp lint format clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS='|' read -r target what; do printf '%-14s %s\n' "$$target" "$$what"; done

build: $(installed) ## .venv/bin/python imports payoff, .venv/bin/payoff is the command-line tool

demo: $(installed) ## search the standard library and simulate the weather, with receipts
	@$(py) examples/keys.py
	@$(py) examples/weather.py

test: $(installed) cpp-release ## C++ and Python tests, one CPython, release build (about 8 min)
	@ctest --preset release
	@$(py) -m pytest tests

test-all: test cpp-asan cpp-tsan cpp-fuzz ## sanitizers, fuzzing, chaos, every CPython >= 3.11 found
	@$(py) -m pytest -m slow tests
	@$(fixed) ctest --preset asan
	@$(fixed) ctest --preset tsan
	@mkdir -p build/fuzz/tables build/fuzz/profile build/fuzz/calibrations
	@$(quietly) fuzz-tables "feed the readers of runs with noise for 15 s" \
	  build/fuzz/tables_fuzz build/fuzz/tables tests/fuzz/corpus/tables \
	  -max_total_time=15 -max_len=4096 -timeout=10
	@$(quietly) fuzz-profile "feed the readers of profiles with noise for 15 s" \
	  build/fuzz/profile_fuzz build/fuzz/profile tests/fuzz/corpus/profile \
	  -max_total_time=15 -max_len=8192 -timeout=10
	@$(quietly) fuzz-cache "feed the reader of calibrations with noise for 10 s" \
	  build/fuzz/calibration_fuzz build/fuzz/calibrations \
	  -max_total_time=10 -max_len=4096 -timeout=10
	@$(py) tests/chaos --seconds 60
	@scripts/each-python

chaos: $(installed) ## kill, stop and interrupt maps at random for 8 min; SEED= replays a round
	@$(py) tests/chaos $(if $(SEED),--replay $(SEED),--seconds 480)

bench: $(installed) $(bench) ## is it ever slower than the loop? (up to 40 min; QUICK=1: 3 min)
	@$(py) -m benchmarks.never_slower $(if $(QUICK),--quick)

bench-cpp: $(system) $(bench_cpp) ## C++ loops against oneTBB, OpenMP, std::par (15 min; QUICK=1: 2 min)
	@$(quietly) configure-bench "configure build/bench" cmake --preset bench
	@$(quietly) build-bench "build benchmarks/cpp_loops" cmake --build --preset bench
	@$(PYTHON) -m benchmarks.cpp_loops $(if $(QUICK),--quick)

lint: $(venv) ## clang-format, clang-tidy, ruff, mypy --strict
	@$(quietly) clang-format "check the C++ layout" clang-format --dry-run -Werror $(code)
	@$(quietly) configure-release "configure build/release" cmake --preset release
	@$(quietly) clang-tidy "clang-tidy on src/" cmake --build --preset release --target tidy -- -k 0
	@$(quietly) ruff-check "ruff check" .venv/bin/ruff check
	@$(quietly) ruff-format "check the Python layout" .venv/bin/ruff format --check
	@$(quietly) mypy "mypy --strict on python/payoff" .venv/bin/mypy

format: $(venv) ## lay out the C++ and Python sources as `make lint` wants them
	@clang-format -i $(code)
	@.venv/bin/ruff check --fix --exit-zero --quiet
	@.venv/bin/ruff format

clean: ## remove everything that make has made: build/, .venv/ and caches
	@rm -rf build .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

# The C++ tests of a preset; ninja knows what is out of date.
.PHONY: cpp-release cpp-asan cpp-tsan cpp-fuzz
cpp-release cpp-asan cpp-tsan cpp-fuzz: cpp-%: $(system)
	@$(quietly) configure-$* "configure build/$*" cmake --preset $*
	@$(quietly) build-$* "build build/$*" cmake --build --preset $*

$(system): packages.txt
	@scripts/system-packages
	@mkdir -p $(@D) && touch $@

$(bench_cpp): benchmarks/packages.txt
	@scripts/system-packages $<
	@mkdir -p $(@D) && touch $@

$(venv): $(system) pyproject.toml
	@scripts/venv .venv $(PYTHON) dev
	@touch $@

$(bench): $(venv)
	@scripts/venv .venv $(PYTHON) bench
	@touch $@

$(installed): $(venv) $(sources)
	@$(quietly) install "build payoff and install it into .venv" \
	  $(pip) --no-build-isolation --no-deps --force-reinstall .
	@touch $@
