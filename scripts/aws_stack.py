"""One CloudFormation stack through boto3: read it, change it by change set, upload its files."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3
from botocore.exceptions import ClientError, WaiterError

from focus_lake.errors import FocusLakeError

TEMPLATE = Path(__file__).resolve().parent.parent / "glue_workflow.json"
NOTHING = ("didn't contain changes", "No updates are to be performed")  # AWS's words for it
BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


class DeployError(FocusLakeError):
    """The stack cannot be made, changed or removed; says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One line of a change set: what happens to which resource, and which properties differ."""

    action: str
    resource: str
    type: str
    replacement: bool
    properties: tuple[str, ...]

    def __str__(self) -> str:
        what = "Replace" if self.replacement else self.action
        details = f"  ({', '.join(self.properties)})" if self.properties else ""
        return f"  {what:<8} {self.type:<28} {self.resource}{details}"


class Stack:
    """A stack by name and region. AWS_ENDPOINT_URL points all calls elsewhere, e.g. in tests."""

    def __init__(self, name: str, region: str):
        self.name, self.region = name, region
        # A new name each time: a deployment that was killed may have left its own.
        self._change_set = f"deploy-{uuid.uuid4().hex[:12]}"

    def client(self, service: str):
        return boto3.client(service, region_name=self.region)

    @cached_property
    def cloudformation(self):
        return self.client("cloudformation")

    def _found(self) -> dict | None:
        try:
            [found] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def exists(self) -> bool:
        """Whether there is such a stack, be it a broken one."""
        return self._found() is not None

    def describe(self) -> dict | None:
        """The stack as AWS describes it; None if there is none, or only an unused change set.

        Raises DeployError if it is in a state that no update leads out of.
        """
        found = self._found()
        status = found["StackStatus"] if found else None
        if status in BROKEN:
            raise DeployError(
                f"stack {self.name} is {status}; look at its events, then make destroy first"
            )
        return None if status == "REVIEW_IN_PROGRESS" else found

    def outputs(self) -> dict[str, str]:
        found = self.describe() or {}
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}

    def resources(self, kind: str) -> dict[str, str]:
        """Logical to physical names of the stack's resources of one type."""
        pages = self.cloudformation.get_paginator("list_stack_resources")
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for item in page["StackResourceSummaries"]
            if item["ResourceType"] == kind and item["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def propose(self, parameters: dict[str, str], template: dict) -> list[Change] | None:
        """Make a change set; its changes, or None if there is nothing to change."""
        before = self.describe()
        known = [item["ParameterKey"] for item in (before or {}).get("Parameters", ())]
        kept = [name for name in known if name in template["Parameters"] and name not in parameters]
        given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=self._change_set,
            ChangeSetType="UPDATE" if before else "CREATE",
            # Without its indentation the template stays below the 51,200 bytes of a request.
            TemplateBody=json.dumps(template, separators=(",", ":")),
            Parameters=given + [{"ParameterKey": k, "UsePreviousValue": True} for k in kept],
            Capabilities=["CAPABILITY_IAM"],
        )
        where = {"StackName": self.name, "ChangeSetName": self._change_set}
        try:
            self.cloudformation.get_waiter("change_set_create_complete").wait(
                **where, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
            )
        except WaiterError as error:
            reason = self.cloudformation.describe_change_set(**where).get("StatusReason", "")
            self.withdraw()
            if any(words in reason for words in NOTHING):
                return None
            raise DeployError(f"the change set failed: {reason or error}") from error
        return list(self._changes(where)) or None

    def _changes(self, where: dict) -> Iterator[Change]:
        pages = self.cloudformation.get_paginator("describe_change_set")
        for page in pages.paginate(**where):
            for item in page.get("Changes", ()):
                change = item["ResourceChange"]
                details = (detail["Target"] for detail in change.get("Details", ()))
                yield Change(
                    change["Action"],
                    change["LogicalResourceId"],
                    change["ResourceType"],
                    change.get("Replacement") == "True",
                    tuple(sorted({target["Name"] for target in details if "Name" in target})),
                )

    def withdraw(self) -> None:
        """Remove the change set, and the empty stack that it made if the stack was new."""
        self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=self._change_set)
        if self.describe() is None:
            self.cloudformation.delete_stack(StackName=self.name)

    def carry_out(self) -> None:
        """Execute the change set and wait for its end."""
        kind = "update" if self.describe() else "create"
        self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=self._change_set)
        self._wait(f"stack_{kind}_complete")

    def delete(self) -> None:
        """Delete the stack and wait; what its template retains stays."""
        self.cloudformation.delete_stack(StackName=self.name)
        self._wait("stack_delete_complete")

    def _wait(self, waiter: str) -> None:
        try:
            self.cloudformation.get_waiter(waiter).wait(
                StackName=self.name, WaiterConfig={"Delay": 3, "MaxAttempts": 600}
            )
        except WaiterError as error:
            events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
            failed = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in reversed(events)
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise DeployError("\n  ".join([f"stack {self.name} failed:", *failed])) from error

    def upload(self, folder: Path, bucket: str, prefix: str) -> int:
        """Upload the files that are not there yet, each checked by S3; how many were sent."""
        s3, sent = self.client("s3"), 0
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            digest = hashlib.sha256(data)
            place = {"Bucket": bucket, "Key": f"{prefix}/{path.name}"}
            if _has(s3, place, digest.hexdigest()):
                continue
            checksum = base64.b64encode(digest.digest()).decode()
            s3.put_object(
                **place, Body=data, ChecksumSHA256=checksum, Metadata={"sha256": digest.hexdigest()}
            )
            sent += 1
        return sent


def _has(s3, place: dict, digest: str) -> bool:
    try:
        return s3.head_object(**place)["Metadata"].get("sha256") == digest
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise


def confirmed(question: str, word: str) -> bool:
    """Whether the person typed the word; nobody there to type is a no."""
    try:
        return input(f"{question} Type {word}: ").strip() == word
    except EOFError:
        print()
        return False
