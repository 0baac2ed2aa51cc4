"""An HTTP server in the test process: it notes requests and serves the faults it is given."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status: int, body: bytes = b"", headers: dict | None = None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")
