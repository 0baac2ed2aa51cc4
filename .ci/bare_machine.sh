#!/usr/bin/env bash
# Runs a command in a clean clone of this commit, as on a machine without compiler and Java:
# bash .ci/bare_machine.sh make setup test. PATH holds the tools listed below and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

# What README.md asks for (Python, git, make), a shell with its usual tools, and ps, which Spark's
# start script calls.
tools="bash sh env git make awk basename cat chmod cmp cp cut date diff dirname expr find grep gzip
head id kill ln ls mkdir mktemp mv nproc ps pwd readlink rm sed sleep sort stat tail tar tee test
touch tr true uname uniq wc which xargs"
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
mkdir "$here/bin" "$here/home"
for tool in $tools; do
    if found=$(type -P "$tool"); then
        ln -s "$found" "$here/bin/$tool"
    fi
done
python=$(PYTHON=${PYTHON:-} sh scripts/find_python.sh 3.11 3.13 3.12)
ln -s "$("$python" -c 'import sys; print(sys.executable)')" "$here/bin/python3"

# pip's settings are the way to the packages and stay; nothing else of the home folder does.
for settings in .config/pip .pip .netrc; do
    if [ -e "$HOME/$settings" ]; then
        mkdir -p "$(dirname "$here/home/$settings")"
        cp -r "$HOME/$settings" "$here/home/$settings"
    fi
done

git clone --quiet . "$here/project"
cd "$here/project"
echo "bare machine: $(ls "$here/bin" | wc -l) tools, no compiler, no Java, empty home folder"
env -u JAVA_HOME -u PYTHON -u PYTHONPATH -u VIRTUAL_ENV HOME="$here/home" PATH="$here/bin" "$@"
