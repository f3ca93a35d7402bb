"""The page is served to browsers that mean this machine, to be read and nothing else."""

import http.client
import json
import socket
import threading
from types import SimpleNamespace

import pytest

from evals.errors import ConfigError
from orchestrator.watching.server import PageServer

PAGE = SimpleNamespace(
    page=lambda: "<p>a page</p>", look=lambda: SimpleNamespace(page="v1", html="<b>now</b>")
)


@pytest.fixture(scope="module")
def server():
    with PageServer(PAGE, port=0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, path="/", *, method="GET", host=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    name = host or f"127.0.0.1:{server.server_port}"
    connection.request(method, path, body=body, headers={"Host": name})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_the_page_and_what_goes_on_are_there(server) -> None:
    answer, text = ask(server)
    assert (answer.status, text) == (200, "<p>a page</p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    answer, text = ask(server, "/now?x=1")
    assert json.loads(text) == {"page": "v1", "html": "<b>now</b>"}
    assert ask(server, "/../etc/passwd")[0].status == 404


def test_a_head_has_no_body(server) -> None:
    answer, text = ask(server, method="HEAD")
    assert (answer.status, text, answer.headers["Content-Length"]) == (200, "", "13")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_but_reading_is_allowed(server, method) -> None:
    answer, _ = ask(server, method=method, body="x" if method != "OPTIONS" else None)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("name", ["localhost", "[::1]", "LOCALHOST"])
def test_loopback_has_several_names(server, name) -> None:
    assert ask(server, host=f"{name}:{server.server_port}")[0].status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:{port}", "evil.example", "127.0.0.1", "127.0.0.1.evil.example:{port}", ":"],
)
def test_another_name_is_somebodys_domain_that_leads_here(server, host) -> None:
    answer, text = ask(server, host=host.format(port=server.server_port))
    assert answer.status == 403
    assert "a page" not in text


def test_what_is_no_request_is_answered_without_a_traceback(server, capfd) -> None:
    for said in (
        b"\x00\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as client:
            client.sendall(said)
            assert b"a page" not in client.recv(4096)
    assert capfd.readouterr().err == ""


def test_it_listens_on_loopback_alone(server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/"


def test_a_port_that_is_taken_is_refused_with_the_cure(server) -> None:
    for port in (server.server_port, -1, 70000):
        with pytest.raises(ConfigError, match="choose another, or --port 0"):
            PageServer(PAGE, port=port)
