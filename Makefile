# Two commands: `make run` shows mcof on this machine, `make test` proves it.

PORT ?= 8000
PYTHON := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test bench lock

help:
	@echo "make run     Serve mcof with demo data at http://127.0.0.1:$(PORT) (another port: make run PORT=8123)."
	@echo "make test    Run every check and test: SQLite, PostgreSQL and a browser."
	@echo "make bench   Measure pages, answers and writes with up to a million crises; long, and much disk."
	@echo "make lock    Write the locked requirements again after a change of pyproject.toml (needs uv)."

run: .venv/.run var/secret-key
	@SECRET_KEY="$${SECRET_KEY:-$$(cat var/secret-key)}" DEMO="$${DEMO:-true}" HTTPS="$${HTTPS:-false}" \
	  exec $(PYTHON) manage.py serve --port "$(PORT)"

test: .venv/.test
	@exec $(PYTHON) tests/everything.py

bench: .venv/.test
	@exec $(PYTHON) -m tests.bench $(BENCH)

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

# The stamps say which locked requirements the virtual environment holds.
.venv/.run: requirements.txt | $(PYTHON)
	@$(call install,$<)
	@touch $@

.venv/.test: requirements-dev.txt | $(PYTHON)
	@$(call install,$<)
	@touch $@

# uv where it is present and works, pip otherwise; both refuse a file whose hash is not the locked one.
define install
echo "Installing $(1). The first time this takes a minute or two."; \
if command -v uv >/dev/null; then \
  uv pip install --python $(PYTHON) --require-hashes -r $(1) && exit 0; \
  echo "uv could not install them. Trying pip."; \
fi; \
if ! $(PYTHON) -m pip --version >/dev/null 2>&1 && ! $(PYTHON) -m ensurepip >/dev/null 2>&1; then \
  echo "Python's venv is not complete here: install the package python3-venv and run this again." >&2; exit 1; \
fi; \
$(PYTHON) -m pip install --require-hashes -r $(1)
endef

$(PYTHON):
	@for python in python3 python3.14 python3.13 python3.12 python3.11 none; do \
	  "$$python" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && break; \
	done; \
	if [ "$$python" = none ]; then \
	  echo "mcof needs Python 3.11 or newer, and none is on the PATH: install it and run this again." >&2; exit 1; \
	fi; \
	if ! "$$python" -m venv --clear --without-pip .venv; then \
	  echo "Python's venv is missing here: install the package python3-venv and run this again." >&2; exit 1; \
	fi

var/secret-key:
	@mkdir -p var
	@umask 077 && $(PYTHON) -c "import secrets; print(secrets.token_urlsafe(50))" > $@.new && mv $@.new $@
