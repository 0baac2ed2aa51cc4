"""A proxy before a local S3 endpoint: it refuses rights, answers with faults, notes requests."""

from __future__ import annotations

import http.client
from urllib.parse import parse_qs, urlsplit

from helpers.http_server import Quiet, Server


class S3Proxy(Server):
    """Passes requests on to a real S3 endpoint; denied: the kinds answered 403.

    Kinds: HEAD, LIST, GET, PUT, START, PART, COMPLETE, ABORT. Faults are status numbers.
    """

    def __init__(self, upstream: str):
        super().__init__(ProxyHandler)
        self.upstream = urlsplit(upstream).netloc
        self.denied: set[str] = set()
        self.lost: list[str] = []  # of these kinds the next request is carried out, unanswered


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
        if not self.answered(got, data):
            return link.close()
        drop = {"transfer-encoding", "connection"} | ({"content-length"} if data else set())
        kept = {name: value for name, value in got.getheaders() if name.lower() not in drop}
        self.answer(got.status, data, kept)
        link.close()

    def answered(self, got, data: bytes) -> bool:
        """Whether the answer gets through; else the client sees a fault that passes."""
        if self.kind() not in self.fake.lost:
            return True
        self.fake.lost.remove(self.kind())
        self.answer(500, b"<Error><Code>InternalError</Code></Error>")
        return False

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve
