"""s3a.py: the pinned jars, how they are fetched and checked, and Spark on S3 with them."""

from __future__ import annotations

import hashlib
import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

import s3a
from focus_lake.errors import StorageError


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FOCUS_LAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(s3a.shutil, "which", lambda name: None)  # no mvn
    return tmp_path / "cache" / "jars"


@pytest.fixture
def repository(monkeypatch):
    """A Maven repository that serves the contents put into the dictionary it yields."""
    contents: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = contents.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("FOCUS_LAKE_MAVEN", f"http://127.0.0.1:{server.server_port}/maven2/")
    yield contents
    server.shutdown()
    server.server_close()


@pytest.fixture
def one_jar(monkeypatch) -> s3a.Jar:
    content = b"not really a jar"
    jar = s3a.Jar("org.example", "thing", "1.2", 16, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(s3a, "jars", lambda spark: [jar])
    return jar


def test_each_spark_gets_the_connector_of_its_own_hadoop():
    names = {jar.name for jar in s3a.jars("3.5.6")}
    assert "hadoop-aws-3.3.4.jar" in names
    assert "aws-java-sdk-bundle-1.12.262.jar" not in names
    assert "hadoop-aws-3.4.2.jar" in {jar.name for jar in s3a.jars("4.1.1")}


def test_a_spark_without_pinned_jars_is_refused_with_the_known_ones():
    with pytest.raises(StorageError, match="Spark 3.4.1, only for 3.5, 4.1"):
        s3a.jars("3.4.1")


def test_every_pinned_jar_has_a_whole_checksum_and_a_place_in_a_maven_repository():
    for jar in [*s3a.jars("3.5"), *s3a.jars("4.1")]:
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256), jar
        assert jar.bytes > 0, jar
        assert re.fullmatch(r"[\w./-]+/[\w.-]+/[\w.]+/[\w.-]+\.jar", jar.path), jar


def test_missing_jars_are_reported_with_the_command_that_fetches_them(cache):
    with pytest.raises(StorageError, match="10 jars .* scripts/s3a.py` once"):
        s3a.s3a_classpath("3.5.6")


def test_fetching_takes_from_the_mirror_once_and_then_from_the_cache(cache, repository, one_jar):
    repository["/maven2/org/example/thing/1.2/thing-1.2.jar"] = b"not really a jar"
    assert s3a.fetch("3.5.6") == [cache / "thing-1.2.jar"]
    repository.clear()
    assert s3a.fetch("3.5.6") == s3a.s3a_classpath("3.5.6") == [cache / "thing-1.2.jar"]
    assert (cache / "thing-1.2.jar").read_bytes() == b"not really a jar"


def test_a_jar_with_another_content_is_refused_and_not_kept(cache, repository, one_jar):
    repository["/maven2/org/example/thing/1.2/thing-1.2.jar"] = b"<html>login</html>"
    with pytest.raises(StorageError, match="thing-1.2.jar: 18 bytes .* not the 16 bytes"):
        s3a.fetch("3.5.6")
    assert list(cache.iterdir()) == []


def test_a_mirror_that_lacks_the_jar_is_named_with_what_to_set(cache, repository, one_jar):
    with pytest.raises(StorageError, match="404.*set FOCUS_LAKE_MAVEN"):
        s3a.fetch("3.5.6")


@pytest.mark.s3
def test_spark_writes_and_overwrites_parquet_on_s3_through_s3a(spark, s3_endpoint, bucket):
    hadoop = spark._jsc.hadoopConfiguration()
    hadoop.set("fs.s3a.endpoint", s3_endpoint)
    hadoop.set("fs.s3a.path.style.access", "true")
    folder = f"s3a://{bucket}/lake/yearmonth=202601/batch_ts=20260131173000"
    spark.range(1000).write.parquet(folder)
    spark.range(5).write.mode("overwrite").parquet(folder)
    rows = spark.read.parquet(f"s3a://{bucket}/lake").orderBy("id").collect()
    assert [tuple(row) for row in rows] == [
        (0, "202601", "20260131173000"),
        (1, "202601", "20260131173000"),
        (2, "202601", "20260131173000"),
        (3, "202601", "20260131173000"),
        (4, "202601", "20260131173000"),
    ]
