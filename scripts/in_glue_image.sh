#!/bin/sh
# What docker-compose.yml runs in the Glue image: sh scripts/in_glue_image.sh jobs|tests.
# PYTHON and SUBMIT choose other programs, so that it runs (and is tested) without Docker, too.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
SUBMIT=${SUBMIT:-spark-submit}
OUT=${OUT:-build}
export PYTHONPATH="$PWD/lib${PYTHONPATH:+:$PYTHONPATH}"

# What Glue does not ship, in the versions of requirements/common.txt.
need() {
    for name in "$@"; do
        "$PYTHON" -c "import $name" 2>/dev/null && continue
        "$PYTHON" -m pip install --quiet --user "$(grep -o "^$name==[0-9.]*" requirements/common.txt)"
    done
}

# The mounted build/ may belong to another user than the image's; then the lake stays inside.
copy_out() {
    [ -n "${COPY_TO:-}" ] || return 0
    if mkdir -p "$COPY_TO" 2>/dev/null && cp -R "$OUT/." "$COPY_TO/" 2>/dev/null; then
        echo "copied to $COPY_TO: refresh the catalog there before you ask it"
    else
        echo "build/ cannot be written by user $(id -u): 'mkdir -p build && chmod a+w build', run again"
    fi
}

case ${1:-} in
jobs)
    need duckdb sqlglot
    "$PYTHON" -m focus_lake.sample --out "$OUT/raw" --rows 20000 --months 2 --pushes 3 --seed 1 \
        --until 202601
    # On Glue the option comes from Glue, and with it the job takes its Spark from GlueContext.
    "$SUBMIT" jobs/normalize_focus.py ${JOB_NAME---JOB_NAME local} --providers alibaba \
        --raw "$OUT/raw" --lake "$OUT/lake" --quiet_minutes 0
    "$PYTHON" jobs/refresh_catalog.py --engine duckdb --database focus --lake "$OUT/lake"
    "$PYTHON" -m focus_lake.catalog.show --lake "$OUT/lake"
    copy_out
    ;;
tests)
    need duckdb sqlglot pytest hypothesis chispa trino oss2 pyathena
    "$PYTHON" -m pytest -q -p no:cacheprovider -m "not slow and not s3 and not trino"
    ;;
*)
    echo "usage: sh scripts/in_glue_image.sh jobs|tests" >&2
    exit 2
    ;;
esac
