# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` set up what they need (see tools/bootstrap.py) and then run.
PYTHON ?= python3
BIN := .ros/bin

# In a shell that has sourced .ros/env.sh (`make shell`) the set-up must not see what it is about to make.
ifdef _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport PYTHONSAFEPATH PYTHONPATH PYTHONPYCACHEPREFIX LD_LIBRARY_PATH AMENT_PREFIX_PATH ROS_DISTRO ROS_VERSION
unexport ROS_PYTHON_VERSION _ROS_WHEELS_BOOTSTRAP_COMPLETE
endif

.PHONY: help build demo test test310 humble soak bench bench-compare lint docs shell clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

build: ## set up the environment and build the package
	@$(PYTHON) tools/bootstrap.py

weights:
	@$(PYTHON) tools/bootstrap.py --weights

demo: weights ## a spoken sentence makes the simulated arm pick up a cube (SAY=, WAV=, TEXT=, MIC=1, VIEW=1, ARM=, LANG_=)
	@$(BIN)/voice-agent demo

# Tests on ROS run file by file, each in a process and a ROS domain of its own: many contexts in one process slow
# discovery down. They are in real time, so that a busy computer may need a second try.
ROS_TESTS = test/test_cli_ros.py $(wildcard test/nodes/test_*.py test/launch/test_*.py)

# The others run side by side, each file in one process: they wait for servers and children more than they compute.
TEST_JOBS ?= 2

test: weights ## unit, node and launch tests
	@$(BIN)/pytest --numprocesses $(TEST_JOBS) --dist loadfile --benchmark-disable $(addprefix --ignore=,$(ROS_TESTS))
	@set -e; for file in $(ROS_TESTS); do $(BIN)/pytest --reruns 1 --only-rerun AssertionError $$file; done

soak: build ## a hundred thousand intents judged at the controllers (CASES=), a hundred of each fault of the LLM console (minutes)
	@HOSTILE_CASES=$(or $(CASES),100000) $(BIN)/pytest -s --timeout 7200 test/motion/test_hostile.py
	@XLM_FAULT_RUNS=100 XLM_STORM_REQUESTS=50 XLM_LEAK_REQUESTS=1000 $(BIN)/pytest -s test/xlm/test_fault_storm.py
	@XLM_LANGCHAIN_GGUF=1 $(BIN)/pytest -rxX --timeout 600 test/xlm/test_langchain.py
	@VOICE_AGENT_SOAK_S=3600 $(BIN)/pytest -s --timeout 600 test/asr/test_soak.py
	@LLM_SENTENCES=1 LLM_WEIGHTS="0.5b 1.5b" $(BIN)/pytest -s --timeout 600 test/llm/test_real_peers.py

bench: build ## measure (GROUPS="motion …", none: all); results go to benchmarks/results/
	@PYTHONPATH=. $(BIN)/python -m benchmarks $(GROUPS)

bench-compare: build ## what has changed since the last results, beyond the noise
	@PYTHONPATH=. $(BIN)/python -m benchmarks.compare

lint: build ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test310: build ## import everything, and test what needs no ROS, on Python 3.10 if there is one
	@PYTHONPATH=tools $(BIN)/python -m python310

humble: ## ask the package index what can be had on a robot (Python 3.10, aarch64); writes docs/humble.md
	@$(PYTHON) tools/check_humble.py --write

docs: build ## write the generated parts of docs/ anew
	@PYTHONPATH=tools $(BIN)/python -m generate_docs

shell: build ## a shell with the ROS environment
	@. .ros/env.sh && exec $${SHELL:-sh}

clean: ## remove what was built in this tree (the download cache stays)
	rm -rf .ros demo_out
