# `make test` and `make demo` are all a new machine needs (Debian 12, root). On a machine with a Kubernetes of its own:
#   make test CLUSTER=current SAMPLE_IMAGE=registry/of/yours/exastro-sample:10.11
# uses the current kube context and the kubectl and helm on PATH; nothing is started then, and nothing touched but the
# namespaces kubectl-exastro-e2e*, kubectl-exastro-demo and kubectl-exastro-bench. `make help` says what there is.
SHELL := /bin/bash
# Debian's python3-pytest belongs to Debian's Python, whichever other one is first on PATH.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
export PYTHONDONTWRITEBYTECODE := 1
CLUSTER ?= own

ifeq ($(CLUSTER),current)
export EXASTRO_CLUSTER := current
test_packages := tests
cluster_if_own :=
environment := true
else
test_packages := cluster
cluster_if_own := cluster
environment := environment=$$(tests/cluster/env) && eval "$$environment"
endif
ifdef SAMPLE_IMAGE
export SAMPLE_IMAGE
endif

.NOTPARALLEL:
.PHONY: build unit dist test test-all fuzz e2e e2e-all faults demo cluster clean-cluster bench clean test-packages images help

build: ## packages, then the program and its unit tests: 1 to 3 minutes the first time
	@echo "== build: packages, then the program and its unit tests (1 to 3 minutes the first time)"
	@scripts/install-deps
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log
	@cmake --build --preset release

unit: build ## build and unit tests: 1 to 3 minutes more
	@echo "== unit tests (1 to 3 minutes)"
	@ctest --test-dir build --output-on-failure --parallel 3

test: unit e2e ## what every change must pass: 20 to 40 minutes, on a new machine as much again

test-all: unit e2e-all ## the same with the long end-to-end tests: half as long again

# FUZZ_SECONDS=600 runs each of the eight for ten minutes.
FUZZ_SECONDS ?= 60
fuzz: ## fuzz everything that reads input from outside: 5 minutes, and 3 more to build the first time
	@echo "== fuzzing ($(FUZZ_SECONDS) s for each target, two at a time; building takes 3 minutes the first time)"
	@scripts/install-deps fuzz
	@cmake --preset fuzz >build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log
	@cmake --build --preset fuzz
	@scripts/fuzz $(FUZZ_SECONDS)

dist: ## the release in dist/, the same bytes from the same commit: a minute more
	@echo "== dist: one static program, packed for kubectl, krew and helm (1 to 3 minutes the first time)"
	@scripts/install-deps
	@cmake --preset dist >build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log
	@cmake --build --preset dist
	@rm -rf dist && scripts/package build-dist/kubectl-exastro dist && ls -sh dist

e2e: build dist test-packages $(cluster_if_own) ## end-to-end tests against a real Kubernetes: 15 to 35 minutes
	@echo "== end-to-end tests against the cluster (15 to 35 minutes)"
	@$(environment) && exec $(PYTHON) -m pytest tests/e2e -m "not long"

e2e-all: build dist test-packages $(cluster_if_own) images ## with the long ones: MariaDB versions, faults, more of reinstall: an hour
	@echo "== all end-to-end tests against the cluster (about an hour)"
	@$(environment) && exec $(PYTHON) -m pytest tests/e2e

demo: build test-packages $(cluster_if_own) ## backup, disaster and restore of a sample system before your eyes: 2 minutes, on a new machine 12
	@echo "== demo (2 minutes)"
	@$(environment) && exec $(PYTHON) tests/e2e/demo

faults: build test-packages $(cluster_if_own) ## kills, cuts and full disks, 160 of them; N=20 for fewer: an hour and a half
	@echo "== faults (about an hour and a half for 160 of them)"
	@$(environment) && exec $(PYTHON) tests/e2e/faults $(if $(N),--count $(N))

bench: build test-packages $(cluster_if_own) ## beside the vendor's commands; ONLY="large status" for some of it: an hour
	@echo "== measurements (about an hour for all of them; bench/README.md)"
	@cmake --build --preset release --target definer_filter_perf
	@$(environment) && exec $(PYTHON) bench/run $(addprefix --only ,$(ONLY))

cluster: ## a real Kubernetes on this machine: 7 to 20 minutes the first time, half a minute later
	@echo "== cluster (7 to 20 minutes the first time on a machine, half a minute later, nothing when it runs)"
	@tests/cluster/up

# Of the other MariaDB versions, for the tests that go from one to the next.
images:
ifneq ($(CLUSTER),current)
	@tests/cluster/images 10.5 11.8
endif

clean-cluster: ## stops the cluster and leaves no process, mount or network device of it: 10 seconds
	@tests/cluster/down

clean: ## what the build has made; the cluster and the cache stay
	@rm -rf build build-dist build-asan build-tsan build-fuzz dist build.log

test-packages:
	@scripts/install-deps $(test_packages)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | awk -F': ' '{printf "%-14s %s\n", $$1, substr($$0, length($$1) + 3)}'
