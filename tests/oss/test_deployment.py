"""What is deployed fits the code: handlers, variables, and policies with the calls made."""

import json
import re
from pathlib import Path

import pytest

from focus_lake.oss.settings import AWS

FUNCTION = Path(__file__).parents[2] / "deploy" / "function"
KEY = "focus/202601/a.zip"
ACTION = {
    "PUT": "s3:PutObject",
    "START": "s3:PutObject",
    "PART": "s3:PutObject",
    "COMPLETE": "s3:PutObject",
    "ABORT": "s3:AbortMultipartUpload",
    "LIST": "s3:ListBucket",
}
ONLY_ASKED = {"HEAD"}  # refused to our user, and the copy goes on


def allowed(*files: str) -> set[str]:
    """The actions that policy files allow."""
    statements = [s for f in files for s in json.loads((FUNCTION / f).read_text())["Statement"]]
    actions = [s["Action"] for s in statements]
    return {a for each in actions for a in (each if isinstance(each, list) else [each])}


def test_every_handler_named_in_s_yaml_is_in_the_job(job):
    named = re.findall(r"handler: oss_to_s3\.(\w+)", (FUNCTION / "s.yaml").read_text())
    assert named == ["handler", "timer_handler"]
    assert all(callable(getattr(job, name)) for name in named)


def test_s_yaml_sets_every_variable_that_no_runtime_gives():
    text = (FUNCTION / "s.yaml").read_text()
    block = text.split("environment: &environment\n")[1].split("  function:")[0]
    names = set(re.findall(r"^    (\w+):", block, re.MULTILINE))
    assert names == {*AWS, "S3_PREFIX", "OSS_BUCKET", "OSS_PREFIX"}


@pytest.mark.s3
def test_the_put_policy_is_what_an_event_needs_and_no_more(oss, s3, job, event):
    s3.denied = {"HEAD", "GET", "LIST"}
    oss.put("focus/small.zip", b"bill")
    oss.put(KEY, bytes(20 * 1024 * 1024))
    oss.faults[f"GET {KEY}"] = [("break", 15 * 1024 * 1024)]
    job.handler(event(KEY, "focus/small.zip"), None)
    needed = {ACTION[kind] for kind in set(s3.noted) - ONLY_ASKED - {"LIST"}}
    assert needed == allowed("aws_put_policy.json")


@pytest.mark.s3
def test_both_policies_are_what_the_timer_needs_and_no_more(oss, s3, job):
    s3.denied = {"HEAD", "GET"}
    oss.put("focus/small.zip", b"bill")
    oss.put(KEY, bytes(20 * 1024 * 1024))
    oss.faults[f"GET {KEY}"] = [("break", 15 * 1024 * 1024)]
    job.timer_handler(b"{}", None)
    needed = {ACTION[kind] for kind in set(s3.noted) - ONLY_ASKED}
    assert needed == allowed("aws_put_policy.json", "aws_list_policy.json")
