"""A folder and an S3 prefix keep the same promises, so that the job need not know which it has."""

from __future__ import annotations

import os
import pickle
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from focus_lake import storage
from focus_lake.errors import OptionsError, StorageError, VersionConflict
from focus_lake.storage import local, s3
from helpers.s3_proxy import S3Proxy

ODD = "a b/阿里 云+%&?#=.csv"  # what a key may hold and a URL may not


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.s3)])
def place(request, tmp_path):
    """An empty store of each kind."""
    if request.param == "local":
        return storage.at(str(tmp_path / "lake"))
    bucket = request.getfixturevalue("bucket")
    endpoint = request.getfixturevalue("s3_endpoint")
    return storage.at(f"s3://{bucket}/some/lake", endpoint)


def put(place, *paths: str, content: bytes = b"x") -> None:
    for path in paths:
        with place.writer(path) as file:
            file.write(content)


def paths(place, prefix: str = "") -> list[str]:
    return [entry.path for entry in place.list(prefix)]


def test_what_is_written_is_listed_and_read(place):
    put(place, ODD, content=b"123")
    (entry,) = place.list()
    assert (entry.path, entry.size) == (ODD, 3)
    assert entry.etag and '"' not in entry.etag
    assert abs(datetime.now(UTC) - entry.modified) < timedelta(minutes=5)
    assert place.read(ODD)[0] == b"123"
    with place.open(ODD) as file:
        assert file.read() == b"123"


def test_what_is_not_there_is_nothing_or_an_error_with_its_path(place):
    assert paths(place) == paths(place, "no/such") == []
    assert place.read("no/such") == (None, None)
    with pytest.raises(StorageError, match="no/such"):
        place.open("no/such").read()
    place.delete("no/such")


def test_a_listing_is_ordered_by_path_and_a_prefix_is_a_folder(place):
    put(place, "b", "a/2", "a/1/z", "ab/1", "a.txt")
    assert paths(place) == ["a.txt", "a/1/z", "a/2", "ab/1", "b"]
    assert paths(place, "a") == paths(place, "a/") == ["a/1/z", "a/2"]


def test_a_store_sees_nothing_beside_its_root(place):
    put(place, "a/1", "ab/1")
    inner = storage.at(f"{place.root}/a", getattr(place, "endpoint", None))
    assert paths(inner) == ["1"]


def test_an_open_file_can_be_read_from_anywhere(place, monkeypatch):
    monkeypatch.setattr(s3, "READ_AHEAD", 64)
    data = bytes(range(256)) * 10
    put(place, "data", content=data)
    with place.open("data") as file:
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read(100) == data[-5:]
        assert file.seek(1000) == 1000
        assert file.read(3) == data[1000:1003]
        assert file.seek(7, os.SEEK_CUR) == file.tell() == 1010
        assert file.read() == data[1010:]
        assert file.read(1) == b""


def test_a_file_is_written_over_and_the_version_tells(place):
    put(place, "a", content=b"1")
    first = place.read("a")
    put(place, "a", content=b"2")
    second = place.read("a")
    assert (first[0], second[0]) == (b"1", b"2")
    assert first[1] != second[1]


def test_what_fails_while_it_is_written_does_not_pass_for_written(place):
    with pytest.raises(ZeroDivisionError), place.writer("new/a") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert place.read("new/a")[0] in (None, b"half")  # on a disk half a file may stay


def test_delete_removes_a_file_or_a_folder_and_nothing_beside_it(place):
    put(place, "a/1", "a/b/2", "ab/3", "c", "c.x")
    place.delete("a")
    assert paths(place) == ["ab/3", "c", "c.x"]
    place.delete("c")
    assert paths(place) == ["ab/3", "c.x"]
    place.delete("")
    assert paths(place) == []


def test_a_folder_is_moved_whole_and_its_parents_are_made_where_needed(place):
    put(place, "from/2", f"from/{ODD}", content=b"new")
    put(place, "from2/3", "a/b/other/1")
    place.move_folder("from", "a/b/c")
    assert paths(place) == sorted(["a/b/c/2", f"a/b/c/{ODD}", "a/b/other/1", "from2/3"])
    assert place.read("a/b/c/2")[0] == b"new"


def test_a_folder_that_is_not_there_is_moved_as_nothing(place):
    put(place, "a/1")
    place.move_folder("from", "a/b")
    assert paths(place) == ["a/1"]


# -- conditional writes: the ledger rests on them --------------------------------------------------


def test_put_if_makes_a_file_only_where_there_is_none(place):
    version = place.put_if(ODD, b"1", None)
    assert place.read(ODD) == (b"1", version)
    with pytest.raises(VersionConflict, match="changed by another run; start this one again"):
        place.put_if(ODD, b"2", None)
    assert place.read(ODD)[0] == b"1"


def test_put_if_replaces_only_the_version_it_was_told(place):
    first = place.put_if("a", b"1", None)
    second = place.put_if("a", b"2", first)
    assert second != first
    with pytest.raises(VersionConflict):
        place.put_if("a", b"3", first)
    assert place.read("a") == (b"2", second)


def test_put_if_of_a_file_that_was_removed_is_a_conflict(place):
    version = place.put_if("a", b"1", None)
    place.delete("a")
    with pytest.raises(VersionConflict):
        place.put_if("a", b"2", version)
    assert place.read("a") == (None, None)


@pytest.mark.s3
@pytest.mark.parametrize("exists", [False, True])
def test_a_conditional_write_whose_answer_got_lost_is_no_conflict(bucket, s3_endpoint, exists):
    """boto3 sends it again, and S3 refuses that for what the first one wrote."""
    proxy = S3Proxy(s3_endpoint)
    try:
        here = storage.at(f"s3://{bucket}/lost", proxy.url)
        version = here.put_if("a", b"before", None) if exists else None
        proxy.lost = ["PUT"]
        made = here.put_if("a", b"mine", version)
        assert (proxy.lost, here.read("a")) == ([], (b"mine", made))
        with pytest.raises(VersionConflict):  # another's object is one as before
            here.put_if("a", b"mine", version)
    finally:
        proxy.close()


@pytest.mark.parametrize("exists", [False, True])
def test_of_eight_writers_at_once_one_wins(place, exists):
    for round_ in range(5):
        path = f"race/{round_}"
        version = place.put_if(path, b"before", None) if exists else None
        won, lost, start = [], [], threading.Barrier(8)

        def write(number: int, path=path, version=version, won=won, lost=lost, start=start):
            start.wait()
            try:
                place.put_if(path, b"%d" % number, version)
                won.append(number)
            except VersionConflict:
                lost.append(number)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert (len(won), len(lost)) == (1, 7)
        assert place.read(path)[0] == b"%d" % won[0]


def test_a_conditional_write_leaves_nothing_that_a_table_would_read(place):
    place.put_if("t/a.jsonl", b"1", None)
    seen = [path for path in paths(place, "t") if not path.rsplit("/", 1)[1].startswith(".")]
    assert seen == ["t/a.jsonl"]


def test_a_store_travels_to_the_executors(place):
    put(place, "a")
    assert paths(pickle.loads(pickle.dumps(place))) == ["a"]


# -- one kind only ---------------------------------------------------------------------------------


@pytest.mark.s3
def test_more_objects_than_a_page_holds_are_listed_moved_and_deleted(bucket, s3_endpoint):
    place = storage.at(f"s3://{bucket}", s3_endpoint)
    api = s3.client(s3_endpoint)
    for number in range(1005):
        api.put_object(Bucket=bucket, Key=f"many/{number:04d}", Body=b"")
    assert len(paths(place, "many")) == 1005
    place.delete("many")
    assert paths(place) == []


@pytest.mark.s3
def test_a_folder_marker_of_the_console_is_no_file(bucket, s3_endpoint):
    api = s3.client(s3_endpoint)
    api.put_object(Bucket=bucket, Key="a/", Body=b"")
    api.put_object(Bucket=bucket, Key="a/1", Body=b"")
    assert paths(storage.at(f"s3://{bucket}", s3_endpoint)) == ["a/1"]


@pytest.mark.s3
def test_an_object_that_changes_while_it_is_read_is_an_error(bucket, s3_endpoint, monkeypatch):
    monkeypatch.setattr(s3, "READ_AHEAD", 10)
    place = storage.at(f"s3://{bucket}", s3_endpoint)
    put(place, "a", content=b"1" * 100)
    with place.open("a") as file:
        assert file.read(5) == b"11111"
        put(place, "a", content=b"2" * 100)
        with pytest.raises(StorageError, match=f"s3://{bucket}/a: cannot read"):
            file.read()


@pytest.mark.s3
def test_a_bucket_that_is_not_there_is_named(s3_endpoint):
    name = f"none-{uuid.uuid4().hex}"
    place = storage.at(f"s3://{name}/x", s3_endpoint)
    assert not place.exists()
    with pytest.raises(StorageError, match=f"s3://{name}/x/"):
        paths(place)


def test_a_folder_that_is_a_file_is_named_in_the_error(tmp_path):
    (tmp_path / "file").write_text("")
    place = storage.at(str(tmp_path))
    with pytest.raises(StorageError, match="file/a.* cannot write"):
        put(place, "file/a")


def test_a_local_version_changes_with_the_time_of_change_even_if_the_size_does_not(tmp_path):
    place = storage.at(str(tmp_path))
    put(place, "a", content=b"1")
    os.utime(tmp_path / "a", ns=(1, 1))
    assert next(place.list()).etag == "mtime:1"


def test_files_that_vanish_while_they_are_listed_are_passed_over(tmp_path, monkeypatch):
    place = storage.at(str(tmp_path))
    put(place, "a/1", "b/2", "c")
    found = local.os.scandir

    def scandir(folder):
        items = list(found(folder))
        for name in ("a/1", "c"):
            (tmp_path / name).unlink(missing_ok=True)
        if (tmp_path / "a").exists():
            (tmp_path / "a").rmdir()
        return items

    monkeypatch.setattr(local.os, "scandir", scandir)
    assert paths(place) == ["b/2"]


@pytest.mark.parametrize(
    "root, complaint",
    [
        ("s3://", "no bucket name; write s3://bucket/prefix"),
        ("s3:///x", "no bucket name"),
        ("gs://bucket/x", "only s3:// and local folders"),
        ("hdfs://host/x", "only s3:// and local folders"),
    ],
)
def test_a_place_that_cannot_be_is_a_wrong_option(root, complaint):
    with pytest.raises(OptionsError, match=complaint):
        storage.at(root)


@pytest.mark.parametrize(
    "root, bucket, prefix",
    [
        ("s3://b", "b", ""),
        ("s3://b/", "b", ""),
        ("s3://b/x/y/", "b", "x/y"),
        ("s3a://b/x", "b", "x"),
    ],
)
def test_an_s3_address_is_bucket_and_prefix(root, bucket, prefix):
    place = storage.at(root)
    assert (place.bucket, place.prefix) == (bucket, prefix)
    assert place.url("a") == "/".join(filter(None, ["s3:/", bucket, prefix, "a"]))


def test_what_is_no_file_is_not_listed(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"1")
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "gone.zip").symlink_to(tmp_path / "nowhere")
    assert [entry.path for entry in storage.at(str(tmp_path)).list()] == ["a.zip"]


def test_a_link_names_the_buckets_region_and_is_signed_as_every_region_wants_it(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    link = storage.at("s3://bills/lake").link("reports/board.pdf", 3600, "eu-central-1")
    place, _, query = link.partition("?")
    assert place == "https://bills.s3.eu-central-1.amazonaws.com/lake/reports/board.pdf"
    assert {"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Expires=3600"} <= set(query.split("&"))
