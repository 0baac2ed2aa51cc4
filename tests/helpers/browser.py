"""A headless Chromium and axe-core, or the reason why they are not here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = Path(__file__).parents[2] / "build" / "browser" / "package" / "axe.min.js"


def found() -> str:
    """Chromium's path; the test is skipped where there is none."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium here: sh scripts/browser.sh, or apt-get install chromium")
    return path


def axe() -> str:
    """The text of axe-core; the test is skipped where it was not fetched."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: sh scripts/browser.sh")
    return AXE.read_text(encoding="utf-8")


@contextmanager
def opened() -> Iterator:
    """A browser of Playwright, without network: pages must need none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no playwright here: sh scripts/browser.sh"
    )
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found(), args=arguments, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()
