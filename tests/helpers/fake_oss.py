"""Alibaba OSS as a small HTTP server: the calls that oss2 makes to read and to list a bucket."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from oss2.utils import Crc64

from helpers.http_server import Quiet, Server

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
