"""The OSS trigger: a new object is in S3, whole and once, whatever happens on the way."""

import gzip
import hashlib
import json
import random
import threading

import pytest

from focus_lake.errors import FocusLakeError, StorageError

pytestmark = pytest.mark.s3

KEY = "focus/202601/20260131173000/1500_2688801000001_X_202601_part_001.zip"
TARGET = "lake/raw/alibaba/202601/20260131173000/1500_2688801000001_X_202601_part_001.zip"
MIB = 1024 * 1024


def some_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def held(s3, key: str = TARGET) -> bytes:
    return s3.client.get_object(Bucket=s3.bucket, Key=key)["Body"].read()


def keys(s3) -> list[str]:
    return [o["Key"] for o in s3.client.list_objects_v2(Bucket=s3.bucket).get("Contents", ())]


def unfinished(s3) -> list:
    return s3.client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", [])


@pytest.mark.parametrize("size", [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])
def test_an_object_arrives_byte_for_byte_with_the_etag_it_had(oss, s3, job, event, size):
    content = some_bytes(size)
    oss.put(KEY, content)
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == content
    head = s3.client.head_object(Bucket=s3.bucket, Key=TARGET)
    assert head["Metadata"] == {"oss-etag": hashlib.md5(content).hexdigest().upper()}
    assert keys(s3) == [TARGET]


def test_every_request_to_oss_is_signed_with_version_4_and_the_role_s_token(oss, s3, job, event):
    oss.put(KEY, b"bill")
    job.handler(event(KEY), None)
    assert oss.authorizations
    for text in oss.authorizations:
        assert text.startswith("OSS4-HMAC-SHA256 Credential=STS.test/")
        assert "/cn-hangzhou/oss/" in text


def test_an_object_that_s3_has_is_not_read_again(oss, s3, job, event):
    oss.put(KEY, b"bill")
    job.handler(event(KEY), None)
    assert json.loads(job.handler(event(KEY), None)) == {"already_there": 1}
    assert oss.noted.count(f"GET {KEY}") == 1
    assert s3.noted.count("PUT") == 1


def test_an_object_replaced_by_one_of_the_same_size_is_copied_again(oss, s3, job, event):
    oss.put(KEY, b"bill 1")
    job.handler(event(KEY), None)
    oss.put(KEY, b"bill 2")
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == b"bill 2"


@pytest.mark.parametrize("sent", ["as it is", "percent", "plus"])
def test_a_key_with_chinese_letters_and_spaces_is_found_however_it_is_sent(
    oss, s3, job, event, sent
):
    name = "202601/20260131173000/账单 2026 年.zip"
    oss.put(f"focus/{name}", b"bill")
    coded = "focus%2F202601%2F20260131173000%2F%E8%B4%A6%E5%8D%95{0}2026{0}%E5%B9%B4.zip"
    key = {
        "as it is": f"focus/{name}",
        "percent": coded.format("%20"),
        "plus": coded.format("+"),
    }[sent]
    assert json.loads(job.handler(event(key), None)) == {"copied": 1}
    assert keys(s3) == [f"lake/raw/alibaba/{name}"]


def test_an_encoded_key_is_found_where_only_the_export_s_folder_may_be_read(oss, s3, job, event):
    oss.put("focus/a b.zip", b"bill")
    oss.faults["HEAD focus%2Fa%20b.zip"] = [403]
    job.handler(event("focus%2Fa%20b.zip"), None)
    assert keys(s3) == ["lake/raw/alibaba/a b.zip"]


def test_a_key_that_looks_encoded_but_is_not_is_taken_as_it_stands(oss, s3, job, event):
    oss.put("focus/100%25+tax.zip", b"bill")
    job.handler(event("focus/100%25+tax.zip"), None)
    assert keys(s3) == ["lake/raw/alibaba/100%25+tax.zip"]


def test_of_two_objects_that_a_key_can_mean_the_event_s_etag_decides(oss, s3, job, event):
    oss.put("focus/a%20b.zip", b"literal")
    meant = oss.put("focus/a b.zip", b"decoded")
    job.handler(event("focus/a%20b.zip", etag=meant.etag), None)
    assert keys(s3) == ["lake/raw/alibaba/a b.zip"]


def test_an_object_stored_as_gzip_is_not_unpacked(oss, s3, job, event):
    packed = gzip.compress(b"BilledCost\n1\n" * 1000, mtime=0)
    oss.put(KEY, packed, headers={"Content-Encoding": "gzip"})
    job.handler(event(KEY), None)
    assert held(s3) == packed


@pytest.mark.parametrize("size,broken_at", [(100_000, 50_000), (20 * MIB, 12 * MIB), (20 * MIB, 0)])
def test_after_a_broken_connection_the_whole_object_is_sent_again(
    oss, s3, job, event, size, broken_at
):
    content = some_bytes(size)
    oss.put(KEY, content)
    oss.faults[f"GET {KEY}"] = [("break", broken_at)]
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == content
    assert unfinished(s3) == []


def test_a_connection_that_keeps_breaking_leaves_what_was_there_and_fails(oss, s3, job, event):
    s3.client.put_object(Bucket=s3.bucket, Key=TARGET, Body=b"the last good copy")
    oss.put(KEY, some_bytes(20 * MIB))
    oss.faults[f"GET {KEY}"] = [("break", 12 * MIB)] * 3
    with pytest.raises(StorageError, match="part_001.zip: not copied"):
        job.handler(event(KEY), None)
    assert held(s3) == b"the last good copy"
    assert s3.noted.count("ABORT") == 3
    assert unfinished(s3) == []
    assert not oss.faults[f"GET {KEY}"]


def test_bytes_spoilt_on_the_way_are_not_stored(oss, s3, job, event):
    oss.put(KEY, b"bill")
    oss.faults[f"GET {KEY}"] = [("spoil",)] * 3
    with pytest.raises(StorageError, match="CRC-64"):
        job.handler(event(KEY), None)
    assert keys(s3) == []


def test_an_oss_that_is_busy_is_asked_again(oss, s3, job, event):
    oss.put(KEY, b"bill")
    oss.faults = {f"HEAD {KEY}": [503], f"GET {KEY}": [500]}
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == b"bill"


def test_an_s3_that_is_busy_is_asked_again(oss, s3, job, event):
    content = some_bytes(20 * MIB)
    oss.put(KEY, content)
    s3.faults = {"PART": [503, 500], "COMPLETE": [503]}
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == content


def test_a_refusal_by_oss_is_final_and_says_why(oss, s3, job, event):
    oss.put(KEY, b"bill")
    oss.faults[f"GET {KEY}"] = [403]
    with pytest.raises(StorageError, match="OSS answered 403 AccessDenied no .request r1."):
        job.handler(event(KEY), None)
    assert oss.noted.count(f"GET {KEY}") == 1


def test_an_object_that_is_gone_is_an_error(oss, s3, job, event):
    with pytest.raises(StorageError, match="OSS answered 404"):
        job.handler(event(KEY), None)


def test_with_the_right_to_put_alone_every_event_is_copied_to_the_same_s3_etag(oss, s3, job, event):
    s3.denied = {"HEAD", "LIST", "GET", "ABORT"}
    oss.put(KEY, some_bytes(20 * MIB))
    etags = []
    for _ in range(2):
        assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
        etags.append(s3.client.head_object(Bucket=s3.bucket, Key=TARGET)["ETag"])
    assert etags[0] == etags[1]


def test_with_the_right_to_list_a_copy_younger_than_its_source_is_kept(oss, s3, job, event):
    s3.denied = {"HEAD", "GET"}
    oss.put(KEY, b"bill 1")
    job.handler(event(KEY), None)
    assert json.loads(job.handler(event(KEY), None)) == {"already_there": 1}
    oss.put(KEY, b"bill 2", modified=4_000_000_000)  # in 2096: after the copy
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == b"bill 2"


def test_without_the_right_to_put_the_error_names_it(oss, s3, job, event):
    s3.denied = {"PUT"}
    oss.put(KEY, b"bill")
    with pytest.raises(StorageError, match=r"\(403\).*PutObject|AccessDenied.*PutObject"):
        job.handler(event(KEY), None)


def test_the_copies_of_two_triggers_at_once_are_one_whole_object(oss, s3, job, event):
    content = some_bytes(20 * MIB)
    oss.put(KEY, content)
    both = threading.Barrier(2, timeout=60)
    oss.before_get = lambda key: both.wait()  # each has seen that S3 has nothing
    outcomes = []
    runs = [
        threading.Thread(target=lambda: outcomes.append(job.handler(event(KEY), None))),
        threading.Thread(target=lambda: outcomes.append(job.timer_handler(b"{}", None))),
    ]
    [run.start() for run in runs]
    [run.join() for run in runs]
    assert [json.loads(text) for text in outcomes] == [{"copied": 1}] * 2
    assert held(s3) == content
    assert unfinished(s3) == []


def test_an_object_replaced_while_it_is_copied_ends_in_its_new_state(
    oss, s3, job, event, monkeypatch
):
    oss.put(KEY, b"old state")
    noting = s3.fault

    def replace_first(what):
        if what == "PUT":  # the old bytes have been read and are on their way into S3
            oss.put(KEY, b"new state, longer")
        return noting(what)

    monkeypatch.setattr(s3, "fault", replace_first)
    assert json.loads(job.handler(event(KEY), None)) == {"copied": 1}
    assert held(s3) == b"new state, longer"


def test_one_object_that_fails_does_not_stop_the_others(oss, s3, job, event):
    oss.put("focus/a.zip", b"a")
    oss.put("focus/c.zip", b"c")
    with pytest.raises(StorageError, match="1 objects failed: oss://billing-export/focus/b.zip"):
        job.handler(event("focus/a.zip", "focus/b.zip", "focus/c.zip"), None)
    assert keys(s3) == ["lake/raw/alibaba/a.zip", "lake/raw/alibaba/c.zip"]


@pytest.mark.parametrize(
    "key,name",
    [
        ("other/a.zip", "ObjectCreated:PutObject"),
        ("focus/202601/", "ObjectCreated:PutObject"),
        (KEY, "ObjectRemoved:DeleteObject"),
    ],
)
def test_what_is_no_new_file_of_the_export_is_left_alone(oss, s3, job, event, key, name):
    oss.put(key, b"bill")
    assert json.loads(job.handler(event(key, name=name), None)) == {"ignored": 1}
    assert keys(s3) == []


def test_an_event_of_another_bucket_is_an_error(oss, s3, job, event):
    with pytest.raises(FocusLakeError, match="OSS_BUCKET is billing-export"):
        job.handler(event(KEY, bucket="somebody-else"), None)


def test_each_outcome_is_one_line_of_json(oss, s3, job, event, capsys):
    oss.put(KEY, b"bill")
    job.handler(event(KEY), type("Context", (), {"request_id": "1-abc"})())
    copied, done = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert copied["event"] == "copied"
    assert copied["request_id"] == "1-abc"
    assert copied["source"] == f"oss://billing-export/{KEY}"
    assert copied["target"] == f"s3://{s3.bucket}/{TARGET}"
    assert copied["bytes"] == 4
    assert copied["verified_by"] == "size in S3"
    assert (done["event"], done["copied"], done["failed"]) == ("done", 1, 0)
