"""Wrong settings and wrong events are named before a byte is moved; what the reader checks."""

import io
from types import SimpleNamespace

import pytest

from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.oss.copy import HIDDEN, CheckedBody, Held, Interrupted, is_copy
from focus_lake.oss.job import read_events
from focus_lake.oss.settings import CopySettings, oss_bucket

CRC64_OF_DIGITS = 0x995DC9BBDF1939FA  # the published check value of CRC-64/XZ for "123456789"


def test_all_missing_variables_are_named_at_once(job, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "S3_REGION", "OSS_REGION", "FC_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OptionsError, match="AWS_ACCESS_KEY_ID.*S3_REGION.*OSS_REGION"):
        job.handler(b"{}", None)


def test_a_function_without_a_ram_role_is_told_so(environ):
    del environ["ALIBABA_CLOUD_SECURITY_TOKEN"]
    with pytest.raises(OptionsError, match="SECURITY_TOKEN.*give the function one"):
        CopySettings.read(environ)


def test_the_timer_needs_the_name_of_the_oss_bucket_and_events_do_not(environ):
    del environ["OSS_BUCKET"]
    assert CopySettings.read(environ).oss_bucket == ""
    with pytest.raises(OptionsError, match="missing: OSS_BUCKET$"):
        CopySettings.read(environ, also=("OSS_BUCKET",))


def test_the_function_s_own_region_gives_the_internal_endpoint(environ):
    del environ["OSS_ENDPOINT"], environ["OSS_REGION"]
    settings = CopySettings.read({**environ, "FC_REGION": "cn-shanghai"})
    assert settings.oss_endpoint == "https://oss-cn-shanghai-internal.aliyuncs.com"
    assert oss_bucket(settings, environ, "export").region == "cn-shanghai"


def test_a_bucket_name_that_cannot_be_one_is_named(environ):
    with pytest.raises(OptionsError, match="'Not A Bucket'.*correct OSS_BUCKET"):
        oss_bucket(CopySettings.read(environ), environ, "Not A Bucket")


def test_settings_hold_no_secret(environ):
    shown = repr(CopySettings.read(environ))
    assert "secret" not in shown
    assert "token" not in shown


@pytest.mark.parametrize(
    "oss_prefix,s3_prefix,key,target",
    [
        ("", "", "202601/a.zip", "alibaba/202601/a.zip"),
        ("focus", "raw", "focus/202601/a.zip", "raw/alibaba/202601/a.zip"),
        ("/a/b/", "/x/", "a/b/202601/a.zip", "x/alibaba/202601/a.zip"),
    ],
)
def test_the_folder_of_the_export_is_replaced_by_that_of_the_lake(
    environ, oss_prefix, s3_prefix, key, target
):
    settings = CopySettings.read({**environ, "OSS_PREFIX": oss_prefix, "S3_PREFIX": s3_prefix})
    assert settings.why_not(key) == ""
    assert settings.target(key) == target


@pytest.mark.parametrize(
    "event",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"events": 1}',
        b'{"events": [{"oss": {"bucket": {}}}]}',
        b'{"triggerName": "t", "payload": ""}',
        b"\xff",
    ],
)
def test_an_event_that_is_none_is_named(event):
    with pytest.raises(FocusLakeError, match="not an event of a native OSS trigger"):
        read_events(event)


SOURCE = Held(size=10, modified=1000, etag="A")


@pytest.mark.parametrize(
    "held,same",
    [
        (None, False),
        (HIDDEN, False),
        (Held(10, 900, "A"), True),
        (Held(10, 2000, "B"), False),
        (Held(9, 2000, "A"), False),
        (Held(10, 1001), True),
        (Held(10, 1000), False),
        (Held(9, 1001), False),
    ],
)
def test_a_copy_is_known_by_its_etag_or_else_by_its_age(held, same):
    assert is_copy(SOURCE, held) is same


class Trickle(io.BytesIO):
    """A connection that gives three bytes at a time, whatever is asked for."""

    def read(self, amount, decode_content):
        assert not decode_content
        return super().read(min(amount, 3))


def body(content: bytes, size: int, crc: int | None = None) -> CheckedBody:
    response = SimpleNamespace(response=SimpleNamespace(raw=Trickle(content)))
    return CheckedBody(SimpleNamespace(resp=response, server_crc=crc), size)


def test_a_read_is_filled_up_from_a_slow_connection():
    reader = body(b"123456789", 9, CRC64_OF_DIGITS)
    assert [reader.read(4), reader.read(4), reader.read(4), reader.read(4)] == [
        b"1234",
        b"5678",
        b"9",
        b"",
    ]


@pytest.mark.parametrize("amount", [-1, None])
def test_a_read_without_an_amount_gives_the_rest(amount):
    reader = body(b"123456789", 9, CRC64_OF_DIGITS)
    assert reader.read(4) + reader.read(amount) == b"123456789"


def test_an_early_end_is_an_error_even_when_the_bytes_asked_for_came():
    reader = body(b"1234", 9)
    assert reader.read(4) == b"1234"
    with pytest.raises(Interrupted, match="4 bytes of 9"):
        reader.read(4)


def test_too_many_bytes_are_an_error():
    with pytest.raises(Interrupted, match="9 bytes of 8"):
        body(b"123456789", 8).read(100)


def test_wrong_bytes_are_an_error_with_the_last_of_them():
    reader = body(b"12345678X", 9, CRC64_OF_DIGITS)
    reader.read(8)
    with pytest.raises(Interrupted, match="CRC-64"):
        reader.read(1)
