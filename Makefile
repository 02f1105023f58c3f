# `make test` and `make demo` are all a new machine needs (Debian 12, root). On a machine with a Kubernetes of its own:
#   make test CLUSTER=current SAMPLE_IMAGE=registry/of/yours/exastro-sample:10.11
# uses the current kube context and the kubectl and helm on PATH; nothing is started then.
SHELL := /bin/bash
# Debian's python3-pytest belongs to Debian's Python, whichever other one is first on PATH.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
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
.PHONY: build unit test e2e demo cluster clean-cluster bench clean test-packages

build:
	@echo "== build: packages, then the program and its unit tests (1 to 3 minutes the first time)"
	@scripts/install-deps
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log
	@cmake --build --preset release

unit: build
	@echo "== unit tests (some seconds)"
	@ctest --test-dir build --output-on-failure

test: unit e2e

e2e: build test-packages $(cluster_if_own)
	@echo "== end-to-end tests against the cluster (some minutes)"
	@$(environment) && exec $(PYTHON) -m pytest -q tests/e2e

demo: build test-packages $(cluster_if_own)
	@echo "== demo"
	@$(environment) && exec tests/e2e/demo

bench: build test-packages $(cluster_if_own)
	@echo "== measurements (some minutes)"
	@$(environment) && exec bench/run

cluster:
	@echo "== cluster (20 minutes the first time on a machine, half a minute later, nothing when it runs)"
	@tests/cluster/up

clean-cluster:
	@tests/cluster/down

clean:
	@rm -rf build build-asan build-tsan build.log

test-packages:
	@scripts/install-deps $(test_packages)
