# `make test` is all a new machine needs (Debian 12, root): it installs, builds and runs every test there is.
# `make cluster` makes a real Kubernetes on this machine to try the program on, `make clean-cluster` takes it down.
SHELL := /bin/bash
.NOTPARALLEL:
.PHONY: build unit test cluster clean-cluster clean

build:
	@echo "== build: packages, then the program and its unit tests (1 to 3 minutes the first time)"
	@scripts/install-deps
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log
	@cmake --build --preset release

unit: build
	@echo "== tests (a minute)"
	@ctest --test-dir build --output-on-failure

test: unit

cluster:
	@echo "== cluster (20 minutes the first time on a machine, half a minute later, nothing when it runs)"
	@tests/cluster/up

clean-cluster:
	@tests/cluster/down

clean:
	@rm -rf build build-asan build-tsan build.log
