#!/bin/sh
# Prints the Python to use: the first of the names given that starts and is that version.
#   sh scripts/find_python.sh 3.11 3.13 3.12
# PYTHON=/path/to/python settles it without a search. Exit code 1, with a sentence, if there is none.
set -u

is_version() { # program, version: a name on PATH may be a shim with nothing behind it, so start it
    "$1" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" \
        >/dev/null 2>&1
}

candidates() { # version
    echo "python$1"
    echo python3
    echo python
    if command -v pyenv >/dev/null 2>&1; then
        for program in "$(pyenv root)"/versions/"$1"*/bin/python; do
            echo "$program"
        done
    fi
}

if [ -n "${PYTHON:-}" ]; then
    for version in "$@"; do
        if is_version "$PYTHON" "$version"; then
            command -v "$PYTHON"
            exit 0
        fi
    done
    echo "PYTHON=$PYTHON does not start, has no venv, or is none of: $*." >&2
    exit 1
fi

for version in "$@"; do
    for program in $(candidates "$version"); do
        if is_version "$program" "$version"; then
            command -v "$program"
            exit 0
        fi
    done
done
echo "No Python with venv found among: $*." \
    "Install Python 3.11 (e.g. \`apt install python3.11-venv\`) or set PYTHON=/path/to/it." >&2
exit 1
