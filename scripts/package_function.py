"""Builds the zip for Function Compute: python scripts/package_function.py dist.

It holds the job, the modules it imports and boto3 with what boto3 requires, in the versions
installed here: those that the tests ran with. oss2 and requests are in the Python 3.12 runtime.
The same versions give the same bytes, so a deployment that changes nothing changes nothing.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("__init__", "errors", "log", "oss/__init__", "oss/copy", "oss/crc64")
MODULES += ("oss/settings", "oss/job")
# botocore describes every AWS service, 30 MB of it; this is what a client for S3 loads.
DATA = re.compile(r"botocore/data/(s3/|[^/]+$)")
UNUSED = re.compile(
    r"__pycache__|\.\./|^bin/|^boto3/(data|examples)/|^botocore/data/"
    r"|\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$"
)
DATE = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can say; real dates would change the bytes


def build(out: Path) -> Path:
    """Write oss_to_s3.zip into the folder ``out``; returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    archive = out / "oss_to_s3.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for name, source in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            package.writestr(entry, source.read_bytes())
    return archive


def contents() -> dict[str, Path]:
    """Every file of the zip, by its name there."""
    lib = ROOT / "lib" / "focus_lake"
    ours = {f"focus_lake/{name}.py": lib / f"{name}.py" for name in MODULES}
    theirs = {
        str(name): Path(str(found.locate_file(name)))
        for found in required("boto3")
        for name in found.files or ()
        if wanted(name)
    }
    return {"oss_to_s3.py": ROOT / "jobs" / "oss_to_s3.py", **ours, **theirs}


def wanted(name: PurePosixPath) -> bool:
    """Whether a file of a dependency belongs into the zip."""
    return bool(DATA.match(str(name))) or not UNUSED.search(str(name))


def required(name: str, seen: set[str] | None = None) -> Iterator[Distribution]:
    """A distribution and, once each, all it requires without extras."""
    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    found = distribution(name)
    if "Root-Is-Purelib: true" not in (found.read_text("WHEEL") or ""):
        sys.exit(f"{name} {found.version} has compiled parts, which may not run on Alibaba's Linux")
    yield found
    for line in found.requires or ():
        if "extra ==" not in line:
            yield from required(re.match(r"[\w.-]+", line)[0], seen)


if __name__ == "__main__":
    path = build(Path(sys.argv[1]))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}  {path.stat().st_size:,} bytes  sha256 {digest}")
