"""The timer: what S3 does not have is copied, and nothing else."""

import json

import pytest

from focus_lake.errors import StorageError

pytestmark = pytest.mark.s3


def run(job) -> dict:
    return json.loads(job.timer_handler(b'{"triggerName": "daily", "payload": ""}', None))


def keys(s3) -> list[str]:
    return [o["Key"] for o in s3.client.list_objects_v2(Bucket=s3.bucket).get("Contents", ())]


def held(s3, name: str) -> bytes:
    key = f"lake/raw/alibaba/{name}"
    return s3.client.get_object(Bucket=s3.bucket, Key=key)["Body"].read()


def test_of_many_pages_only_what_is_missing_is_copied(oss, s3, job):
    oss.most_keys = 2
    names = ["202601/a.zip", "202601/账单 1.zip", "202602/b&c.zip", "202602/d+e%20.zip", "f.csv"]
    for name in names:
        oss.put(f"focus/{name}", name.encode())
    oss.put("focus/202601/", b"")
    oss.put("focus-of-others/g.zip", b"not ours")
    assert run(job) == {"copied": 5}
    assert keys(s3) == sorted(f"lake/raw/alibaba/{name}" for name in names)
    assert oss.noted.count("LIST") == 3

    oss.put("focus/202603/h.zip", b"new")
    before = len(oss.noted)
    assert run(job) == {"already_there": 5, "copied": 1}
    read = [what for what in oss.noted[before:] if what.startswith("GET")]
    assert read == ["GET focus/202603/h.zip"]


def test_an_object_of_another_size_or_younger_than_its_copy_is_copied_again(oss, s3, job):
    for name in ("longer.zip", "younger.zip", "same.zip"):
        oss.put(f"focus/{name}", b"bill 1")
    run(job)
    oss.put("focus/longer.zip", b"bill 1 and more")
    oss.put("focus/younger.zip", b"bill 2", modified=4_000_000_000)
    assert run(job) == {"already_there": 1, "copied": 2}
    assert held(s3, "longer.zip") == b"bill 1 and more"
    assert held(s3, "younger.zip") == b"bill 2"


def test_a_rewritten_object_with_the_same_content_is_not_sent_again(oss, s3, job):
    oss.put("focus/a.zip", b"bill")
    run(job)
    oss.put("focus/a.zip", b"bill", modified=4_000_000_000)
    assert run(job) == {"already_there": 1}
    assert oss.noted.count("GET focus/a.zip") == 1


def test_the_timer_needs_no_right_to_read_what_s3_holds(oss, s3, job):
    s3.denied = {"HEAD", "GET"}
    oss.put("focus/a.zip", b"bill")
    assert run(job) == {"copied": 1}
    assert run(job) == {"already_there": 1}


def test_without_the_right_to_list_s3_the_timer_says_what_it_needs(oss, s3, job):
    s3.denied = {"LIST"}
    with pytest.raises(StorageError, match="needs s3:ListBucket"):
        run(job)


def test_without_the_right_to_list_oss_the_timer_says_what_it_needs(oss, s3, job):
    oss.faults["LIST"] = [403]
    with pytest.raises(StorageError, match="needs oss:ListObjects"):
        run(job)


def test_a_busy_oss_is_asked_for_its_list_again(oss, s3, job):
    oss.put("focus/a.zip", b"bill")
    oss.faults["LIST"] = [503, 500]
    assert run(job) == {"copied": 1}


def test_one_object_that_fails_does_not_stop_the_others_and_is_copied_next_time(oss, s3, job):
    for name in "abc":
        oss.put(f"focus/{name}.zip", name.encode())
    oss.faults["GET focus/b.zip"] = [403]
    with pytest.raises(StorageError, match="1 objects failed: .*focus/b.zip"):
        run(job)
    assert run(job) == {"already_there": 2, "copied": 1}


def test_without_prefixes_the_whole_bucket_lands_in_the_folder_alibaba(oss, s3, job, monkeypatch):
    monkeypatch.setenv("S3_PREFIX", "")
    monkeypatch.setenv("OSS_PREFIX", "")
    oss.put("202601/a.zip", b"bill")
    run(job)
    assert keys(s3) == ["alibaba/202601/a.zip"]
