"""A role by a token in the place of a long-lived key."""

from __future__ import annotations

from urllib.parse import parse_qs

import boto3
import pytest

from focus_lake.errors import OptionsError
from focus_lake.oss.settings import CopySettings, s3_client
from helpers.http_server import Quiet, Server

ROLE = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "a",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "c",
    "OSS_REGION": "cn-hangzhou",
    "S3_BUCKET_NAME": "raw",
    "S3_REGION": "eu-central-1",
}
ANSWER = b"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>short</AccessKeyId>
<SecretAccessKey>lived</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


class Sts(Quiet):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.fake.asked.append({key: value[0] for key, value in parse_qs(body).items()})
        self.answer(200, ANSWER, {"Content-Type": "text/xml"})


class FakeSts(Server):
    def __init__(self):
        self.asked: list[dict] = []
        super().__init__(Sts)


def test_with_a_role_and_a_token_no_key_is_needed_and_the_token_is_sent(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text("signed.by.issuer")
    role = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/oss",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
    }
    server = FakeSts()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # may know the keys of another test
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**role, "AWS_ENDPOINT_URL_STS": server.url}.items():
        monkeypatch.setenv(name, value)
    try:
        environ = {**ROLE, **role}
        client = s3_client(CopySettings.read(environ), environ)
        found = client._request_signer._credentials.get_frozen_credentials()
    finally:
        server.close()
    assert (found.access_key, found.token) == ("short", "token")
    (asked,) = server.asked
    assert asked["Action"] == "AssumeRoleWithWebIdentity"
    assert (asked["WebIdentityToken"], asked["RoleArn"]) == (
        "signed.by.issuer",
        role["AWS_ROLE_ARN"],
    )


def test_half_of_it_is_no_role_and_the_key_is_asked_for():
    with pytest.raises(OptionsError, match="AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"):
        CopySettings.read({**ROLE, "AWS_ROLE_ARN": "arn"})
