"""OSS as a small HTTP server, and a proxy before the S3 endpoint that refuses, breaks and notes."""

import hashlib
import http.client
import importlib.util
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import boto3
import pytest
from focus_lake import oss_copy
from oss2.utils import Crc64

LONG_AGO = 1_700_000_000  # 2023-11-14T22:13:20Z: older than any copy a test makes
BUCKET = "billing-export"


@dataclass
class FakeObject:
    content: bytes
    modified: int = LONG_AGO
    headers: dict = field(default_factory=dict)

    def described(self) -> dict:
        crc = Crc64()
        crc.update(self.content)
        return {
            "Content-Length": str(len(self.content)),
            "ETag": f'"{self.etag}"',
            "Last-Modified": formatdate(self.modified, usegmt=True),
            "x-oss-hash-crc64ecma": str(crc.crc),
            **self.headers,
        }

    @property
    def etag(self) -> str:
        return hashlib.md5(self.content).hexdigest().upper()


class Server:
    """An HTTP server in threads of its own; note() and a queue of faults per request."""

    def __init__(self, handler):
        self.noted: list[str] = []
        self.faults: dict[str, list] = {}
        served = type("Handler", (handler,), {"fake": self, "protocol_version": "HTTP/1.1"})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), served)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def fault(self, what: str):
        """Note a request; the fault that waits for it, if any."""
        self.noted.append(what)
        waiting = self.faults.get(what)
        return waiting.pop(0) if waiting else None

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class FakeOss(Server):
    """Buckets of FakeObjects. Faults: a status number, or ("break", n): n bytes, then hang up.

    before_get is called with a key before its GET is answered.
    """

    def __init__(self):
        super().__init__(OssHandler)
        self.objects: dict[str, FakeObject] = {}
        self.before_get = lambda key: None
        self.authorizations: list[str] = []
        self.most_keys = 1000

    def put(self, key: str, content: bytes, **more) -> FakeObject:
        self.objects[key] = FakeObject(content, **more)
        return self.objects[key]


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")


class OssHandler(Quiet):
    def do_HEAD(self):
        self.serve()

    def do_GET(self):
        self.serve()

    def serve(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        key = unquote(url.path).removeprefix(f"/{BUCKET}/")
        self.fake.authorizations.append(self.headers.get("Authorization", ""))
        what = "LIST" if "list-type" in query else f"{self.command} {key}"
        fault = self.fake.fault(what)
        if isinstance(fault, int):
            return self.refuse(fault, "AccessDenied" if fault == 403 else "InternalError")
        if what == "LIST":
            return self.list(query)
        if self.command == "GET":
            self.fake.before_get(key)
        if key not in self.fake.objects:
            return self.refuse(404, "NoSuchKey")
        found = self.fake.objects[key]
        body = found.content
        headers = found.described()
        if fault and fault[0] == "break":
            body = body[: fault[1]]
            self.close_connection = True
        if fault and fault[0] == "spoil":
            body = bytes([body[0] ^ 1]) + body[1:]
        self.answer(200, body, headers)

    def refuse(self, status: int, code: str):
        text = f"<Error><Code>{code}</Code><Message>no</Message><RequestId>r1</RequestId></Error>"
        self.answer(status, text.encode(), {"x-oss-request-id": "r1"})

    def list(self, query: dict):
        keys = sorted(key for key in self.fake.objects if key.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token", "0"))
        page = keys[start : start + min(int(query["max-keys"]), self.fake.most_keys)]
        more = start + len(page) < len(keys)
        items = "".join(map(self.item, page))
        token = f"<NextContinuationToken>{start + len(page)}</NextContinuationToken>"
        body = (
            f"<ListBucketResult><EncodingType>url</EncodingType>{items}"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token if more else ''}"
            f"<KeyCount>{len(page)}</KeyCount></ListBucketResult>"
        )
        self.answer(200, body.encode(), {"Content-Type": "application/xml"})

    def item(self, key: str) -> str:
        found = self.fake.objects[key]
        return (
            f"<Contents><Key>{escape(quote(key))}</Key><ETag>&quot;{found.etag}&quot;</ETag>"
            f"<LastModified>{_iso(found.modified)}</LastModified><Type>Normal</Type>"
            f"<Size>{len(found.content)}</Size><StorageClass>Standard</StorageClass></Contents>"
        )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class S3Proxy(Server):
    """Passes requests on to a real S3 endpoint; denied: the kinds answered 403.

    Kinds: HEAD, LIST, GET, PUT, START, PART, COMPLETE, ABORT. Faults are status numbers.
    """

    def __init__(self, upstream: str):
        super().__init__(ProxyHandler)
        self.upstream = urlsplit(upstream).netloc
        self.denied: set[str] = set()


class ProxyHandler(Quiet):
    def kind(self) -> str:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        if "uploads" in query or "uploadId" in query:
            return {"POST": "START" if "uploads" in query else "COMPLETE", "DELETE": "ABORT"}.get(
                self.command, "PART"
            )
        return "LIST" if "list-type" in query else self.command

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.fake.fault(self.kind())
        if self.kind() in self.fake.denied:
            fault = 403
        if fault:
            code = "AccessDenied" if fault == 403 else "InternalError"
            return self.answer(fault, f"<Error><Code>{code}</Code></Error>".encode())
        link = http.client.HTTPConnection(self.fake.upstream, timeout=60)
        headers = {**self.headers, "Host": self.fake.upstream}
        headers.pop("Expect", None)
        link.request(self.command, self.path, body=body, headers=headers)
        got = link.getresponse()
        data = got.read()
        drop = {"transfer-encoding", "connection"} | ({"content-length"} if data else set())
        kept = {name: value for name, value in got.getheaders() if name.lower() not in drop}
        self.answer(got.status, data, kept)
        link.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve


@pytest.fixture
def oss():
    server = FakeOss()
    yield server
    server.close()


@pytest.fixture
def environ(oss, monkeypatch):
    """The function's environment, S3 not included; pauses between tries are left out."""
    monkeypatch.setattr(oss_copy, "PAUSE_SECONDS", 0)
    values = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "S3_BUCKET_NAME": "raw",
        "S3_REGION": "eu-central-1",
        "S3_PREFIX": "lake/raw",
        "OSS_BUCKET": BUCKET,
        "OSS_PREFIX": "focus",
        "OSS_REGION": "cn-hangzhou",
        "OSS_ENDPOINT": oss.url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.test",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def s3(environ, s3_endpoint, monkeypatch):
    """The proxy before the S3 endpoint, which the function talks to; .client goes past it."""
    proxy = S3Proxy(s3_endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    proxy.client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    proxy.bucket = f"raw-{id(proxy)}"
    where = {"LocationConstraint": "eu-central-1"}
    proxy.client.create_bucket(Bucket=proxy.bucket, CreateBucketConfiguration=where)
    monkeypatch.setenv("S3_BUCKET_NAME", proxy.bucket)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def job():
    """jobs/oss_to_s3.py, as Function Compute loads it."""
    path = Path(__file__).parents[2] / "jobs" / "oss_to_s3.py"
    spec = importlib.util.spec_from_file_location("oss_to_s3_job", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def event():
    """Makes the bytes that an OSS trigger passes on."""

    def make(*keys: str, etag="0" * 32, name="ObjectCreated:PutObject", bucket=BUCKET) -> bytes:
        records = [
            {
                "eventName": name,
                "eventSource": "acs:oss",
                "region": "cn-hangzhou",
                "oss": {
                    "bucket": {"name": bucket, "arn": f"acs:oss:cn-hangzhou:1:{bucket}"},
                    "object": {"key": key, "size": 1, "eTag": etag},
                },
            }
            for key in keys
        ]
        return json.dumps({"events": records}).encode()

    return make
