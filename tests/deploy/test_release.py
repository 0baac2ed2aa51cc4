"""The release for Glue: reproducible, checksummed, and enough where only Glue's packages are."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import boto3
import pytest

from focus_lake.spark.java import java_home
from helpers.fake_athena import FakeAthena
from helpers.stack_template import ROOT

# What the jobs import and Glue 5.1 has; the versions are those tested together.
SHIPPED = ("pyspark", "pyarrow", "pandas", "numpy")
# What PyAthena requires, as it is in the image public.ecr.aws/glue/aws-glue-libs:5.1.
SHIPPED_FOR_PYATHENA = ("fsspec==2025.10.0", "tenacity==9.1.2", "python-dateutil==2.9.0.post0")
RAW = b"""BilledCost,BillingPeriodStart,ChargePeriodStart,BillingCurrency
1.50,2026-01-01 00:00:00,2026-01-05 00:00:00,CNY
0.25,2026-01-01 00:00:00,2026-01-06 00:00:00,CNY
"""


def build(folder: Path) -> Path:
    subprocess.run([sys.executable, ROOT / "scripts" / "package.py", folder], check=True)
    [made] = (folder / "releases").iterdir()
    return made


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.mark.slow
def test_the_same_source_gives_the_same_release_whatever_the_umask(release, tmp_path):
    before = os.umask(0o077)
    try:
        again = build(tmp_path)
    finally:
        os.umask(before)
    assert again.name == release.name


@pytest.mark.slow
def test_the_release_holds_what_glue_reads_with_a_checksum_each(release):
    lines = (release / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    kept = {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    assert set(sums) == kept
    assert {re.sub(r"-[\d.]+-", "-*-", name) for name in kept} == {
        "focus_lake.zip",
        "focus_lake-*-py3-none-any.whl",
        "pyathena-*-py3-none-any.whl",
        "typst-*-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "fontpkg-*-py3-none-any.whl",
        "fontpkg_noto_sans-*-py3-none-any.whl",
        "pylopdf_fonts_zh_cn-*-py3-none-any.whl",
        "normalize_focus.py",
        "refresh_catalog.py",
        "audit_focus.py",
        "send_alerts.py",
        "close_month.py",
        "publish_reports.py",
    }
    for name, digest in sums.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


@pytest.fixture(scope="module")
def glue_python(release, tmp_path_factory) -> Path:
    """The bin folder of an environment with what Glue ships and what the jobs' option names."""
    folder = tmp_path_factory.mktemp("glue") / "environment"
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *pinned(), *SHIPPED_FOR_PYATHENA], check=True)
    wheels = [path for path in release.glob("*.whl") if not path.name.startswith("focus_lake-")]
    subprocess.run([*pip, "--no-index", *wheels], check=True)
    return folder / "bin"


def pinned() -> list[str]:
    series = "3.11" if sys.version_info[:2] == (3, 11) else "3.13"
    folder = ROOT / "requirements"
    runtime = (folder / f"python-{series}.txt").read_text()
    found = [re.search(rf"^{name}==\S+", runtime, re.MULTILINE)[0] for name in SHIPPED]
    return [*found, re.search(r"^boto3==\S+", (folder / "glue.txt").read_text(), re.MULTILINE)[0]]


@pytest.mark.s3
def test_both_jobs_run_from_the_zip_where_only_glues_packages_are(
    release, glue_python, bucket, s3_endpoint, tmp_path
):
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    raw = "raw/alibaba/202601/20260110173000/1500_2_X_202601.csv"
    s3.put_object(Bucket=bucket, Key=raw, Body=RAW)
    athena = FakeAthena("focus")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {
        **clean,
        "JAVA_HOME": str(java_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(glue_python / "python"),
        "AWS_ENDPOINT_URL_ATHENA": athena.url,
    }

    def submit(job: str, *options: str) -> str:
        command = [glue_python / "spark-submit", "--master", "local[2]"]
        command += ["--py-files", release / "focus_lake.zip", release / job, *options]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        lake = ("--lake", f"s3://{bucket}/lake")
        options = ("--raw", f"s3://{bucket}/raw", *lake, "--quiet_minutes", "0")
        said = submit("normalize_focus.py", *options, "--s3_endpoint", s3_endpoint)
        assert "alibaba/202601/20260110173000: 2 rows, billed CNY 1.75" in said
        options = ("--engine", "athena", *lake, "--output_location", f"s3://{bucket}/results/")
        options += ("--providers", "alibaba", "--region", "us-east-1")
        submit("refresh_catalog.py", *options, "--s3_endpoint", s3_endpoint)
    finally:
        athena.close()
    view = [sql for sql in athena.statements if "VIEW focus.focus_alibaba " in sql]
    assert len(view) == 1
    assert "('202601', '20260110173000', '" in view[0]
