"""The zip for Function Compute runs with nothing beside it but what the runtime has."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {
    "oss_to_s3.py",
    "focus_lake/__init__.py",
    "focus_lake/errors.py",
    "focus_lake/log.py",
    "focus_lake/oss/__init__.py",
    "focus_lake/oss/copy.py",
    "focus_lake/oss/crc64.py",
    "focus_lake/oss/job.py",
    "focus_lake/oss/settings.py",
}
BROUGHT = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"}

# The code folder comes first, as in the runtime, which has oss2 and what that needs.
CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
import oss_to_s3
outcome = getattr(oss_to_s3, sys.argv[2])(sys.stdin.buffer.read(), None)
files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
print(json.dumps({"outcome": outcome, "files": files}))
"""


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("pf", ROOT / "scripts" / "package_function.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build


@pytest.fixture
def unzipped(build, tmp_path):
    with zipfile.ZipFile(build(tmp_path)) as archive:
        archive.extractall(tmp_path / "code")
    return tmp_path / "code"


def test_the_zip_holds_the_job_its_modules_and_boto3_and_nothing_else(build, tmp_path):
    with zipfile.ZipFile(build(tmp_path)) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == BROUGHT | {"oss_to_s3.py", "focus_lake"}
    assert {name for name in names if "focus_lake" in name or name == "oss_to_s3.py"} == OURS
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if not name.endswith(".json")} == {"s3"}
    assert (tmp_path / "oss_to_s3.zip").stat().st_size < 3_000_000


def test_built_twice_it_is_the_same_to_the_byte(build, tmp_path):
    assert build(tmp_path / "a").read_bytes() == build(tmp_path / "b").read_bytes()


@pytest.mark.s3
@pytest.mark.parametrize("entry", ["handler", "timer_handler"])
def test_unzipped_it_copies_an_object_with_its_own_boto3(oss, s3, event, unzipped, entry):
    oss.put("focus/202601/a.zip", b"bill")
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-c", CALL, unzipped, entry],
        input=event("focus/202601/a.zip"),
        capture_output=True,
        env=without,
        cwd=unzipped,
    )
    assert run.returncode == 0, run.stderr.decode()
    told = json.loads(run.stdout)
    assert json.loads(told["outcome"]) == {"copied": 1}
    ours = {name.removesuffix(".py") for name in BROUGHT} | {"focus_lake"}
    loaded = {
        name: file
        for name, file in told["files"].items()
        if file and name.split(".")[0] in ours and ".moves." not in name  # names of Python's own
    }
    assert {name.split(".")[0] for name in loaded} == ours
    assert [file for file in loaded.values() if not file.startswith(str(unzipped))] == []
