# `make test` and `make demo` are all that a new machine needs.
.PHONY: deps build test clean kubernetes

deps:
	@scripts/install-deps build

build: deps
	@cmake --preset release >/dev/null
	@cmake --build --preset release

test: build
	@ctest --preset release

clean:
	@rm -rf build build-asan build-tsan
