"""Lets browsers and clients on this machine reach what is emulated, whose names only AWS could resolve.

With a certificate it is the HTTPS side of the emulated CloudFront: it ends TLS, as an edge location would, and tells
CloudFront that the viewer came over HTTPS, and from which address.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ..emulated.services.cloudfront import VIEWER_HEADER

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
PROTOCOL = "X-Forwarded-Proto"


class _Handler(BaseHTTPRequestHandler):
    """Passes each request on, with the name of the site, and the answer back."""

    protocol_version = "HTTP/1.1"
    network_address = ""
    host = ""
    scheme = "http"

    def do_GET(self) -> None:
        """Pass a request on, and its answer back."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
        headers |= {"Host": self.host, PROTOCOL: self.scheme, VIEWER_HEADER: self.client_address[0]}
        connection = http.client.HTTPConnection(self.network_address, timeout=60)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the application has a log."""


@contextmanager
def opened(network_address: str, host: str, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Yield an address, HOST:PORT of this machine; each request there goes to `network_address` as one for `host`."""
    scheme = "https" if tls else "http"
    handler = type("Handler", (_Handler,), {"network_address": network_address, "host": host, "scheme": scheme})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        # Each connection shakes hands in its own thread, when it is first read: a slow one keeps nobody waiting.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
