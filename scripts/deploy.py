"""make deploy: package, upload, show the change set, ask, deploy glue_workflow.json.

A new stack makes its own artifact bucket unless it is given one, so there the files follow the
stack; later they come first, under a new prefix: running jobs keep the release they started with.
"""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import package
from aws_stack import TEMPLATE, Stack, confirmed
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.options import option, run_job


@dataclass(frozen=True)
class Options:
    """What to deploy, and where."""

    stack: str = option("name of the stack")
    region: str = option("AWS region")
    parameters: str = option("the template's parameters as in a shell: Name=value 'Name=a b'", "")
    yes: bool = option("do not ask before the change", False)
    dist: str = option("folder to build the release in", "dist")
    template: str = option("the CloudFormation template", str(TEMPLATE))

    def __post_init__(self):
        if not (self.stack and self.region):
            raise OptionsError("name both: make deploy STACK=.. REGION=..")


def main(options: Options) -> int:
    """Deploy; 0 done or nothing to do, 1 refused or failed."""
    template = json.loads(Path(options.template).read_text(encoding="utf-8"))
    parameters = _parameters(options.parameters, template)
    try:
        return _deploy(options, template, parameters)
    except (FocusLakeError, BotoCoreError, ClientError) as error:
        print(f"not deployed: {error}", file=sys.stderr)
        return 1


def _parameters(text: str, template: dict) -> dict[str, str]:
    known = template["Parameters"].keys() - {"Release"}
    found = {}
    for word in shlex.split(text):
        name, equals, value = word.partition("=")
        if not equals or name not in known:
            listed = ", ".join(sorted(known))
            raise OptionsError(f"--parameters {word}: write Name=value; there are {listed}")
        found[name] = value
    return found


def _deploy(options: Options, template: dict, parameters: dict[str, str]) -> int:
    stack = Stack(options.stack, options.region)
    folder = package.release(Path(options.dist))
    release = f"releases/{folder.name}"
    bucket = parameters.get("ArtifactBucketName") or stack.outputs().get("ArtifactBucket")
    if bucket:
        _upload(stack, folder, bucket, release)
    changes = stack.propose({**parameters, "Release": release}, template)
    if changes is None:
        print(f"stack {options.stack}: nothing to change")
        return 0
    print(f"stack {options.stack} in {options.region}, {len(changes)} changes:")
    print("\n".join(map(str, changes)))
    if not options.yes and not confirmed("Carry them out?", "yes"):
        stack.withdraw()
        print("nothing was changed")
        return 1
    stack.carry_out()
    outputs = stack.outputs()
    if not bucket:
        _upload(stack, folder, outputs["ArtifactBucket"], release)
    print("\n".join(f"  {name:<16} {value}" for name, value in sorted(outputs.items())))
    print(f"deployed {folder.name}; docs/operations.md says what comes next")
    return 0


def _upload(stack: Stack, folder: Path, bucket: str, release: str) -> None:
    sent = stack.upload(folder, bucket, release)
    print(f"{sent} files uploaded to s3://{bucket}/{release}/")


if __name__ == "__main__":
    sys.exit(run_job(Options, "deploy focus_lake to AWS", main))
