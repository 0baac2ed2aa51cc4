"""The lines of docs/notebooks.md, run as they stand."""

from __future__ import annotations

import re

import pytest

from focus_lake.options import parse
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions
from helpers.job_runs import ROOT


@pytest.mark.slow
def test_the_pages_lines_give_typed_rows(wide, tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "build" / "raw")
    options = ["--out", out, "--providers", "aws", "--rows", "200", "--months", "1"]
    make_sample(parse(SampleOptions, [*options, "--pushes", "1", "--until", "202601"]))
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert sum(1 for line in lines.splitlines() if line and not line.startswith("from")) <= 5
    capsys.readouterr()
    exec(compile(lines, "docs/notebooks.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "sum(EffectiveCost)" in shown
    assert re.search(r"\|\d{14}\|.*\| *USD *\| *-?\d+\.\d+(\.\.\.)?\|", shown)
