# The front door. `make` alone lists what can be done; the work is in the scripts that are named here.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

target := $(or $(CARGO_TARGET_DIR),target)
program := $(target)/debug/polyai-chat
xtask := cargo run --quiet --locked --bin xtask --

# Where `make install` installs, and `PORTABLE=1` for every glibc from 2.17 on.
PREFIX ?= /usr/local
LIBDIR ?=# PREFIX/lib
INCLUDEDIR ?=# PREFIX/include
DESTDIR ?=# stands for the root
PORTABLE ?=
TARGET ?=# another system than this one, as packaging/target names them
portable = $(if $(PORTABLE),--portable)
foreign = $(if $(strip $(TARGET)),--target $(strip $(TARGET)))
installing = PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" DESTDIR="$(DESTDIR)" packaging/install

# What `make soak`, `make soak-channels`, `make fuzz` and `make test-descriptions` can be told, as in `make soak SOAK_SECONDS=60`.
SOAK_SECONDS ?= 600
SOAK_CONVERSATIONS ?= 200
SOAK_SEED ?= 1
SOAK_QUESTIONS ?=# a file, one question a line
SOAK_MESSAGES ?= 100000
FUZZ_SECONDS ?= 60# for each target
EXAMPLES ?= 15# requests of each kind for each operation

help: ## List these targets
	@echo "polyai-chat: hold a conversation with a PolyAI agent. Needs Rust, Python 3 and a C compiler."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ready ## Build, start the embedded simulator and hold a scripted conversation with it
	cargo build --locked --bin polyai-chat
	$(program) chat --simulator --variant-id billing \
	    --attribute customer_name=Sam --attribute order_number=4821 \
	    -m "Where is my order?" -m "Can I speak to a human, please?"

test: ready ## Run the tests that need only Rust, Python 3 and a C compiler
	@tests/run test

test-all: ready ## Run every test; INSTALL=1 installs the Debian packages that some of them need
	@tests/run test-all

lint: ready ## Check format, lints, API documentation, dependency policy and scripts
	@tests/run lint

test-hosts: ready ## Run the examples inside their real hosts: Kamailio, Asterisk, webhook, widget, helpdesk
	tests/hosts/run

test-descriptions: ready ## Check the simulator against docs/openapi, EXAMPLES requests of each kind
	tests/conformance/descriptions $(EXAMPLES)

test-free-threaded: ready ## Run the tests of the Python packages on a CPython without the global lock
	tests/python-free-threaded

test-nuget: ready ## Make the NuGet packages with an SDK of .NET Core, which is downloaded, and use them as programs do
	bindings/dotnet/tests/sdk/run

sanitize: ready ## Run the tests in C and C++ under valgrind, then with AddressSanitizer
	tests/require c-tools
	POLYAI_TEST_UNDER=valgrind cargo test --locked -p polyai-chat-abi
	POLYAI_TEST_UNDER=address cargo test --locked -p polyai-chat-abi

under-load: ready ## Run every test that contains a deadline three times beside six busy loops
	tests/under-load

soak: ready ## Hold many conversations with a misbehaving simulator, and compare both sides' books
	cargo run --release --locked -p polyai-chat-faults --bin soak -- --seconds $(SOAK_SECONDS) \
	    --conversations $(SOAK_CONVERSATIONS) --seed $(SOAK_SEED) $(if $(SOAK_QUESTIONS),--questions "$(SOAK_QUESTIONS)")

soak-channels: ready ## Carry SOAK_MESSAGES over three workers on PostgreSQL, kill it on the way, and compare the books
	tests/soak-channels --messages $(SOAK_MESSAGES)

fuzz: ready ## Look for what breaks the parsers (needs nightly Rust)
	tests/fuzz/run $(FUZZ_SECONDS)

bench: ready ## Measure a turn beside what people use instead: QUICK=1 takes minutes less, DOCUMENT=docs/performance.md keeps it
	tests/bench/run $(if $(QUICK),--quick) $(if $(DOCUMENT),--document "$(DOCUMENT)")

bench-micro: ready ## Measure the parts of a turn, each by itself
	cargo bench --quiet --locked -p polyai-chat-bench --features micro --bench turn

header: ready ## Write the C header and its manifest anew from crates/ffi
	$(xtask) header

check-abi: ready ## Compare header, manifest and ABI with what was accepted
	@tests/run header constants abi

documents: ready ## Write the tables of the documents anew from the code
	tests/documents

docs-python: ready ## Make the guide and the API reference of the Python packages
	docs/python/build

shipped: ready ## Build the C library as it is shipped (PORTABLE=1: for every glibc from 2.17 on, TARGET=: for another system)
	packaging/$(if $(foreign),foreign $(TARGET),build $(portable))

install: ready ## Build the C library and install it: PREFIX=/usr/local DESTDIR= LIBDIR= INCLUDEDIR=
	packaging/$(if $(foreign),foreign $(TARGET),build $(portable))
	$(installing) $(or $(foreign),$(portable))

check-macos: ready ## Type-check core, simulator, program and C library for macOS
	tests/platforms/run aarch64-apple-darwin

check-platforms: ready ## Build for arm64, Alpine and Windows, and run there what can be run here
	tests/platforms/run

uninstall: ## Take away what `make install` has installed
	$(installing) --uninstall

deb: ready ## Make the Debian packages of the C library
	packaging/build --portable
	packaging/deb

wheel: ready ## Build the Python packages as wheels (PORTABLE=1: for every glibc from 2.17 on)
	packaging/wheel $(portable)

npm: ready ## Build the npm packages as they are shipped (PORTABLE=1: for every glibc from 2.17 on)
	packaging/npm $(portable)

nuget: ready ## Make the NuGet packages as they are shipped, for every glibc from 2.17 on (needs an SDK of .NET)
	packaging/nuget

sdist: ready ## Make the source distributions of the Python packages
	packaging/sdist

check-portable: ready ## Check what is for every glibc from 2.17 on, and try the Debian packages in a fresh Debian
	tests/require building debian node
	tests/packages/run --portable
	tests/packages/wheels --portable
	packaging/npm --portable
	$(target)/venv/bin/python tests/packages/npm.py $(target)/shipped/portable --portable
	@$(MAKE) deb
	tests/packages/deb

check-reproducible: ready ## Build what is shipped twice, in different places, and compare the files (PORTABLE=1: as it is released)
	python3 -B tests/packages/reproducible.py $(portable)

live: ready ## Hold a short conversation with the real service, with keys from the environment
	cargo build --locked --bin polyai-chat
	tests/live "$(program)"

clean: ## Remove everything that was built
	cargo clean

ready:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it with rustup, https://rustup.rs" >&2; exit 1; }
	@command -v python3 >/dev/null || { echo "Python 3 is missing (on Debian: apt-get install python3)" >&2; exit 1; }
	@compiler=$${CC:-cc}; command -v $${compiler%% *} >/dev/null || \
	    { echo "A C compiler is missing (on Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

.PHONY: $(shell awk -F : '/^[a-z-]+:/ { print $$1 }' $(firstword $(MAKEFILE_LIST)))
