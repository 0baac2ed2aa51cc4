"""The pictures in docs/images, of the pages in a folder: scripts/pictures.py build/report."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("index", "executive", "on-call", "debug", "commitments", "conformance", "board")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(site: Path) -> int:
    """One light picture a page, 1,000 by 700 pixels, the first page whole; 1 without a browser."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        print("no Chromium or no Playwright here: sh scripts/browser.sh")
        return 1
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=browser, chromium_sandbox=os.geteuid() != 0
        )
        page = chromium.new_page(viewport={"width": 1000, "height": 700})
        for name in PAGES:
            page.goto((site / f"{name}.html").resolve().as_uri())
            picture = ROOT / "docs" / "images" / f"{name}.png"
            page.screenshot(path=str(picture), full_page=name == "index")
            print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size:,} bytes")
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/report")))
