"""The board report's PDF keeps PDF/UA-1, by veraPDF's rules, which are those a machine can tell."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
JARS = ROOT / "build" / "browser" / "verapdf"


def test_the_board_report_keeps_pdf_ua_1(site):
    if not JARS.is_dir() or shutil.which("javac") is None:
        pytest.skip("veraPDF or a JDK is not here: sh scripts/browser.sh")
    checker = ROOT / "scripts" / "verapdf" / "Check.java"
    command = ["java", "-cp", f"{JARS}/*", str(checker), str(site / "board.pdf")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    *broken, last = said.splitlines()
    assert broken == []
    checks = re.fullmatch(r"(\d+) checks, kept: true", last)
    assert checks
    assert int(checks[1]) > 1000
