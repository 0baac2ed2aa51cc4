"""Lakes that are published in this process, with a fault or without, and audited on one Spark."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from focus_lake.frames.job import audit
from focus_lake.frames.options import AuditOptions
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import parse
from helpers.job_process import InProcess


@dataclass
class Audited:
    """How an audit ended: exit code, what it said, and the lines it wrote, by batch."""

    code: int
    out: str
    lines: dict[str, dict] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)  # a test's own note

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


class Audits:
    """Raw folder and lake of a test."""

    def __init__(self, base: Path, spark):
        self.raw, self.lake, self.spark = base / "raw", base / "lake", spark

    def put(self, path: str, data: str | bytes) -> Path:
        """A raw file at provider/..."""
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def publish(self, *providers: str, **options) -> int:
        """The normalize job in this process; no Spark, so that patches hold in its tasks."""
        given = {"raw": self.raw, "lake": self.lake, "quiet_minutes": 0} | options
        given["providers"] = ",".join(providers or ("alibaba",))
        argv = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        with contextlib.redirect_stdout(io.StringIO()):
            return normalize(parse(NormalizeOptions, argv), InProcess())

    def audit(self, *providers: str, **options) -> Audited:
        given = {"raw": self.raw, "lake": self.lake} | options
        given["providers"] = ",".join(providers or ("alibaba",))
        argv = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = audit(parse(AuditOptions, argv), self.spark)
        return Audited(code, said.getvalue(), self.noted())

    def noted(self) -> dict[str, dict]:
        """month/batch -> the newest line about it."""
        files = sorted(self.lake.glob("audits/*/*.jsonl"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return {f"{line['yearmonth']}/{line['batch_ts']}": line for line in lines}
