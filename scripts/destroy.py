"""make destroy: remove the stack. Buckets and what is in them stay, unless --empty true."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from aws_stack import DeployError, Stack, confirmed
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.options import option, run_job

PARAMETERS = {  # how a later deployment names a bucket that this one leaves
    "RawBucket": "RawBucketName",
    "LakeBucket": "LakeBucketName",
    "ArtifactBucket": "ArtifactBucketName",
}


@dataclass(frozen=True)
class Options:
    """What to remove."""

    stack: str = option("name of the stack")
    region: str = option("AWS region")
    empty: bool = option("delete the stack's own buckets and ALL bills and tables in them", False)
    yes: bool = option("do not ask", False)

    def __post_init__(self):
        if not (self.stack and self.region):
            raise OptionsError("name both: make destroy STACK=.. REGION=..")


def main(options: Options) -> int:
    """Remove; 0 done, 1 refused or failed."""
    try:
        return _destroy(options, Stack(options.stack, options.region))
    except (FocusLakeError, BotoCoreError, ClientError) as error:
        print(f"not destroyed: {error}", file=sys.stderr)
        return 1


def _destroy(options: Options, stack: Stack) -> int:
    if not stack.exists():
        raise DeployError(f"there is no stack {options.stack} in {options.region}")
    buckets = stack.resources("AWS::S3::Bucket")
    print(f"stack {options.stack}: jobs, schedules, roles, database, workgroup and logs go.")
    for name, bucket in buckets.items():
        fate = "is EMPTIED, all versions, and goes" if options.empty else "stays as it is"
        print(f"  s3://{bucket} ({name}) {fate}")
    if not options.yes and not confirmed("Remove it?", options.stack):
        print("nothing was changed")
        return 1
    _delete_keys(stack)
    stack.delete()
    if options.empty:
        for bucket in buckets.values():
            _remove(stack, bucket)
        print("removed, with the buckets and all in them")
        return 0
    again = " ".join(f"{PARAMETERS[name]}={bucket}" for name, bucket in buckets.items())
    print("removed. Tables and views come back with a refresh. To deploy over the same data:")
    print(f'  make deploy STACK={options.stack} REGION={options.region} PARAMETERS="{again}"')
    return 0


def _delete_keys(stack: Stack) -> None:
    """The access keys that were made for the stack's user by hand; with them it cannot go."""
    iam = stack.client("iam")
    for user in stack.resources("AWS::IAM::User").values():
        for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
            print(f"  access key {key['AccessKeyId']} of {user} deleted")


def _remove(stack: Stack, bucket: str) -> None:
    """Delete every version of every object, then the bucket."""
    s3 = stack.client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        doomed = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        if doomed:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
            for failed in answer.get("Errors", ()):
                raise DeployError(f"s3://{bucket}/{failed['Key']}: {failed.get('Message')}")
    s3.delete_bucket(Bucket=bucket)


if __name__ == "__main__":
    sys.exit(run_job(Options, "remove focus_lake from AWS", main))
