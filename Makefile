# The two commands are `make demo` and `make test`. Each installs what is missing, configures, builds and runs.
.DEFAULT_GOAL := help
.PHONY: help demo test asan tsan clang faults bazel tidy bench format check-format deps clean
JOBS ?= $(shell nproc)
LOG ?= examples/fines/sample.ndjson
ARGS ?=
FILES ?=
ROUNDS ?= 50
CONFIG ?=
STORE ?=

# $(call build,preset,further arguments of the build)
build = { test -e build/$(1)/build.ninja || cmake --preset $(1); } && cmake --build --preset $(1) --parallel $(JOBS) $(2)
run_tests = ctest --preset $(1) --parallel $(JOBS) --no-tests=error

help:
	@echo "make demo           run the demo on the sample log; its state stays in build/demo/sample"
	@echo "  LOG=file          another log, one JSON event a line, with a state of its own"
	@echo "  STORE=url         events in another store, such as postgresql://user@host/database; a state of its own, too"
	@echo "  ARGS='--replay'   further options of the demo program"
	@echo "make test           check the format, build everything, run all tests"
	@echo "make asan           the tests that are programs under the address and undefined behaviour sanitizers"
	@echo "make tsan           the same tests under the thread sanitizer, for which it builds CAF once"
	@echo "make clang          the same tests with clang 19, whose warnings are errors too"
	@echo "make faults         kill writers at random moments, ROUNDS=50 times for each backend, and look for what is lost"
	@echo "make bazel          build and test the same tree with the distribution's Bazel; CONFIG='clang asan' as CI does"
	@echo "make tidy           look over the sources with clang-tidy 19; FILES='a.cpp b.cpp' over some"
	@echo "make bench          measure against floors in the same run; ARGS=--help tells its options"
	@echo "make format         format the sources"
	@echo "make deps           only install what is missing (SKALD_NO_INSTALL=1: only report it)"
	@echo "make clean          remove what was built, and the demo's state"
	@echo "JOBS=n              build and test n at a time instead of $(JOBS)"

demo:
	@scripts/deps.sh
	@$(call build,release,--target fines)
	@state="build/demo/$$(basename "$(LOG)" .ndjson)$(if $(STORE),-$$(printf %s '$(STORE)' | cksum | cut -d' ' -f1))" && \
	  mkdir -p "$$state" && store='$(STORE)' && \
	  build/release/examples/fines/fines --store "$${store:-sqlite:$$state/fines.db}" --data "$$state" $(ARGS) "$(LOG)"

test:
	@scripts/deps.sh test
	@scripts/check-format.sh
	@$(call build,release)
	@$(call run_tests,release)

asan:
	@scripts/deps.sh test
	@$(call build,asan)
	@$(call run_tests,asan)

# Memory has to lie where the sanitizer expects it.
tsan:
	@scripts/deps.sh tsan
	@JOBS=$(JOBS) scripts/caf-for-tsan.sh
	@setarch -R sh -c '$(call build,tsan)'
	@setarch -R $(call run_tests,tsan)

clang:
	@scripts/deps.sh clang
	@$(call build,clang)
	@$(call run_tests,clang)

faults:
	@scripts/deps.sh test
	@$(call build,release,--target skald_store_tests skald_tools_tests skald_actors_tests)
	@for tests in store tools; do SKALD_KILL_ROUNDS=$(ROUNDS) \
	  build/release/tests/$$tests/skald_$${tests}_tests --test-case='*that is killed at any moment*' || exit 1; done
	@SKALD_FAULT_SEEDS=$(ROUNDS) build/release/tests/actors/skald_actors_tests --test-case='random faults of the disk*'

bazel:
	@scripts/deps.sh bazel
	@$(if $(filter clang,$(CONFIG)),scripts/deps.sh clang)
	@bazel test $(addprefix --config=,$(CONFIG)) //...

tidy:
	@scripts/deps.sh tidy
	@JOBS=$(JOBS) scripts/tidy.sh $(FILES)

bench:
	@scripts/deps.sh bench
	@cmake --preset release -DSKALD_BENCHMARKS=ON >/dev/null
	@$(call build,release,--target skald_bench)
	@build/release/benchmarks/skald_bench --folder build --json build/bench.json \
	  --commit "$$(git describe --always --dirty --exclude '*' 2>/dev/null)" $(ARGS)

format:
	@scripts/deps.sh test
	@scripts/check-format.sh --fix

check-format:
	@scripts/check-format.sh

deps:
	@scripts/deps.sh test

# Not build/deps: what is there is no result of ours, and fetching it again needs the network.
clean:
	@test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +
