"""What the OSS-to-S3 function is told: its environment variables, and the clients made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import oss2
from botocore.config import Config

from focus_lake.errors import OptionsError

S3 = ("S3_BUCKET_NAME", "S3_REGION")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
AWS = (*KEYS, *S3)
FEDERATED = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")  # read by boto3 itself
ROLE = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)


@dataclass(frozen=True)
class CopySettings:
    """The environment variables, checked; no key or token is kept here.

    s3_prefix and oss_prefix are empty or end with a slash. oss_bucket may be empty for OSS
    events, which name their bucket.
    """

    s3_bucket: str
    s3_region: str
    s3_prefix: str
    oss_bucket: str
    oss_prefix: str
    oss_region: str
    oss_endpoint: str

    @classmethod
    def read(cls, environ: Mapping[str, str], also: tuple[str, ...] = ()) -> CopySettings:
        """Read the environment; OptionsError names at once every variable that is missing."""
        region = environ.get("OSS_REGION") or environ.get("FC_REGION") or ""
        needed = (*(() if federated(environ) else KEYS), *S3, *also, *ROLE)
        missing = [name for name in needed if not environ.get(name)]
        missing += [] if region else ["OSS_REGION"]
        if missing:
            no_role = "; ALIBABA_CLOUD_... come with a RAM role: give the function one"
            hint = no_role if set(ROLE) & set(missing) else ""
            raise OptionsError(f"environment variables are missing: {', '.join(missing)}{hint}")
        return cls(
            s3_bucket=environ["S3_BUCKET_NAME"],
            s3_region=environ["S3_REGION"],
            s3_prefix=_folder(environ.get("S3_PREFIX", "")),
            oss_bucket=environ.get("OSS_BUCKET", ""),
            oss_prefix=_folder(environ.get("OSS_PREFIX", "")),
            oss_region=region,
            oss_endpoint=environ.get("OSS_ENDPOINT")
            or f"https://oss-{region}-internal.aliyuncs.com",
        )

    def target(self, key: str) -> str:
        """The one S3 key of an OSS key: what follows OSS_PREFIX, below S3_PREFIX/alibaba/."""
        return f"{self.s3_prefix}alibaba/{key[len(self.oss_prefix) :]}"

    def why_not(self, key: str) -> str:
        """Why an OSS key is not to be copied; empty if it is."""
        if not key.startswith(self.oss_prefix):
            return f"not below OSS_PREFIX {self.oss_prefix}"
        return "a folder marker" if key.endswith("/") else ""


def federated(environ: Mapping[str, str]) -> bool:
    """Whether a role at AWS is taken by a token (OIDC) instead of a long-lived key."""
    return all(environ.get(name) for name in FEDERATED)


def _folder(prefix: str) -> str:
    return f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def oss_bucket(settings: CopySettings, environ: Mapping[str, str], name: str) -> oss2.Bucket:
    """The OSS bucket, opened with the credentials of the function's RAM role.

    Signed with version 4: OSS refuses version 1, the SDK's default, for new accounts and
    buckets (OSS, "Guidelines for upgrading V1 signatures to V4 signatures"). The SDK's own
    checksum is off: CheckedBody has one. OptionsError if name or endpoint cannot be right.
    """
    auth = oss2.StsAuth(*(environ[part] for part in ROLE), auth_version=oss2.AUTH_VERSION_4)
    options = {"region": settings.oss_region, "connect_timeout": 60, "enable_crc": False}
    try:
        return oss2.Bucket(auth, settings.oss_endpoint, name, **options)
    except oss2.exceptions.ClientError as error:
        raise OptionsError(
            f"OSS bucket {name!r} at {settings.oss_endpoint}: {error.body}: correct OSS_BUCKET, "
            "OSS_REGION or OSS_ENDPOINT"
        ) from error


def s3_client(settings: CopySettings, environ: Mapping[str, str]) -> Any:
    """The S3 client; AWS_ENDPOINT_URL_S3 points it elsewhere, as with every AWS tool."""
    retries = Config(retries={"mode": "standard", "max_attempts": 5})
    if federated(environ):
        return boto3.client("s3", region_name=settings.s3_region, config=retries)
    return boto3.client(
        "s3",
        region_name=settings.s3_region,
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        config=retries,
    )
