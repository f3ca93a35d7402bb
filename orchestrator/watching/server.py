"""Serves the page of a sweep to browsers on this machine, to be read and nothing else."""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from evals.errors import ConfigError
from orchestrator.watching.live_page import LivePage

HOST = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What a browser on this machine may call it: another name leads here from somebody's domain."""
SLOWEST_S = 15.0
"""Seconds that a request may take to arrive."""
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"


class PageServer(ThreadingHTTPServer):
    """Listens on loopback at `port`, or at a free one if that is 0."""

    daemon_threads = True

    def __init__(self, page: LivePage, *, port: int) -> None:
        """Begins to listen.

        Raises:
            ConfigError: the port is taken or may not be used; names the cure.
        """
        self.page = page
        try:
            super().__init__((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"--port must be a port that is free but got {port} "
                f"({getattr(error, 'strerror', None) or error}); choose another, or --port 0 for "
                "one that is"
            ) from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a browser has gone away."""


class Handler(BaseHTTPRequestHandler):
    """Answers what is asked of the page: `/`, and what goes on at `/now`."""

    server: PageServer
    server_version, sys_version = "lethe", ""
    protocol_version = "HTTP/1.1"
    timeout = SLOWEST_S

    def do_GET(self) -> None:  # noqa: N802  http.server's name
        if not self._is_for_here():
            self._refuse(
                HTTPStatus.FORBIDDEN, f"Open {self.server.url}: it answers to no other name."
            )
            return
        match self.path.partition("?")[0]:
            case "/":
                self._send(HTTPStatus.OK, HTML, self.server.page.page())
            case "/now":
                seen = self.server.page.look()
                self._send(HTTPStatus.OK, JSON, json.dumps({"page": seen.page, "html": seen.html}))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here but / and /now.")

    do_HEAD = do_GET  # noqa: N815

    def send_error(
        self,
        code: int,
        message: str | None = None,
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """Refuses what is no request, or another one than to read."""
        is_other = code == HTTPStatus.NOT_IMPLEMENTED
        self._refuse(
            HTTPStatus.METHOD_NOT_ALLOWED if is_other else HTTPStatus(code),
            "The page can be read, and nothing else." if is_other else message or "",
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""

    def _is_for_here(self) -> bool:
        """Whether the browser believes to be speaking with this machine."""
        name = (self.headers.get("Host") or "").lower()
        port = self.server.server_port
        return name in [f"{each}:{port}" for each in NAMES] or (port == 80 and name in NAMES)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._send(status, TEXT, f"{why}\n")

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
