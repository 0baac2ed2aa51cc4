#!/bin/sh
# Makes the project's .venv, or leaves it alone if it is whole: `make setup`.
# VENV names another folder, PYTHON another Python; VERSIONS says which Pythons will do.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

# A .venv that works is judged by its own Python: nothing to search for, and a Python that was
# chosen once with PYTHON= stays chosen.
if [ -z "${PYTHON:-}" ] && "$venv/bin/python" scripts/make_venv.py --check "$venv" 2>/dev/null; then
    exit 0
fi
python=$(sh scripts/find_python.sh ${VERSIONS:-3.11 3.13 3.12})
exec "$python" scripts/make_venv.py "$venv"
