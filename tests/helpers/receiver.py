"""Where alerts arrive in tests: an HTTP server that keeps every request."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    b"<MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId>"
    b"</ResponseMetadata></PublishResponse>"
)


@dataclass(frozen=True)
class Request:
    """One POST: path, headers in lower case, body as text."""

    path: str
    headers: dict[str, str]
    text: str

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a call of AWS's query protocol."""
        return {name: values[0] for name, values in parse_qs(self.text).items()}


@dataclass
class Receiver:
    """requests: all that came. answers: statuses to give first, before 200; a number below 100 is
    seconds of silence."""

    requests: list[Request] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    def __post_init__(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                text = self.rfile.read(length).decode()
                receiver.requests.append(Request(self.path, headers, text))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if answer < 100:
                    time.sleep(answer)
                    return
                self.send_response(int(answer))
                body = PUBLISHED if "Action=Publish" in text and answer == 200 else b"said so"
                if self.path == "/v2/email/outbound-emails" and answer == 200:
                    body = b'{"MessageId": "m-1"}'
                if 300 <= answer < 400:
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
