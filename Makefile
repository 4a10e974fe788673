# Few verbs. `make lock` is the only one that changes a tracked file by itself.
.PHONY: run test fix bench lock

PIP_COMPILE = .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

run:
	./run

test:
	./test

fix:
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

bench:
	.venv/bin/python -m pytest -m bench

# Compile both locks from pyproject.toml with Python 3.11, the oldest that is supported.
lock:
	.venv/bin/python -m pip install --quiet pip-tools
	$(PIP_COMPILE) --all-extras --build-deps-for editable -o requirements.lock pyproject.toml
	.venv/bin/python -c 'import tomllib; print("-c requirements.lock", *tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > requirements-dev.in
	$(PIP_COMPILE) -o requirements-dev.lock requirements-dev.in
	rm requirements-dev.in
