"""Lets a browser on this machine reach the emulated load balancer, whose name only AWS could resolve."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class _Handler(BaseHTTPRequestHandler):
    """Passes each request on, with the name of the site, and the answer back."""

    protocol_version = "HTTP/1.1"
    network_address = ""
    host = ""

    def do_GET(self) -> None:
        """Pass a request on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
        connection = http.client.HTTPConnection(self.network_address, timeout=60)
        connection.request(self.command, self.path, body, headers | {"Host": self.host})
        self._pass_back(connection.getresponse())

    do_POST = do_HEAD = do_GET

    def _pass_back(self, answer: http.client.HTTPResponse) -> None:
        content = answer.read()
        self.send_response_only(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the application has a log."""


@contextmanager
def opened(network_address: str, host: str) -> Iterator[str]:
    """Yield an address for the browser; each request goes to the load balancer as one for `host`."""
    handler = type("Handler", (_Handler,), {"network_address": network_address, "host": host})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
