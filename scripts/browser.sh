#!/bin/sh
# What the tests and pictures of pages need: Chromium (apt, as root), Playwright (pip), axe-core (npm),
# and for the board report's PDF veraPDF (Maven).
# Says what cannot be had, and ends with 1; the tests are then skipped and say so, too.
set -u
cd "$(dirname "$0")/.." || exit 1
missing=0
if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
    apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-noto-cjk ||
        { echo "Chromium could not be installed: apt-get install chromium fonts-noto-cjk, as root"; missing=1; }
fi
"${VENV:-.venv}/bin/python" -m pip install -q playwright==1.65.2 ||
    { echo "Playwright could not be installed: pip install playwright"; missing=1; }
mkdir -p build/browser
[ -f build/browser/package/axe.min.js ] ||
    (cd build/browser && npm pack --silent axe-core@4.14.1 && tar xzf axe-core-4.14.1.tgz) ||
    { echo "axe-core could not be fetched: npm pack axe-core@4.14.1, in build/browser"; missing=1; }
[ -d build/browser/verapdf ] ||
    mvn -q -B -f scripts/verapdf/pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$PWD/build/browser/verapdf" ||
    { echo "veraPDF could not be fetched: mvn with scripts/verapdf/pom.xml"; missing=1; }
exit $missing
